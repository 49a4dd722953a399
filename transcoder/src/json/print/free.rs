//! google.protobuf.Value and ListValue: any JSON (struct.proto).

use std::borrow::Cow;

use super::{MAX_DEPTH, Printer, broken};
use crate::json::fault::{Fault, Outcome};
use crate::json::table::Message;
use crate::json::wire::{Cursor, Raw};

impl<'a> Printer<'a> {
    /// A Value inside of a Value. `message` is the one around it, for its name.
    pub(super) fn nested_value(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        self.deeper(|printer| printer.free_value(message, wire))
    }

    fn deeper(&mut self, print: impl FnOnce(&mut Self) -> Outcome<()>) -> Outcome<()> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new(format!("nested more than {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        print(self)?;
        self.depth -= 1;
        Ok(())
    }

    pub(super) fn free_list(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let mut cursor = Cursor::new(wire);
        let broken = |why| broken(message, why);
        let (start, mut count) = (self.out.len(), 0);
        while !cursor.rest.is_empty() {
            let (number, wire_type) = cursor.tag().map_err(broken)?;
            let raw = cursor.value(number, wire_type).map_err(broken)?;
            if let (1, Raw::Bytes(value)) = (number, raw) {
                self.out.push(b',');
                self.nested_value(message, value)
                    .map_err(|fault| fault.at_index(count))?;
                count += 1;
            }
        }
        self.enclose(start, b'[', b']');
        Ok(())
    }

    /// The last member of the oneof `kind` counts; the pieces of one message count together.
    pub(super) fn free_value(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let broken = |why| broken(message, why);
        let mut cursor = Cursor::new(wire);
        let (mut kind, mut scalar, mut content) = (0, 0, Cow::Borrowed(&[][..]));
        while !cursor.rest.is_empty() {
            let (number, wire_type) = cursor.tag().map_err(broken)?;
            match (
                number,
                wire_type,
                cursor.value(number, wire_type).map_err(broken)?,
            ) {
                (1 | 4, 0, Raw::Number(number)) | (2, 1, Raw::Number(number)) => scalar = number,
                (5 | 6, 2, Raw::Bytes(bytes)) if kind == number => {
                    content.to_mut().extend_from_slice(bytes);
                }
                (3 | 5 | 6, 2, Raw::Bytes(bytes)) => content = Cow::Borrowed(bytes),
                _ => continue,
            }
            kind = number;
        }
        match kind {
            2 if !f64::from_bits(scalar).is_finite() => {
                return Err(Fault::new("a number that JSON does not have"));
            }
            2 => {
                let mut buffer = zmij::Buffer::new();
                let number = buffer.format_finite(f64::from_bits(scalar));
                self.out.extend_from_slice(number.as_bytes());
            }
            3 => self.string(&content)?,
            4 if scalar == 0 => self.out.extend_from_slice(b"false"),
            4 => self.out.extend_from_slice(b"true"),
            5 => self.deeper(|printer| printer.free_struct(message, &content))?,
            6 => self.deeper(|printer| printer.free_list(message, &content))?,
            _ => self.out.extend_from_slice(b"null"),
        }
        Ok(())
    }
}
