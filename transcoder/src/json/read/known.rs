//! The well-known types that have a JSON of their own.

use super::Reader;
use crate::json::expected::expected_message;
use crate::json::fault::{Fault, Outcome};
use crate::json::table::{Form, Message};
use crate::json::time::{parse_duration, parse_timestamp};
use crate::json::wire::put_varint;

impl<'a> Reader<'a> {
    /// Appends the content of a message whose form is not plain.
    pub(super) fn known(&mut self, message: &'a Message) -> Outcome<()> {
        match message.form {
            Form::Plain => self.object(message),
            Form::Any => self.any(message),
            Form::Struct => self.free_struct(),
            Form::Value => self.free_value(),
            Form::ListValue => self.free_list(),
            Form::Empty => self.empty(),
            Form::Timestamp => self.seconds_and_nanos(message, parse_timestamp),
            Form::Duration => self.seconds_and_nanos(message, parse_duration),
            Form::FieldMask => self.field_mask(message),
            Form::Wrapper => match message.fields.first() {
                Some(value) => self.present(value),
                None => Err(Fault::new("a wrapper without a field")),
            },
        }
    }

    fn empty(&mut self) -> Outcome<()> {
        let ignores = self.options.ignore_unknown_fields;
        self.entries(|reader, _| match ignores {
            true => reader.scan.skip(),
            false => Err(reader.scan.mismatch("no such field")),
        })
    }

    fn seconds_and_nanos(
        &mut self,
        message: &'a Message,
        parse: impl Fn(&str) -> Option<(i64, i32)>,
    ) -> Outcome<()> {
        let fault = || expected_message(self.tables, message);
        let text = match self.scan.peek() {
            b'"' => self.scan.string()?,
            _ => return Err(self.scan.mismatch(fault())),
        };
        let (seconds, nanos) = parse(&text).ok_or_else(|| Fault::new(fault()))?;
        if seconds != 0 {
            self.out.push(1 << 3);
            put_varint(self.out, seconds as u64);
        }
        if nanos != 0 {
            self.out.push(2 << 3);
            put_varint(self.out, i64::from(nanos) as u64);
        }
        Ok(())
    }

    fn field_mask(&mut self, message: &'a Message) -> Outcome<()> {
        let fault = expected_message(self.tables, message);
        let text = self.text(&fault)?;
        if text.contains('_') {
            return Err(Fault::new(fault));
        }
        for path in text.split(',').filter(|path| !path.is_empty()) {
            self.out.push(1 << 3 | 2);
            put_snake_case(path, self.out);
        }
        Ok(())
    }
}

/// Appends a path with its length: `aB` as `a_b`.
pub(super) fn put_snake_case(path: &str, out: &mut Vec<u8>) {
    let capitals = path.bytes().filter(u8::is_ascii_uppercase).count();
    put_varint(out, (path.len() + capitals) as u64);
    for byte in path.bytes() {
        if byte.is_ascii_uppercase() {
            out.push(b'_');
        }
        out.push(byte.to_ascii_lowercase());
    }
}
