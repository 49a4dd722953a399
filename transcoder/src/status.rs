//! `google.rpc.Code` and `google.rpc.Status` for whoever speaks HTTP.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use prost::Message as _;
use serde_json::{Value, json};

use crate::json::Engine;

/// `google.rpc.Code`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(i32)]
#[expect(missing_docs, reason = "google/rpc/code.proto says what they mean")]
pub enum Code {
    Ok = 0,
    Cancelled = 1,
    Unknown = 2,
    InvalidArgument = 3,
    DeadlineExceeded = 4,
    NotFound = 5,
    AlreadyExists = 6,
    PermissionDenied = 7,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Aborted = 10,
    OutOfRange = 11,
    Unimplemented = 12,
    Internal = 13,
    Unavailable = 14,
    DataLoss = 15,
    Unauthenticated = 16,
}

/// In the order of their numbers: the code, its name, its HTTP status (google/rpc/code.proto).
const CODES: [(Code, &str, u16); 17] = [
    (Code::Ok, "OK", 200),
    (Code::Cancelled, "CANCELLED", 499),
    (Code::Unknown, "UNKNOWN", 500),
    (Code::InvalidArgument, "INVALID_ARGUMENT", 400),
    (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", 504),
    (Code::NotFound, "NOT_FOUND", 404),
    (Code::AlreadyExists, "ALREADY_EXISTS", 409),
    (Code::PermissionDenied, "PERMISSION_DENIED", 403),
    (Code::ResourceExhausted, "RESOURCE_EXHAUSTED", 429),
    (Code::FailedPrecondition, "FAILED_PRECONDITION", 400),
    (Code::Aborted, "ABORTED", 409),
    (Code::OutOfRange, "OUT_OF_RANGE", 400),
    (Code::Unimplemented, "UNIMPLEMENTED", 501),
    (Code::Internal, "INTERNAL", 500),
    (Code::Unavailable, "UNAVAILABLE", 503),
    (Code::DataLoss, "DATA_LOSS", 500),
    (Code::Unauthenticated, "UNAUTHENTICATED", 401),
];

impl Code {
    /// The HTTP status of the standard mapping.
    #[must_use]
    pub fn http_status(self) -> u16 {
        CODES[self as usize].2
    }

    /// Its name, such as `NOT_FOUND`.
    #[must_use]
    pub fn name(self) -> &'static str {
        CODES[self as usize].1
    }
}

impl From<i32> for Code {
    /// Numbers that are no code count as UNKNOWN, as gRPC asks of clients.
    fn from(number: i32) -> Self {
        let index = usize::try_from(number).unwrap_or(usize::MAX);
        CODES.get(index).map_or(Self::Unknown, |&(code, ..)| code)
    }
}

/// `google.rpc.Status`, of which only the details matter here: code and message come from
/// `grpc-status` and `grpc-message`.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

pub(crate) fn error(
    json: &Engine,
    code: Code,
    message: &str,
    details: Option<&[u8]>,
) -> (Code, Value) {
    let error = json!({
        "code": code.http_status(),
        "status": code.name(),
        "message": message,
        "details": self::details(json, details),
    });
    (code, error)
}

/// The details of a serialized `google.rpc.Status`.
pub(crate) fn details(json: &Engine, status: Option<&[u8]>) -> Vec<Value> {
    let details = status.map(|bytes| Status::decode(bytes).unwrap_or_default().details);
    let details = details.unwrap_or_default();
    details.iter().map(|any| detail(json, any)).collect()
}

/// A detail in the JSON form of `google.protobuf.Any`, or with its bytes if the type is unknown here.
fn detail(json: &Engine, any: &Any) -> Value {
    known_detail(json, any)
        .unwrap_or_else(|| json!({ "@type": any.type_url, "value": BASE64.encode(&any.value) }))
}

fn known_detail(json: &Engine, any: &Any) -> Option<Value> {
    let name = any.type_url.rsplit('/').next()?;
    let message = json.message(name)?;
    let mut text = Vec::new();
    json.print(message, &any.value, &mut text).ok()?;
    let mut object = serde_json::Map::new();
    object.insert("@type".to_owned(), json!(any.type_url));
    match serde_json::from_slice(&text).ok()? {
        Value::Object(fields) if json.is_plain(message) => object.extend(fields),
        value => drop(object.insert("value".to_owned(), value)),
    }
    Some(Value::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_codes_is_in_the_order_of_their_numbers() {
        for (number, &(code, ..)) in CODES.iter().enumerate() {
            assert_eq!(code as usize, number);
            assert_eq!(Code::from(number as i32), code);
        }
        assert_eq!(Code::from(17), Code::Unknown);
        assert_eq!(Code::from(-1), Code::Unknown);
    }
}
