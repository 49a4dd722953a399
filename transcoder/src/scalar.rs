//! One value of a path variable or a query parameter: its text -> one record on the wire.
//!
//! The text is that of the proto3 JSON mapping without the quotes.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use prost_reflect::{EnumDescriptor, FieldDescriptor, Kind, MessageDescriptor};

use crate::field::{is_well_known, is_wrapper};
use crate::json::Json;
use crate::wire;

/// Padding may be there or not.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Whether a field (or an element of it, if repeated) can be given as one text.
pub(crate) fn is_text(field: &FieldDescriptor) -> bool {
    match field.kind() {
        _ if field.is_map() => false,
        Kind::Message(message) => {
            is_wrapper(&message)
                || (is_well_known(&message)
                    && matches!(message.name(), "Timestamp" | "Duration" | "FieldMask"))
        }
        _ => true,
    }
}

/// Appends the record of `field` with the value that `text` stands for.
pub(crate) fn encode(
    json: &Json,
    field: &FieldDescriptor,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    match field.kind() {
        Kind::Message(message) => {
            let mut content = Vec::new();
            encode_message(json, &message, text, &mut content)?;
            wire::message(field, &content, out);
            Ok(())
        }
        kind => encode_kind(&kind, field.number(), text, out).ok_or_else(|| expected(&kind)),
    }
}

fn encode_message(
    json: &Json,
    message: &MessageDescriptor,
    text: &str,
    out: &mut Vec<u8>,
) -> Result<(), String> {
    if is_wrapper(message) {
        let value = message.get_field(1).expect("every wrapper has the field 1");
        return encode(json, &value, text, out);
    }
    if message.full_name() == "google.protobuf.FieldMask" {
        // JSON has lowerCamelCase; the proto names are as common in URLs, and no less clear.
        for path in text.split(',').filter(|path| !path.is_empty()) {
            wire::bytes(1, snake_case(path).as_bytes(), out);
        }
        return Ok(());
    }
    if matches!(message.name(), "Timestamp" | "Duration") {
        // Explicit zeros: merged with the same field from the body, nothing of that is left.
        wire::varint(1, 0, out);
        wire::varint(2, 0, out);
    }
    let quoted = serde_json::Value::from(text).to_string();
    json.parse(message, quoted.as_bytes(), out)
        .map_err(|error| error.description)
}

fn snake_case(path: &str) -> String {
    let mut snake = String::with_capacity(path.len() + 4);
    for c in path.chars() {
        if c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

fn encode_kind(kind: &Kind, number: u32, text: &str, out: &mut Vec<u8>) -> Option<()> {
    match kind {
        Kind::Double => wire::fixed64(number, float::<f64>(text)?.to_le_bytes(), out),
        Kind::Float => {
            let value = float::<f32>(text)?;
            if value.is_infinite() && !text.ends_with("Infinity") {
                return None;
            }
            wire::fixed32(number, value.to_le_bytes(), out);
        }
        Kind::Int32 => wire::varint(number, i64::from(text.parse::<i32>().ok()?) as u64, out),
        Kind::Int64 => wire::varint(number, text.parse::<i64>().ok()? as u64, out),
        Kind::Uint32 => wire::varint(number, text.parse::<u32>().ok()?.into(), out),
        Kind::Uint64 => wire::varint(number, text.parse().ok()?, out),
        Kind::Sint32 => {
            let value = text.parse::<i32>().ok()?;
            wire::varint(
                number,
                u64::from(((value << 1) ^ (value >> 31)) as u32),
                out,
            );
        }
        Kind::Sint64 => {
            let value = text.parse::<i64>().ok()?;
            wire::varint(number, ((value << 1) ^ (value >> 63)) as u64, out);
        }
        Kind::Fixed32 => wire::fixed32(number, text.parse::<u32>().ok()?.to_le_bytes(), out),
        Kind::Fixed64 => wire::fixed64(number, text.parse::<u64>().ok()?.to_le_bytes(), out),
        Kind::Sfixed32 => wire::fixed32(number, text.parse::<i32>().ok()?.to_le_bytes(), out),
        Kind::Sfixed64 => wire::fixed64(number, text.parse::<i64>().ok()?.to_le_bytes(), out),
        Kind::Bool => wire::varint(number, text.parse::<bool>().ok()?.into(), out),
        Kind::String => wire::bytes(number, text.as_bytes(), out),
        Kind::Bytes => {
            let value = STANDARD
                .decode(text)
                .or_else(|_| URL_SAFE.decode(text))
                .ok()?;
            wire::bytes(number, &value, out);
        }
        Kind::Enum(values) => {
            wire::varint(number, i64::from(enum_number(values, text)?) as u64, out);
        }
        Kind::Message(_) => return None,
    }
    Some(())
}

/// Rust reads more than JSON has (`inf`, `nan`, `infinity`).
fn float<F: std::str::FromStr>(text: &str) -> Option<F> {
    let is_number = text
        .bytes()
        .all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b));
    let is_name = matches!(text, "NaN" | "Infinity" | "-Infinity");
    (is_number || is_name).then(|| text.parse().ok())?
}

fn enum_number(values: &EnumDescriptor, text: &str) -> Option<i32> {
    values
        .get_value_by_name(text)
        .map(|value| value.number())
        .or_else(|| text.parse().ok())
}

/// What a value of that kind has to be, for the one who sent something else.
pub(crate) fn expected(kind: &Kind) -> String {
    let expected = match kind {
        Kind::Double => "expected a number",
        Kind::Float => "expected a number of 32-bit floating point",
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            "expected an integer from -2147483648 to 2147483647"
        }
        Kind::Uint32 | Kind::Fixed32 => "expected an integer from 0 to 4294967295",
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => "expected a 64-bit integer",
        Kind::Uint64 | Kind::Fixed64 => "expected a 64-bit integer, not negative",
        Kind::Bool => "expected true or false",
        Kind::String => "expected a string",
        Kind::Bytes => "expected a base64 string",
        Kind::Enum(values) => return format!("expected one of {}", names(values)),
        Kind::Message(message) => return expected_message(message),
    };
    expected.to_owned()
}

fn expected_message(message: &MessageDescriptor) -> String {
    let expected = match message.full_name() {
        "google.protobuf.Timestamp" => {
            "expected a timestamp of RFC 3339, such as \"2030-01-31T23:59:00Z\""
        }
        "google.protobuf.Duration" => "expected a duration in seconds, such as \"1.5s\"",
        "google.protobuf.FieldMask" => {
            "expected field paths in lowerCamelCase with commas between, such as \"title,price.units\""
        }
        "google.protobuf.Any" => {
            "expected an object with an \"@type\" that is known here, and that type's fields"
        }
        "google.protobuf.ListValue" => "expected an array",
        _ if is_wrapper(message) => {
            return expected(
                &message
                    .get_field(1)
                    .expect("every wrapper has the field 1")
                    .kind(),
            );
        }
        _ => "expected an object",
    };
    expected.to_owned()
}

/// The names of the values; the first ones, if they are many.
fn names(values: &EnumDescriptor) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<_> = values
        .values()
        .take(SHOWN)
        .map(|v| v.name().to_owned())
        .collect();
    if values.values().len() > SHOWN {
        names.push("...".to_owned());
    }
    names.join(", ")
}
