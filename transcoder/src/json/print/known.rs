//! The well-known types that have a JSON of their own.

use super::{Printer, broken, fits, scalar};
use crate::json::fault::{Fault, Outcome};
use crate::json::table::{Form, Message};
use crate::json::time::{print_duration, print_timestamp};
use crate::json::wire::{Cursor, Raw};

impl<'a> Printer<'a> {
    /// A message whose form is not plain.
    pub(super) fn known(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        match message.form {
            Form::Plain => self.fields(message, wire),
            Form::Any => self.any(message, wire),
            Form::Struct => self.free_struct(message, wire),
            Form::Value => self.free_value(message, wire),
            Form::ListValue => self.free_list(message, wire),
            Form::FieldMask => self.field_mask(message, wire),
            Form::Empty => {
                each(message, wire, |_, _, _| ())?;
                self.out.extend_from_slice(b"{}");
                Ok(())
            }
            Form::Timestamp => {
                let (seconds, nanos) = seconds_and_nanos(message, wire)?;
                self.quoted(|printer| print_timestamp(seconds, nanos, printer.out))
                    .ok_or_else(|| Fault::new("a timestamp beyond the years 1 to 9999"))
            }
            Form::Duration => {
                let (seconds, nanos) = seconds_and_nanos(message, wire)?;
                self.quoted(|printer| print_duration(seconds, nanos, printer.out))
                    .ok_or_else(|| Fault::new("a duration that is out of range"))
            }
            Form::Wrapper => {
                let Some(field) = message.fields.first() else {
                    return Err(Fault::new("a wrapper without a field"));
                };
                let mut value = scalar::zero(self.tables, field);
                each(message, wire, |number, wire_type, raw| {
                    if number == field.number && fits(field, wire_type) {
                        value = raw;
                    }
                })?;
                self.value(field, value)
            }
        }
    }

    fn any(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let (mut url, mut value): (&[u8], &[u8]) = (&[], &[]);
        each(message, wire, |number, _, raw| match (number, raw) {
            (1, Raw::Bytes(bytes)) => url = bytes,
            (2, Raw::Bytes(bytes)) => value = bytes,
            _ => {}
        })?;
        if url.is_empty() && value.is_empty() {
            self.out.extend_from_slice(b"{}");
            return Ok(());
        }
        let name = std::str::from_utf8(url)
            .ok()
            .and_then(|url| Some(url.rsplit_once('/')?.1));
        let Some(inner) = name.and_then(|name| self.tables.find(name)) else {
            return Err(Fault::new("an Any of a type that is not known here"));
        };
        let inner = &self.tables.messages[inner as usize];
        self.out.extend_from_slice(b"{\"@type\":");
        self.string(url)?;
        match inner.form {
            Form::Plain => self.fields(inner, value)?,
            _ => {
                self.out.extend_from_slice(b",\"value\":");
                self.message(inner, value)
                    .map_err(|fault| fault.in_field("value"))?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    fn field_mask(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let mut paths = Vec::new();
        each(message, wire, |number, _, raw| {
            if let (1, Raw::Bytes(path)) = (number, raw) {
                paths.push(path);
            }
        })?;
        let mut camel = Vec::new();
        for path in paths {
            if !camel.is_empty() {
                camel.push(b',');
            }
            put_camel_case(path, &mut camel)
                .ok_or_else(|| Fault::new("a path that JSON has no spelling for"))?;
        }
        self.string(&camel)
    }
}

/// Appends `a_b` as `aB`; nothing if that would not lead back.
fn put_camel_case(path: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let mut bytes = path.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            // In JSON, a comma is the end of a path.
            b'A'..=b'Z' | b',' => return None,
            b'_' => match bytes.next() {
                Some(letter @ b'a'..=b'z') => out.push(letter.to_ascii_uppercase()),
                _ => return None,
            },
            _ => out.push(byte),
        }
    }
    Some(())
}

fn seconds_and_nanos(message: &Message, wire: &[u8]) -> Outcome<(i64, i32)> {
    let (mut seconds, mut nanos) = (0, 0);
    each(message, wire, |number, wire_type, raw| {
        match (number, wire_type, raw) {
            (1, 0, Raw::Number(number)) => seconds = number as i64,
            (2, 0, Raw::Number(number)) => nanos = number as i32,
            _ => {}
        }
    })?;
    Ok((seconds, nanos))
}

/// Each record with its number and wire type.
#[inline]
fn each<'w>(
    message: &Message,
    wire: &'w [u8],
    mut record: impl FnMut(u32, u32, Raw<'w>),
) -> Outcome<()> {
    let mut cursor = Cursor::new(wire);
    while !cursor.rest.is_empty() {
        let (number, wire_type) = cursor.tag().map_err(|why| broken(message, why))?;
        let raw = cursor
            .value(number, wire_type)
            .map_err(|why| broken(message, why))?;
        record(number, wire_type, raw);
    }
    Ok(())
}
