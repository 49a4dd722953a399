//! Single values that are no messages.

use super::Reader;
use super::numbers::{Float, put_integer};
use crate::json::fault::Outcome;
use crate::json::number::{self, Integer};
use crate::json::table::{Enum, Field, Kind};
use crate::json::wire::{close, open, put_varint};

impl<'a> Reader<'a> {
    /// Appends the value; its tag stands there already. Nothing, if it is an enum name that is unknown
    /// here, and unknown ones are to be ignored.
    pub(super) fn scalar(&mut self, field: &'a Field) -> Outcome<()> {
        match field.kind {
            Kind::String => self.string(field),
            Kind::Bool => self.bool(field),
            Kind::Bytes => self.bytes(field),
            Kind::Enum => self.enumeration(field),
            Kind::Double => {
                let value: f64 = self.float(field)?;
                self.out.extend_from_slice(&value.to_le_bytes());
                Ok(())
            }
            Kind::Float => {
                let value: f32 = self.float(field)?;
                self.out.extend_from_slice(&value.to_le_bytes());
                Ok(())
            }
            _ => {
                let integer = self.integer(field)?;
                put_integer(field.kind, integer, self.out).ok_or_else(|| self.wrong(field))
            }
        }
    }

    /// A number of few digits, which fits every kind; or any other, the long way.
    #[inline(always)]
    pub(super) fn varint(&mut self, field: &'a Field) -> Outcome<()> {
        match number::small(&self.scan.bytes[self.scan.at..]) {
            Some((number, length)) => {
                self.scan.at += length;
                put_varint(self.out, number);
                Ok(())
            }
            None => self.scalar(field),
        }
    }

    #[inline(always)]
    pub(super) fn string(&mut self, field: &'a Field) -> Outcome<()> {
        if self.scan.peek() != b'"' {
            return Err(self.mismatch(field));
        }
        let content = open(self.out);
        self.scan.string_into(self.out)?;
        close(self.out, content);
        Ok(())
    }

    #[inline]
    fn bool(&mut self, field: &'a Field) -> Outcome<()> {
        let value = match self.scan.peek() {
            b't' => true,
            b'f' => false,
            _ => return Err(self.mismatch(field)),
        };
        self.scan.word(if value { "true" } else { "false" })?;
        self.out.push(u8::from(value));
        Ok(())
    }

    fn bytes(&mut self, field: &'a Field) -> Outcome<()> {
        if self.scan.peek() != b'"' {
            return Err(self.mismatch(field));
        }
        let text = self.scan.string()?;
        let content = open(self.out);
        if !super::text::decode_base64(&text, self.out) {
            return Err(self.wrong(field));
        }
        close(self.out, content);
        Ok(())
    }

    fn enumeration(&mut self, field: &'a Field) -> Outcome<()> {
        let values = self.tables.values(field);
        let number = match self.scan.peek() {
            b'"' => match self.named(values)? {
                Some(number) => number,
                None if self.options.ignore_unknown_fields => return Ok(()),
                None => return Err(self.wrong(field)),
            },
            b'n' if values.is_null => {
                self.scan.word("null")?;
                0
            }
            b'-' | b'0'..=b'9' => {
                let number = self.integer(field)?.to_i64();
                match number.and_then(|number| i32::try_from(number).ok()) {
                    Some(number) if values.is_closed && values.by_number(number).is_none() => {
                        match self.options.ignore_unknown_fields {
                            true => return Ok(()),
                            false => return Err(self.wrong(field)),
                        }
                    }
                    Some(number) => number,
                    None => return Err(self.wrong(field)),
                }
            }
            _ => return Err(self.mismatch(field)),
        };
        put_varint(self.out, i64::from(number) as u64);
        Ok(())
    }

    /// The number of a value by its name; `None` if no value is called so.
    fn named(&mut self, values: &'a Enum) -> Outcome<Option<i32>> {
        let name = self.scan.string()?;
        Ok(match values.by_name(&name) {
            None if self.options.quoted_enum_numbers => {
                let number = name.parse().ok();
                number.filter(|number| values.by_number(*number).is_some())
            }
            number => number,
        })
    }

    /// A number, or a string that holds one and nothing else.
    #[inline]
    fn integer(&mut self, field: &'a Field) -> Outcome<Integer> {
        let bytes = self.scan.bytes;
        match self.scan.peek() {
            b'-' | b'0'..=b'9' => match number::integer(&bytes[self.scan.at..]) {
                Some((integer, length)) => {
                    self.scan.at += length;
                    Ok(integer)
                }
                None => Err(self.mismatch(field)),
            },
            b'"' => {
                let start = self.scan.at + 1;
                match number::integer(&bytes[start..]) {
                    Some((integer, length)) if bytes.get(start + length) == Some(&b'"') => {
                        self.scan.at = start + length + 1;
                        Ok(integer)
                    }
                    _ => self.escaped_integer(field),
                }
            }
            _ => Err(self.mismatch(field)),
        }
    }

    #[cold]
    fn escaped_integer(&mut self, field: &'a Field) -> Outcome<Integer> {
        let text = self.scan.string()?;
        match number::integer(text.as_bytes()) {
            Some((integer, length)) if length == text.len() => Ok(integer),
            _ => Err(self.wrong(field)),
        }
    }

    #[inline]
    fn float<F: Float>(&mut self, field: &'a Field) -> Outcome<F> {
        match self.scan.peek() {
            b'-' | b'0'..=b'9' => {
                let value: Option<F> = F::finite(self.scan.number()?);
                value.ok_or_else(|| self.wrong(field))
            }
            b'"' => {
                let text = self.scan.string()?;
                let value = super::text::float(&text);
                value.ok_or_else(|| self.wrong(field))
            }
            _ => Err(self.mismatch(field)),
        }
    }
}
