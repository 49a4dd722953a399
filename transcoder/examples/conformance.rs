//! What the protobuf conformance suite tests: it sends cases to standard input and reads the answers
//! from standard output (conformance.proto). The argument is a file with the descriptor set of the
//! suite's test messages. `make conformance` runs it.
//!
//! It answers every case that has JSON on at least one side; text format and binary to binary are
//! not this crate's business.

use std::io::{self, Read as _, Write as _};

use prost::Message as _;
use transcoder::json::{Engine, MessageType};
use transcoder::{JsonError, JsonOptions};

#[derive(Clone, PartialEq, prost::Message)]
struct Request {
    #[prost(oneof = "Payload", tags = "1, 2, 7, 8")]
    payload: Option<Payload>,
    #[prost(enumeration = "Format", tag = "3")]
    requested_output_format: i32,
    #[prost(string, tag = "4")]
    message_type: String,
    #[prost(int32, tag = "5")]
    test_category: i32,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Payload {
    #[prost(bytes, tag = "1")]
    Protobuf(Vec<u8>),
    #[prost(string, tag = "2")]
    Json(String),
    #[prost(string, tag = "7")]
    Jspb(String),
    #[prost(string, tag = "8")]
    Text(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, prost::Enumeration)]
#[repr(i32)]
enum Format {
    Unspecified = 0,
    Protobuf = 1,
    Json = 2,
    Jspb = 3,
    Text = 4,
}

/// `TestCategory.JSON_IGNORE_UNKNOWN_PARSING_TEST`
const IGNORE_UNKNOWN: i32 = 3;

#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(oneof = "Answer", tags = "1, 2, 3, 4, 5, 6")]
    result: Option<Answer>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Answer {
    #[prost(string, tag = "1")]
    ParseError(String),
    #[prost(string, tag = "2")]
    RuntimeError(String),
    #[prost(bytes, tag = "3")]
    Protobuf(Vec<u8>),
    #[prost(string, tag = "4")]
    Json(String),
    #[prost(string, tag = "5")]
    Skipped(String),
    #[prost(string, tag = "6")]
    SerializeError(String),
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let set = std::env::args()
        .nth(1)
        .ok_or("usage: conformance DESCRIPTOR_SET")?;
    let strict = Engine::new(&std::fs::read(set)?, &JsonOptions::default())?;
    let lenient = strict.with_options(&JsonOptions {
        ignore_unknown_fields: true,
        ..JsonOptions::default()
    });
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let mut length = [0; 4];
        match input.read_exact(&mut length) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let mut request = vec![0; u32::from_le_bytes(length) as usize];
        input.read_exact(&mut request)?;
        let request = Request::decode(&request[..])?;
        let engine = match request.test_category {
            IGNORE_UNKNOWN => &lenient,
            _ => &strict,
        };
        let response = Response {
            result: Some(answer(engine, &request)),
        };
        let response = response.encode_to_vec();
        output.write_all(&u32::try_from(response.len())?.to_le_bytes())?;
        output.write_all(&response)?;
        output.flush()?;
    }
}

fn answer(engine: &Engine, request: &Request) -> Answer {
    let wants = request.requested_output_format();
    let (wire, from_json) = match (&request.payload, engine.message(&request.message_type)) {
        (None, _) => return Answer::RuntimeError("no payload".to_owned()),
        // The runner asks first which failures are expected. None are.
        (Some(_), None) if request.message_type == "conformance.FailureSet" => {
            return Answer::Protobuf(Vec::new());
        }
        (Some(_), None) => return Answer::RuntimeError("an unknown message".to_owned()),
        (Some(Payload::Json(json)), Some(message)) => match parse(engine, message, json) {
            Ok(wire) => (wire, true),
            Err(error) => return Answer::ParseError(error.to_string()),
        },
        (Some(Payload::Protobuf(wire)), Some(_)) => (wire.clone(), false),
        _ => return Answer::Skipped("neither JSON nor binary".to_owned()),
    };
    match (wants, engine.message(&request.message_type)) {
        (Format::Protobuf, _) if from_json => Answer::Protobuf(wire),
        (Format::Json, Some(message)) => {
            let mut json = Vec::new();
            match engine.print(message, &wire, &mut json) {
                Ok(()) => Answer::Json(String::from_utf8(json).expect("JSON is UTF-8")),
                Err(error) if is_of_wire(&error) => Answer::ParseError(error.to_string()),
                Err(error) => Answer::SerializeError(error.to_string()),
            }
        }
        _ => Answer::Skipped("no JSON on either side".to_owned()),
    }
}

fn parse(engine: &Engine, message: MessageType, json: &str) -> Result<Vec<u8>, JsonError> {
    let mut wire = Vec::new();
    engine.parse(message, json.as_bytes(), &mut wire)?;
    Ok(wire)
}

/// Whether the bytes are no message; else they are one that JSON cannot express.
fn is_of_wire(error: &JsonError) -> bool {
    error.description.starts_with("not a ") || error.description == "is no UTF-8"
}
