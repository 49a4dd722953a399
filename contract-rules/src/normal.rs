//! Messages that have passed, with their texts in the form that the contract asks for.

use prost::encoding::{WireType, encode_key, encode_varint};

use crate::kind::Kind;
use crate::requests::Text;
use crate::table::{Field, Shape, Table};
use crate::text;
use crate::value::ValueRules;
use crate::wire::{Malformed, Raw, Reader};

/// What stands in a field that may hold text.
enum Content {
    Text(&'static dyn Text),
    /// A message, by the place of its table.
    Message(usize),
    /// An entry of a map whose values are such messages.
    Entry(usize),
    Other,
}

/// The number of the value in an entry of a map.
const VALUE: u32 = 2;

/// Copies a message; all but its texts stay as they are.
pub(crate) fn message(tables: &[Table], table: usize, bytes: &[u8]) -> Result<Vec<u8>, Malformed> {
    let table = &tables[table];
    copy(bytes, |number, value| {
        let field = table.find(number).map(|place| &table.fields[place]);
        match field.map_or(Content::Other, content) {
            Content::Text(kind) => {
                let text = std::str::from_utf8(value).map_err(|_| Malformed)?;
                Ok(Some(kind.normal(text).into_owned().into_bytes()))
            }
            Content::Message(inner) => message(tables, inner, value).map(Some),
            Content::Entry(inner) => copy(value, |number, value| match number {
                VALUE => message(tables, inner, value).map(Some),
                _ => Ok(None),
            })
            .map(Some),
            Content::Other => Ok(None),
        }
    })
}

fn content(field: &Field) -> Content {
    match &field.shape {
        Shape::One { kind, rules, .. } => of_value(*kind, rules),
        Shape::Many { kind, rules } => of_value(*kind, &rules.items.rules),
        Shape::Map { value, rules, .. } => match of_value(*value, &rules.values.rules) {
            Content::Message(table) => Content::Entry(table),
            _ => Content::Other,
        },
    }
}

fn of_value(kind: Kind, rules: &ValueRules) -> Content {
    match (kind, rules) {
        (
            Kind::Message {
                table,
                checked: true,
                ..
            },
            _,
        ) => Content::Message(table),
        (Kind::Text, ValueRules::Text(rules)) => {
            text::kind(&rules.rules).map_or(Content::Other, Content::Text)
        }
        _ => Content::Other,
    }
}

/// Copies fields, those with bytes as `anew` writes them, if it does.
fn copy(
    bytes: &[u8],
    anew: impl Fn(u32, &[u8]) -> Result<Option<Vec<u8>>, Malformed>,
) -> Result<Vec<u8>, Malformed> {
    let mut out = Vec::with_capacity(bytes.len());
    let mut reader = Reader(bytes);
    loop {
        let before = reader.0;
        let Some((number, raw)) = reader.field()? else {
            return Ok(out);
        };
        let new = match raw {
            Raw::Bytes(value) => anew(number, value)?,
            _ => None,
        };
        match new {
            Some(value) => {
                encode_key(number, WireType::LengthDelimited, &mut out);
                encode_varint(value.len() as u64, &mut out);
                out.extend_from_slice(&value);
            }
            None => out.extend_from_slice(&before[..before.len() - reader.0.len()]),
        }
    }
}
