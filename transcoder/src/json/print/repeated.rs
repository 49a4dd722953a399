//! Lists and maps, whose records come one by one from `next`.

use std::borrow::Cow;

use super::{Printer, broken, scalar};
use crate::json::fault::{Fault, Outcome};
use crate::json::table::{Field, Kind, Message};
use crate::json::wire::{Broken, Cursor, Raw};

/// A map's key, in the order in which maps are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Key<'w> {
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Text(&'w [u8]),
}

struct Entry<'w> {
    key: Key<'w>,
    value: Option<Value<'w>>,
}

enum Value<'w> {
    Number(u64),
    Bytes(Cow<'w, [u8]>),
}

impl<'a> Printer<'a> {
    pub(super) fn list<'w>(
        &mut self,
        field: &'a Field,
        mut next: impl FnMut() -> Outcome<Option<Raw<'w>>>,
    ) -> Outcome<()> {
        let start = self.out.len();
        self.key(field);
        let (content, mut count) = (self.out.len(), 0);
        while let Some(raw) = next()? {
            let elements = match raw {
                Raw::Bytes(packed) if field.kind.is_packable() => {
                    self.packed(field, packed, &mut count)
                }
                raw => self.element(field, raw, &mut count),
            };
            elements.map_err(|fault| fault.at_index(count).in_field(&field.json_name))?;
        }
        match count == 0 && !self.options.always_print_fields_without_presence {
            true => self.out.truncate(start),
            false => self.enclose(content, b'[', b']'),
        }
        Ok(())
    }

    fn packed(&mut self, field: &'a Field, packed: &[u8], count: &mut usize) -> Outcome<()> {
        let mut cursor = Cursor::new(packed);
        while !cursor.rest.is_empty() {
            let raw = cursor.value(field.number, field.kind.wire_type());
            let raw = raw.map_err(|why| Fault::new(format!("not a packed list: {why}")))?;
            self.element(field, raw, count)?;
        }
        Ok(())
    }

    #[inline]
    fn element(&mut self, field: &'a Field, raw: Raw<'_>, count: &mut usize) -> Outcome<()> {
        let start = self.out.len();
        self.out.push(b',');
        let value = self.out.len();
        self.value(field, raw)?;
        match self.out.len() == value {
            true => self.out.truncate(start),
            false => *count += 1,
        }
        Ok(())
    }

    /// Prints a map in the order of its keys; of equal keys the last one.
    pub(super) fn map<'w>(
        &mut self,
        field: &'a Field,
        mut next: impl FnMut() -> Outcome<Option<Raw<'w>>>,
    ) -> Outcome<()> {
        let entry = self.tables.message(field);
        let (Some(key), Some(value)) = (entry.by_number(1), entry.by_number(2)) else {
            return Err(broken(entry, "its entries have no key or no value"));
        };
        let (of_key, of_value) = (&entry.fields[key], &entry.fields[value]);
        let mut entries = Vec::new();
        while let Some(raw) = next()? {
            if let Raw::Bytes(bytes) = raw {
                let read = read_entry(of_key, of_value, bytes);
                entries.push(read.map_err(|why| broken(entry, why).in_field(&field.json_name))?);
            }
        }
        self.entries(of_value, field, entries)
    }

    fn entries(
        &mut self,
        of_value: &'a Field,
        field: &'a Field,
        mut entries: Vec<Entry<'_>>,
    ) -> Outcome<()> {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        let start = self.out.len();
        self.key(field);
        let content = self.out.len();
        for (at, entry) in entries.iter().enumerate() {
            if entries
                .get(at + 1)
                .is_some_and(|later| later.key == entry.key)
            {
                continue;
            }
            let start = self.out.len();
            self.out.push(b',');
            let in_map = |fault: Box<Fault>| fault.in_field(&field.json_name);
            self.map_key(entry.key).map_err(in_map)?;
            self.out.push(b':');
            let raw = match &entry.value {
                None => scalar::zero(self.tables, of_value),
                Some(Value::Number(number)) => Raw::Number(*number),
                Some(Value::Bytes(bytes)) => Raw::Bytes(bytes),
            };
            let value = self.out.len();
            self.value(of_value, raw)
                .map_err(|fault| in_map(fault.at_key(&entry.key.text())))?;
            if self.out.len() == value {
                self.out.truncate(start);
            }
        }
        let is_empty = self.out.len() == content;
        match is_empty && !self.options.always_print_fields_without_presence {
            true => self.out.truncate(start),
            false => self.enclose(content, b'{', b'}'),
        }
        Ok(())
    }

    fn map_key(&mut self, key: Key<'_>) -> Outcome<()> {
        match key {
            Key::Text(text) => return self.string(text),
            Key::Bool(false) => self.out.extend_from_slice(b"\"false\""),
            Key::Bool(true) => self.out.extend_from_slice(b"\"true\""),
            Key::Signed(number) => self.quoted(|out| out.signed(number)),
            Key::Unsigned(number) => self.quoted(|out| out.unsigned(number)),
        }
        Ok(())
    }
}

