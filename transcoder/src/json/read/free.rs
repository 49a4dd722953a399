//! google.protobuf.Struct, Value and ListValue: JSON as it comes (struct.proto).

use super::Reader;
use super::numbers::Float as _;
use crate::json::fault::{Fault, Outcome};
use crate::json::wire::{close, open, put_varint};

/// The tags of `Value.kind`.
const NULL: u8 = 1 << 3;
const NUMBER: u8 = 2 << 3 | 1;
const STRING: u8 = 3 << 3 | 2;
const BOOL: u8 = 4 << 3;
const STRUCT: u8 = 5 << 3 | 2;
const LIST: u8 = 6 << 3 | 2;

impl<'a> Reader<'a> {
    pub(super) fn free_struct(&mut self) -> Outcome<()> {
        self.entries(|reader, key| {
            reader.out.push(1 << 3 | 2);
            let entry = open(reader.out);
            reader.out.push(1 << 3 | 2);
            put_varint(reader.out, key.len() as u64);
            reader.out.extend_from_slice(key.as_bytes());
            reader.out.push(2 << 3 | 2);
            let value = open(reader.out);
            reader.free_value()?;
            close(reader.out, value);
            close(reader.out, entry);
            Ok(())
        })
    }

    pub(super) fn free_list(&mut self) -> Outcome<()> {
        self.elements(|reader| {
            reader.out.push(1 << 3 | 2);
            let value = open(reader.out);
            reader.free_value()?;
            close(reader.out, value);
            Ok(())
        })
    }

    pub(super) fn free_value(&mut self) -> Outcome<()> {
        match self.scan.peek() {
            b'n' => {
                self.scan.word("null")?;
                self.out.extend_from_slice(&[NULL, 0]);
            }
            b't' => {
                self.scan.word("true")?;
                self.out.extend_from_slice(&[BOOL, 1]);
            }
            b'f' => {
                self.scan.word("false")?;
                self.out.extend_from_slice(&[BOOL, 0]);
            }
            b'"' => {
                self.out.push(STRING);
                let text = open(self.out);
                self.scan.string_into(self.out)?;
                close(self.out, text);
            }
            b'-' | b'0'..=b'9' => {
                let number = f64::finite(self.scan.number()?);
                let number = number
                    .ok_or_else(|| Fault::new("expected a number of 64-bit floating point"))?;
                self.out.push(NUMBER);
                self.out.extend_from_slice(&number.to_le_bytes());
            }
            b'{' => {
                self.out.push(STRUCT);
                let content = open(self.out);
                self.free_struct()?;
                close(self.out, content);
            }
            b'[' => {
                self.out.push(LIST);
                let content = open(self.out);
                self.free_list()?;
                close(self.out, content);
            }
            _ => return Err(self.scan.unexpected("expected value", "a value")),
        }
        Ok(())
    }
}
