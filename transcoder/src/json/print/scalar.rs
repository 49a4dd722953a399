//! Single values that are no messages.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::Printer;
use crate::json::fault::{Fault, Outcome};
use crate::json::swar::{is_plain_ascii, plain_until};
use crate::json::table::{Field, Kind, Tables};
use crate::json::wire::Raw;

impl<'a> Printer<'a> {
    /// The value of a field whose kind is a number on the wire.
    pub(super) fn number(&mut self, field: &'a Field, number: u64) {
        match field.kind {
            Kind::Int32 | Kind::Sfixed32 => self.signed(i64::from(number as i32)),
            Kind::Sint32 => {
                let number = number as u32;
                self.signed(i64::from((number >> 1) as i32 ^ -((number & 1) as i32)));
            }
            Kind::Uint32 | Kind::Fixed32 => self.unsigned(u64::from(number as u32)),
            Kind::Int64 | Kind::Sfixed64 => self.quoted(|out| out.signed(number as i64)),
            Kind::Sint64 => {
                let number = (number >> 1) as i64 ^ -((number & 1) as i64);
                self.quoted(|out| out.signed(number));
            }
            Kind::Uint64 | Kind::Fixed64 => self.quoted(|out| out.unsigned(number)),
            Kind::Bool => {
                let word: &[u8] = if number == 0 { b"false" } else { b"true" };
                self.out.extend_from_slice(word);
            }
            Kind::Double => {
                let value = f64::from_bits(number);
                self.float(value, value.is_finite(), value.is_nan(), value > 0.0);
            }
            Kind::Float => {
                let value = f32::from_bits(number as u32);
                self.float(value, value.is_finite(), value.is_nan(), value > 0.0);
            }
            Kind::Enum => self.enumeration(field, number as i32),
            // These are never numbers: the wire type has been looked at.
            Kind::String | Kind::Bytes | Kind::Message | Kind::Group => {}
        }
    }

    fn enumeration(&mut self, field: &'a Field, number: i32) {
        let values = self.tables.values(field);
        match values.by_number(number) {
            None if values.is_closed => {}
            _ if values.is_null => self.out.extend_from_slice(b"null"),
            Some(value) if !self.options.enums_as_ints => self.out.extend_from_slice(&value.quoted),
            _ => self.signed(i64::from(number)),
        }
    }

    #[inline]
    pub(super) fn signed(&mut self, number: i64) {
        if number < 0 {
            self.out.push(b'-');
        }
        self.unsigned(number.unsigned_abs());
    }

    #[inline]
    pub(super) fn unsigned(&mut self, number: u64) {
        match number {
            0..10 => self.out.push(b'0' + number as u8),
            _ => self
                .out
                .extend_from_slice(itoa::Buffer::new().format(number).as_bytes()),
        }
    }

    #[inline]
    pub(super) fn quoted<T>(&mut self, print: impl FnOnce(&mut Self) -> T) -> T {
        self.out.push(b'"');
        let printed = print(self);
        self.out.push(b'"');
        printed
    }

    /// The shortest digits that are read as the same number again.
    fn float(&mut self, value: impl zmij::Float, is_finite: bool, is_nan: bool, is_positive: bool) {
        match is_finite {
            true => {
                let mut buffer = zmij::Buffer::new();
                self.out
                    .extend_from_slice(buffer.format_finite(value).as_bytes());
            }
            false if is_nan => self.out.extend_from_slice(b"\"NaN\""),
            false if is_positive => self.out.extend_from_slice(b"\"Infinity\""),
            false => self.out.extend_from_slice(b"\"-Infinity\""),
        }
    }

    pub(super) fn base64(&mut self, bytes: &[u8]) {
        self.out.push(b'"');
        let start = self.out.len();
        self.out.resize(start + bytes.len().div_ceil(3) * 4, 0);
        BASE64
            .encode_slice(bytes, &mut self.out[start..])
            .expect("three bytes are four characters");
        self.out.push(b'"');
    }

    /// A string with its quotes.
    pub(super) fn string(&mut self, bytes: &[u8]) -> Outcome<()> {
        self.out.push(b'"');
        match is_plain_ascii(bytes) {
            true => self.out.extend_from_slice(bytes),
            false => self.escaped(bytes)?,
        }
        self.out.push(b'"');
        Ok(())
    }

    fn escaped(&mut self, bytes: &[u8]) -> Outcome<()> {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        if std::str::from_utf8(bytes).is_err() {
            return Err(Fault::new("is no UTF-8"));
        }
        let mut at = 0;
        loop {
            let end = plain_until(bytes, at);
            self.out.extend_from_slice(&bytes[at..end]);
            let Some(&byte) = bytes.get(end) else {
                return Ok(());
            };
            let letter = match byte {
                b'"' | b'\\' => byte,
                0x08 => b'b',
                0x0c => b'f',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                _ => {
                    let (high, low) = (HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]);
                    self.out
                        .extend_from_slice(&[b'\\', b'u', b'0', b'0', high, low]);
                    at = end + 1;
                    continue;
                }
            };
            self.out.extend_from_slice(&[b'\\', letter]);
            at = end + 1;
        }
    }
}

/// Whether a value is the zero of its type.
#[inline]
pub(super) fn is_zero(field: &Field, raw: Raw<'_>) -> bool {
    match (raw, field.kind) {
        (Raw::Bytes(bytes), _) => bytes.is_empty(),
        (Raw::Number(number), Kind::Bool | Kind::Double) => number == 0,
        (Raw::Number(number), Kind::Int64 | Kind::Uint64 | Kind::Sint64) => number == 0,
        (Raw::Number(number), Kind::Fixed64 | Kind::Sfixed64) => number == 0,
        // Of the others the lower half counts.
        (Raw::Number(number), _) => number as u32 == 0,
    }
}

/// What an absent value is; of an enum, its first one.
pub(super) fn zero(tables: &Tables, field: &Field) -> Raw<'static> {
    match field.kind {
        Kind::String | Kind::Bytes | Kind::Message | Kind::Group => Raw::Bytes(&[]),
        Kind::Enum => {
            let first = tables
                .values(field)
                .values
                .first()
                .map_or(0, |value| value.number);
            Raw::Number(i64::from(first) as u64)
        }
        _ => Raw::Number(0),
    }
}