impl<'w> Key<'w> {
    fn of(field: &Field, raw: Raw<'w>) -> Self {
        match (field.kind, raw) {
            (_, Raw::Bytes(text)) => Self::Text(text),
            (Kind::Bool, Raw::Number(number)) => Self::Bool(number != 0),
            (Kind::Int32 | Kind::Sfixed32, Raw::Number(n)) => Self::Signed(i64::from(n as i32)),
            (Kind::Sint32, Raw::Number(n)) => {
                Self::Signed(i64::from((n as u32 >> 1) as i32 ^ -((n & 1) as i32)))
            }
            (Kind::Int64 | Kind::Sfixed64, Raw::Number(n)) => Self::Signed(n as i64),
            (Kind::Sint64, Raw::Number(n)) => Self::Signed((n >> 1) as i64 ^ -((n & 1) as i64)),
            (Kind::Uint32, Raw::Number(n)) => Self::Unsigned(u64::from(n as u32)),
            (_, Raw::Number(n)) => Self::Unsigned(n),
        }
    }

    /// For the path of a fault.
    fn text(self) -> String {
        match self {
            Self::Bool(value) => value.to_string(),
            Self::Signed(number) => number.to_string(),
            Self::Unsigned(number) => number.to_string(),
            Self::Text(text) => String::from_utf8_lossy(text).into_owned(),
        }
    }
}

/// Key and value of an entry: the last ones, but of messages all of them together.
fn read_entry<'w>(of_key: &Field, of_value: &Field, bytes: &'w [u8]) -> Result<Entry<'w>, Broken> {
    let mut key = match of_key.kind {
        Kind::String => Key::Text(&[]),
        _ => Key::of(of_key, Raw::Number(0)),
    };
    let mut value: Option<Value<'w>> = None;
    let mut cursor = Cursor::new(bytes);
    while !cursor.rest.is_empty() {
        let (number, wire_type) = cursor.tag()?;
        let raw = cursor.value(number, wire_type)?;
        if number == 1 && super::fits(of_key, wire_type) {
            key = Key::of(of_key, raw);
        } else if number == 2 && super::fits(of_value, wire_type) {
            value = Some(match (value, raw) {
                (_, Raw::Number(number)) => Value::Number(number),
                (Some(Value::Bytes(earlier)), Raw::Bytes(bytes)) if of_value.is_message() => {
                    Value::Bytes(Cow::Owned([&earlier, bytes].concat()))
                }
                (_, Raw::Bytes(bytes)) => Value::Bytes(Cow::Borrowed(bytes)),
            });
        }
    }
    Ok(Entry { key, value })
}

/// The message whose forms of JSON have free keys also goes through here.
impl<'a> Printer<'a> {
    /// google.protobuf.Struct: the entries are a `map<string, Value>` in field 1.
    pub(super) fn free_struct(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let mut entries: Vec<(&[u8], Cow<'_, [u8]>)> = Vec::new();
        let mut cursor = Cursor::new(wire);
        let broken = |why| broken(message, why);
        while !cursor.rest.is_empty() {
            let (number, wire_type) = cursor.tag().map_err(broken)?;
            let raw = cursor.value(number, wire_type).map_err(broken)?;
            if let (1, Raw::Bytes(entry)) = (number, raw) {
                entries.push(free_entry(entry).map_err(broken)?);
            }
        }
        entries.sort_by(|a, b| a.0.cmp(b.0));
        let start = self.out.len();
        for (at, (key, value)) in entries.iter().enumerate() {
            if entries.get(at + 1).is_some_and(|later| later.0 == *key) {
                continue;
            }
            self.out.push(b',');
            self.string(key)?;
            self.out.push(b':');
            self.nested_value(message, value)
                .map_err(|fault| fault.at_key(&String::from_utf8_lossy(key)))?;
        }
        self.enclose(start, b'{', b'}');
        Ok(())
    }
}

fn free_entry(bytes: &[u8]) -> Result<(&[u8], Cow<'_, [u8]>), Broken> {
    let (mut key, mut value): (&[u8], Cow<'_, [u8]>) = (&[], Cow::Borrowed(&[]));
    let mut cursor = Cursor::new(bytes);
    while !cursor.rest.is_empty() {
        let (number, wire_type) = cursor.tag()?;
        match (number, cursor.value(number, wire_type)?) {
            (1, Raw::Bytes(bytes)) => key = bytes,
            (2, Raw::Bytes(bytes)) if value.is_empty() => value = Cow::Borrowed(bytes),
            (2, Raw::Bytes(bytes)) => value.to_mut().extend_from_slice(bytes),
            _ => {}
        }
    }
    Ok((key, value))
}
