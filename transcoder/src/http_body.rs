//! `google.api.HttpBody` (google/api/httpbody.proto): a body that is not JSON.

use bytes::{Buf as _, Bytes};
use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::binding::Body;
use crate::field::FieldPath;
use crate::{JsonError, wire};

/// A body as it is, and what it says that it is.
#[derive(Clone, PartialEq, prost::Message)]
pub struct HttpBody {
    /// The media type; empty if nobody said.
    #[prost(string, tag = "1")]
    pub content_type: String,
    /// The body, or a piece of it.
    #[prost(bytes = "bytes", tag = "2")]
    pub data: Bytes,
}

/// Where a route has HttpBody instead of JSON.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Places {
    pub(crate) request: bool,
    pub(crate) reply: bool,
}

impl Places {
    pub(crate) fn of(
        input: &MessageDescriptor,
        body: &Body,
        output: &MessageDescriptor,
        response_body: Option<&FieldDescriptor>,
    ) -> Self {
        Self {
            request: match body {
                Body::None => false,
                Body::Whole => is_it(input),
                Body::Field(field) => is_field(field),
            },
            reply: match response_body {
                None => is_it(output),
                Some(field) => is_field(field),
            },
        }
    }
}

fn is_it(message: &MessageDescriptor) -> bool {
    message.full_name() == "google.api.HttpBody"
}

fn is_field(field: &FieldDescriptor) -> bool {
    !field.is_list() && matches!(field.kind(), Kind::Message(message) if is_it(&message))
}

/// Appends the body of a route that takes HttpBody, or a piece of it: at this path, if it is not all of
/// the request.
pub(crate) fn append(path: Option<&FieldPath>, content_type: &str, data: &[u8], out: &mut Vec<u8>) {
    let mut body = Vec::with_capacity(content_type.len() + data.len() + 16);
    let content = match path {
        Some(_) => &mut body,
        None => &mut *out,
    };
    if !content_type.is_empty() {
        wire::bytes(1, content_type.as_bytes(), content);
    }
    if !data.is_empty() {
        wire::bytes(2, data, content);
    }
    if let Some(path) = path {
        wire::message_at(path, &body, out);
    }
}

/// The body in one reply message, or in this field of it. Its data is a part of the message, not a copy.
pub(crate) fn read(
    mut message: Bytes,
    response_body: Option<&FieldDescriptor>,
) -> Result<HttpBody, JsonError> {
    let broken = |error: prost::DecodeError| JsonError {
        path: String::new(),
        description: error.to_string(),
    };
    let Some(field) = response_body else {
        return HttpBody::decode(message).map_err(broken);
    };
    let mut body = HttpBody::default();
    while message.has_remaining() {
        let (number, wire_type) = decode_key(&mut message).map_err(broken)?;
        if number != field.number() || wire_type != WireType::LengthDelimited {
            let context = DecodeContext::default();
            skip_field(wire_type, number, &mut message, context).map_err(broken)?;
            continue;
        }
        let length = decode_varint(&mut message).map_err(broken)?;
        let length = usize::try_from(length).ok();
        let length = length.filter(|length| *length <= message.len());
        let length = length.ok_or_else(|| JsonError {
            path: field.name().to_owned(),
            description: "it ends within a field".to_owned(),
        })?;
        body.merge(message.split_to(length)).map_err(broken)?;
    }
    Ok(body)
}
