//! What a value has to be, for the one who sent something else.

use super::table::{Enum, Field, Form, Kind, Message, Tables};

/// What a value of the field has to be; what an element, if it is repeated.
pub(super) fn expected(tables: &Tables, field: &Field) -> String {
    let expected = match field.kind {
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
        Kind::Enum => return format!("expected one of {}", names(tables.values(field))),
        Kind::Message | Kind::Group => return expected_message(tables, tables.message(field)),
    };
    expected.to_owned()
}

pub(super) fn expected_message(tables: &Tables, message: &Message) -> String {
    let expected = match message.form {
        Form::Timestamp => "expected a timestamp of RFC 3339, such as \"2030-01-31T23:59:00Z\"",
        Form::Duration => "expected a duration in seconds, such as \"1.5s\"",
        Form::FieldMask => {
            "expected field paths in lowerCamelCase with commas between, such as \"title,price.units\""
        }
        Form::Any => {
            "expected an object with an \"@type\" that is known here, and that type's fields"
        }
        Form::ListValue => "expected an array",
        Form::Wrapper => match message.fields.first() {
            Some(value) => return expected(tables, value),
            None => "expected a value",
        },
        _ => "expected an object",
    };
    expected.to_owned()
}

/// The names of the values; the first ones, if they are many.
fn names(values: &Enum) -> String {
    const SHOWN: usize = 20;
    let shown = values.values.iter().take(SHOWN).map(|value| &*value.name);
    let more = (values.values.len() > SHOWN).then_some("...");
    shown.chain(more).collect::<Vec<_>>().join(", ")
}
