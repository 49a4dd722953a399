//! One value given as text without quotes: the inside of a JSON string, a map's key, a query
//! parameter, a path variable.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::known::put_snake_case;
use super::numbers::{Float, put_integer};
use crate::json::number;
use crate::json::table::{Field, Form, Kind, Tables};
use crate::json::time::{parse_duration, parse_timestamp};
use crate::json::wire::{close, open, put_varint};

/// Padding may be there or not, and the bits behind the last byte are nobody's.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_allow_trailing_bits(true)
    .with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

/// Appends what base64 in either alphabet stands for.
pub(super) fn decode_base64(text: &str, out: &mut Vec<u8>) -> bool {
    let engine = match text.bytes().any(|byte| matches!(byte, b'-' | b'_')) {
        true => &URL_SAFE,
        false => &STANDARD,
    };
    engine.decode_vec(text, out).is_ok()
}

/// A number as in JSON, or one of the three names of what is none.
pub(super) fn float<F: Float>(text: &str) -> Option<F> {
    match text {
        "NaN" | "Infinity" | "-Infinity" => text.parse().ok(),
        _ if number::number_end(text.as_bytes(), 0) == Some(text.len()) => F::finite(text),
        _ => None,
    }
}

/// Appends the record of one value of a `field` that is no message; `None` if the text is none.
pub(super) fn record(tables: &Tables, field: &Field, text: &str, out: &mut Vec<u8>) -> Option<()> {
    put_varint(out, u64::from(field.number << 3 | field.kind.wire_type()));
    match field.kind {
        Kind::String | Kind::Bytes => {
            let content = open(out);
            match field.kind {
                Kind::String => out.extend_from_slice(text.as_bytes()),
                _ => decode_base64(text, out).then_some(())?,
            }
            close(out, content);
        }
        Kind::Bool => out.push(u8::from(text.parse::<bool>().ok()?)),
        Kind::Double => out.extend_from_slice(&float::<f64>(text)?.to_le_bytes()),
        Kind::Float => out.extend_from_slice(&float::<f32>(text)?.to_le_bytes()),
        Kind::Enum => {
            let values = tables.values(field);
            let number = values.by_name(text).or_else(|| {
                let number = text.parse().ok()?;
                let is_known = !values.is_closed || values.by_number(number).is_some();
                is_known.then_some(number)
            })?;
            put_varint(out, i64::from(number) as u64);
        }
        Kind::Message | Kind::Group => return None,
        kind => match number::integer(text.as_bytes())? {
            (integer, length) if length == text.len() => put_integer(kind, integer, out)?,
            _ => return None,
        },
    }
    Some(())
}

/// Appends the record of one value of a `field`, which may also be a message whose JSON is a string
/// or a wrapper; `None` if the text is no such value.
pub(in crate::json) fn text_field(
    tables: &Tables,
    field: &Field,
    text: &str,
    out: &mut Vec<u8>,
) -> Option<()> {
    if !field.is_message() {
        return record(tables, field, text, out);
    }
    let message = tables.message(field);
    put_varint(out, u64::from(field.number << 3 | field.kind.wire_type()));
    let content = match field.kind {
        Kind::Group => None,
        _ => Some(open(out)),
    };
    match message.form {
        Form::Wrapper => record(tables, message.fields.first()?, text, out)?,
        Form::Timestamp => put_time(parse_timestamp(text)?, out),
        Form::Duration => put_time(parse_duration(text)?, out),
        Form::FieldMask => {
            // JSON has lowerCamelCase; the proto names are as common in URLs, and no less clear.
            for path in text.split(',').filter(|path| !path.is_empty()) {
                out.push(1 << 3 | 2);
                put_snake_case(path, out);
            }
        }
        _ => return None,
    }
    match content {
        Some(content) => close(out, content),
        None => put_varint(out, u64::from(field.end_tag())),
    }
    Some(())
}

/// Zeros are written too: merged with the same field from elsewhere, nothing of that is left.
fn put_time((seconds, nanos): (i64, i32), out: &mut Vec<u8>) {
    out.push(1 << 3);
    put_varint(out, seconds as u64);
    out.push(2 << 3);
    put_varint(out, i64::from(nanos) as u64);
}
