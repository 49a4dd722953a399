//! Messages whose fields come in any order, in pieces or more than once: all records are collected
//! and put in order first. What protobuf's merging asks for: of a scalar the last one counts, the
//! pieces of a message are one after the other one message, and a member of a oneof ends the others.

use std::borrow::Cow;

use super::{Printer, broken, fits};
use crate::json::fault::Outcome;
use crate::json::table::{Field, Kind, Message, NO_ONEOF, Shape, Tables};
use crate::json::wire::{Broken, Cursor, Raw};

/// The index of a field, and the value of one record of it.
type Record<'w> = (usize, Raw<'w>);

impl<'a> Printer<'a> {
    pub(super) fn exact(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let records = records(self.tables, message, wire).map_err(|why| broken(message, why))?;
        let mut next = 0;
        for group in records.chunk_by(|a, b| a.0 == b.0) {
            let index = group[0].0;
            self.defaults(message, next..index);
            next = index + 1;
            self.group(&message.fields[index], group)?;
        }
        self.defaults(message, next..message.fields.len());
        Ok(())
    }

    /// The value of one field alone. An absent message is `{}`, or null if its JSON is no plain
    /// object; other absent fields are null if they can be absent, and else their default.
    pub(in crate::json) fn field(
        &mut self,
        message: &'a Message,
        index: usize,
        wire: &[u8],
    ) -> Outcome<()> {
        let field = &message.fields[index];
        if let Some(content) = alone(field, wire) {
            return self
                .message(self.tables.message(field), content)
                .map_err(|fault| fault.in_field(&field.json_name));
        }
        let records = records(self.tables, message, wire).map_err(|why| broken(message, why))?;
        let from = records.partition_point(|record| record.0 < index);
        let to = records.partition_point(|record| record.0 <= index);
        let start = self.out.len();
        if from < to {
            self.group(field, &records[from..to])?;
        }
        if self.out.len() > start {
            let key = self.key_of(field).text();
            self.out.drain(start..start + key.len());
            return Ok(());
        }
        match field.shape {
            Shape::Explicit if field.is_message() && self.tables.message(field).is_plain() => {
                self.message(self.tables.message(field), &[])?;
            }
            Shape::Explicit => self.out.extend_from_slice(b"null"),
            _ => self.default(field),
        }
        Ok(())
    }

    /// All records of one field.
    fn group(&mut self, field: &'a Field, records: &[Record<'_>]) -> Outcome<()> {
        let mut each = records.iter().map(|record| record.1);
        match field.shape {
            Shape::List | Shape::Packed => self.list(field, || Ok(each.next())),
            Shape::Map => self.map(field, || Ok(each.next())),
            Shape::Implicit | Shape::Explicit if field.is_message() => {
                self.single(field, Raw::Bytes(&merged(records)))
            }
            Shape::Implicit | Shape::Explicit => match each.next_back() {
                Some(last) => self.single(field, last),
                None => Ok(()),
            },
        }
    }
}

/// The content of a message in a field that has all of the wire, as that of most replies.
fn alone<'w>(field: &Field, wire: &'w [u8]) -> Option<&'w [u8]> {
    let mut cursor = Cursor::new(wire);
    let is_alone = field.shape == Shape::Explicit
        && field.kind == Kind::Message
        && !field.is_item
        && cursor.tag() == Ok((field.number, 2));
    let content = cursor.bytes().ok()?;
    (is_alone && cursor.rest.is_empty()).then_some(content)
}

/// The known records in the order of their fields, those of one field in the order of the wire.
fn records<'w>(
    tables: &Tables,
    message: &Message,
    wire: &'w [u8],
) -> Result<Vec<Record<'w>>, Broken> {
    let mut records = Vec::new();
    // Of each oneof the member that was seen last, and how many records there were when it first
    // came: what the oneof held before does not count.
    let mut members = vec![(usize::MAX, 0); message.oneofs];
    let mut cursor = Cursor::new(wire);
    while !cursor.rest.is_empty() {
        let (mut number, mut wire_type) = cursor.tag()?;
        let mut raw = cursor.value(number, wire_type)?;
        if let (true, 1, 3, Raw::Bytes(item)) = (message.is_set, number, wire_type, raw) {
            (number, wire_type, raw) = (item_number(item)?, 2, item_message(item)?);
        }
        let Some(index) = message.by_number(number) else {
            continue;
        };
        let field = &message.fields[index];
        if !fits(field, wire_type) || (!field.is_list() && is_unknown(tables, field, raw)) {
            continue;
        }
        if field.oneof != NO_ONEOF && members[field.oneof as usize].0 != index {
            members[field.oneof as usize] = (index, records.len());
        }
        records.push((index, raw));
    }
    let mut at = 0;
    records.retain(|(index, _)| {
        at += 1;
        match members.get(message.fields[*index].oneof as usize) {
            Some(&(member, since)) => *index == member && at > since,
            None => true,
        }
    });
    records.sort_by_key(|record| record.0);
    Ok(records)
}

/// The number of the extension that an item of a message set is; 0 for none.
fn item_number(item: &[u8]) -> Result<u32, Broken> {
    match last(item, 2, 0)? {
        Some(Raw::Number(number)) => Ok(u32::try_from(number).unwrap_or(0)),
        _ => Ok(0),
    }
}

fn item_message(item: &[u8]) -> Result<Raw<'_>, Broken> {
    Ok(last(item, 3, 2)?.unwrap_or(Raw::Bytes(&[])))
}

/// The last record of that number and wire type.
fn last(wire: &[u8], number: u32, wire_type: u32) -> Result<Option<Raw<'_>>, Broken> {
    let (mut cursor, mut last) = (Cursor::new(wire), None);
    while !cursor.rest.is_empty() {
        let tag = cursor.tag()?;
        let raw = cursor.value(tag.0, tag.1)?;
        if tag == (number, wire_type) {
            last = Some(raw);
        }
    }
    Ok(last)
}

/// A number that a closed enum does not have counts as an unknown field.
fn is_unknown(tables: &Tables, field: &Field, raw: Raw<'_>) -> bool {
    match raw {
        Raw::Number(number) if field.kind == Kind::Enum => {
            let values = tables.values(field);
            values.is_closed && values.by_number(number as i32).is_none()
        }
        _ => false,
    }
}

/// The pieces of one message.
fn merged<'w>(records: &[Record<'w>]) -> Cow<'w, [u8]> {
    let bytes = |record: &Record<'w>| match record.1 {
        Raw::Bytes(bytes) => bytes,
        Raw::Number(_) => &[],
    };
    match records {
        [one] => Cow::Borrowed(bytes(one)),
        many => Cow::Owned(many.iter().flat_map(bytes).copied().collect()),
    }
}
