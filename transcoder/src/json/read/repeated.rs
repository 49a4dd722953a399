//! Lists and maps.

use std::borrow::Cow;

use super::Reader;
use crate::json::distinct::Distinct;
use crate::json::expected::expected;
use crate::json::fault::{Fault, Outcome};
use crate::json::table::{Field, Kind};
use crate::json::wire::{close, open, put_varint};

impl<'a> Reader<'a> {
    pub(super) fn list(&mut self, field: &'a Field) -> Outcome<()> {
        self.elements(|reader| reader.record(field))
    }

    pub(super) fn packed(&mut self, field: &'a Field) -> Outcome<()> {
        let start = self.out.len();
        put_varint(self.out, u64::from(field.tag));
        let content = open(self.out);
        self.elements(|reader| reader.scalar(field))?;
        match self.out.len() == content {
            true => self.out.truncate(start),
            false => close(self.out, content),
        }
        Ok(())
    }

    pub(super) fn elements(
        &mut self,
        mut element: impl FnMut(&mut Self) -> Outcome<()>,
    ) -> Outcome<()> {
        if self.scan.peek() != b'[' {
            return Err(self.scan.mismatch("expected an array"));
        }
        self.scan.enter()?;
        let mut more = self.scan.first(b']');
        let mut index = 0;
        while more {
            element(self).map_err(|fault| fault.at_index(index))?;
            index += 1;
            more = self.scan.next(b']')?;
        }
        Ok(())
    }

    /// Each entry is a message with the key in field 1 and the value in field 2.
    pub(super) fn map(&mut self, field: &'a Field) -> Outcome<()> {
        let entry = self.tables.message(field);
        let (Some(key), Some(value)) = (entry.by_number(1), entry.by_number(2)) else {
            return Err(Fault::new("its entries have no key or no value"));
        };
        let (of_key, of_value) = (&entry.fields[key], &entry.fields[value]);
        self.entries(|reader, key| {
            let start = reader.out.len();
            put_varint(reader.out, u64::from(field.tag));
            let content = open(reader.out);
            reader.map_key(of_key, key)?;
            let value = reader.out.len();
            reader.record(of_value)?;
            match reader.out.len() == value {
                true => reader.out.truncate(start),
                false => close(reader.out, content),
            }
            Ok(())
        })
    }

    fn map_key(&mut self, field: &'a Field, key: &str) -> Outcome<()> {
        // Only the plainest way to write a number: else one key could be written in two ways.
        let digits = key.strip_prefix('-').unwrap_or(key).as_bytes();
        let is_plain = match field.kind {
            Kind::String | Kind::Bool => true,
            _ => digits.iter().all(u8::is_ascii_digit) && key != "-0",
        };
        match super::text::record(self.tables, field, key, self.out) {
            Some(()) if is_plain => Ok(()),
            _ => Err(Fault::new(format!(
                "the key: {}",
                expected(self.tables, field)
            ))),
        }
    }

    /// The members of an object whose keys are free, each of them once.
    pub(super) fn entries(
        &mut self,
        mut entry: impl FnMut(&mut Self, &str) -> Outcome<()>,
    ) -> Outcome<()> {
        if self.scan.peek() != b'{' {
            return Err(self.scan.mismatch("expected an object"));
        }
        self.scan.enter()?;
        let mut keys: Distinct<Cow<'a, str>> = Distinct::new();
        let mut more = self.scan.first(b'}');
        while more {
            let key = self.scan.key()?;
            match keys.insert(key.clone()) {
                true => entry(self, &key),
                false => Err(Fault::new("is given twice")),
            }
            .map_err(|fault| fault.at_key(&key))?;
            more = self.scan.next(b'}')?;
        }
        Ok(())
    }
}
