//! Wire -> JSON, in one pass where the fields come in the order of their numbers and each of them
//! in one piece, as nearly every program writes them. Everything else is right too, but takes a
//! second look (see `exact`).

use std::ops::Range;

use super::fault::{Fault, Outcome};
use super::table::{Field, Form, Key, Kind, Message, NO_ONEOF, Shape, Tables};
use super::wire::{Broken, Cursor, Raw};
use crate::JsonOptions;

mod exact;
mod free;
mod known;
mod repeated;
mod scalar;

/// How deep messages may nest on the wire: what other implementations allow.
const MAX_DEPTH: usize = 100;

pub(super) struct Printer<'a> {
    tables: &'a Tables,
    options: &'a JsonOptions,
    out: &'a mut Vec<u8>,
    depth: usize,
    /// How many bytes of messages may yet be printed in vain. It bounds the work for a message in
    /// which each level is out of order.
    budget: usize,
}

impl<'a> Printer<'a> {
    pub(super) fn new(
        tables: &'a Tables,
        options: &'a JsonOptions,
        wire: &[u8],
        out: &'a mut Vec<u8>,
    ) -> Self {
        out.reserve(wire.len() / 2 * 5 + 64);
        Self {
            tables,
            options,
            out,
            depth: 0,
            budget: wire.len() + 1,
        }
    }

    pub(super) fn message(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        if self.depth == MAX_DEPTH {
            return Err(Fault::new(format!("nested more than {MAX_DEPTH} deep")));
        }
        self.depth += 1;
        match message.form {
            Form::Plain => {
                let start = self.out.len();
                self.fields(message, wire)?;
                self.enclose(start, b'{', b'}');
            }
            _ => self.known(message, wire)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// Makes an object or an array of the members or elements since `start`, each of which has a
    /// comma in front of it: the first comma gives its place to the bracket.
    #[inline]
    fn enclose(&mut self, start: usize, open: u8, close: u8) {
        match self.out.get_mut(start) {
            Some(comma) => *comma = open,
            None => self.out.push(open),
        }
        self.out.push(close);
    }

    /// The members of an object, each with a comma in front of it.
    fn fields(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<()> {
        let (start, depth) = (self.out.len(), self.depth);
        // A fault may be one of a part only, and gone when its message is put together.
        let printed = match self.budget {
            0 => Ok(false),
            _ if message.is_set => Ok(false),
            _ => self.in_order(message, wire),
        };
        match printed {
            Ok(true) => Ok(()),
            Err(fault) if self.budget == 0 => Err(fault),
            _ => {
                self.budget = self.budget.saturating_sub(wire.len() + 1);
                self.out.truncate(start);
                self.depth = depth;
                self.exact(message, wire)
            }
        }
    }

    /// Prints each field as it comes. False if they turn out not to be in order.
    fn in_order(&mut self, message: &'a Message, wire: &[u8]) -> Outcome<bool> {
        let broken = |why| broken(message, why);
        let mut cursor = Cursor::new(wire);
        // The first field that has not been passed yet, and where the one before it was begun.
        let mut next = 0;
        let mut start = self.out.len();
        let mut oneofs = 0u64;
        while !cursor.rest.is_empty() {
            let (number, wire_type) = cursor.tag().map_err(broken)?;
            let raw = cursor.value(number, wire_type).map_err(broken)?;
            let Some(index) = message.by_number(number) else {
                continue;
            };
            let field = &message.fields[index];
            if !fits(field, wire_type) {
                continue;
            }
            if index >= next {
                if field.oneof != NO_ONEOF {
                    let bit = 1u64.checked_shl(field.oneof).unwrap_or(u64::MAX);
                    if oneofs & bit != 0 || field.oneof >= 64 {
                        return Ok(false);
                    }
                    oneofs |= bit;
                }
                self.defaults(message, next..index);
                next = index + 1;
                start = self.out.len();
            } else if index + 1 == next && may_come_again(self.tables, field) {
                // The last one counts.
                self.out.truncate(start);
            } else {
                return Ok(false);
            }
            match field.shape {
                Shape::Explicit | Shape::Implicit => self.single(field, raw)?,
                Shape::List | Shape::Packed => {
                    let mut pending = Some(raw);
                    self.list(field, || match pending.take() {
                        Some(raw) => Ok(Some(raw)),
                        None => same_again(field, &mut cursor).map_err(broken),
                    })?;
                }
                Shape::Map => {
                    let mut pending = Some(raw);
                    self.map(field, || match pending.take() {
                        Some(raw) => Ok(Some(raw)),
                        None => same_again(field, &mut cursor).map_err(broken),
                    })?;
                }
            }
        }
        self.defaults(message, next..message.fields.len());
        Ok(true)
    }

    /// A field with one value, unless that is as good as absent.
    #[inline(always)]
    fn single(&mut self, field: &'a Field, raw: Raw<'_>) -> Outcome<()> {
        if field.shape == Shape::Implicit
            && !self.options.always_print_fields_without_presence
            && scalar::is_zero(field, raw)
        {
            return Ok(());
        }
        let start = self.out.len();
        self.key(field);
        let value = self.out.len();
        self.value(field, raw)
            .map_err(|fault| fault.in_field(&field.json_name))?;
        if self.out.len() == value {
            self.out.truncate(start);
        }
        Ok(())
    }

    /// One value of a field. Nothing, if it is a number that its closed enum does not have: that
    /// counts as an unknown field.
    #[inline(always)]
    fn value(&mut self, field: &'a Field, raw: Raw<'_>) -> Outcome<()> {
        match raw {
            Raw::Number(number) => self.number(field, number),
            Raw::Bytes(bytes) => match field.kind {
                Kind::Message | Kind::Group => {
                    self.message(self.tables.message(field), bytes)?;
                }
                Kind::Bytes => self.base64(bytes),
                _ => self.string(bytes)?,
            },
        }
        Ok(())
    }

    #[inline]
    fn key(&mut self, field: &Field) {
        self.key_of(field).put(self.out);
    }

    #[inline]
    fn key_of<'f>(&self, field: &'f Field) -> &'f Key {
        match self.options.use_proto_names {
            true => &field.proto_key,
            false => &field.json_key,
        }
    }

    /// The absent fields that are printed all the same.
    #[inline]
    fn defaults(&mut self, message: &'a Message, fields: Range<usize>) {
        if self.options.always_print_fields_without_presence && !fields.is_empty() {
            self.every_default(message, fields);
        }
    }

    #[inline(never)]
    fn every_default(&mut self, message: &'a Message, fields: Range<usize>) {
        for field in &message.fields[fields.start..fields.end.min(message.own).max(fields.start)] {
            if field.shape != Shape::Explicit {
                self.key(field);
                self.default(field);
            } else if self.options.absent_messages_as_null
                && field.is_message()
                && field.oneof == NO_ONEOF
            {
                self.key(field);
                self.out.extend_from_slice(b"null");
            }
        }
    }

    /// What a field without presence holds when it is absent.
    fn default(&mut self, field: &'a Field) {
        match field.shape {
            Shape::List | Shape::Packed => self.out.extend_from_slice(b"[]"),
            Shape::Map => self.out.extend_from_slice(b"{}"),
            _ if field.kind == Kind::String => self.out.extend_from_slice(b"\"\""),
            Shape::Implicit | Shape::Explicit => {
                let zero = scalar::zero(self.tables, field);
                self.value(field, zero)
                    .expect("every type can print its zero");
            }
        }
    }
}

/// Whether a record can be one of the field. If not, it is an unknown field.
#[inline]
fn fits(field: &Field, wire_type: u32) -> bool {
    wire_type == field.kind.wire_type()
        || (wire_type == 2 && field.is_list() && field.kind.is_packable())
}

/// Whether a second record simply takes the place of the first.
fn may_come_again(tables: &Tables, field: &Field) -> bool {
    matches!(field.shape, Shape::Implicit | Shape::Explicit)
        && !field.is_message()
        && !(field.kind == Kind::Enum && tables.values(field).is_closed)
}

/// The next record, if it is one of the same field.
#[inline]
fn same_again<'w>(field: &Field, cursor: &mut Cursor<'w>) -> Result<Option<Raw<'w>>, Broken> {
    if cursor.rest.is_empty() {
        return Ok(None);
    }
    let mut ahead = *cursor;
    let (number, wire_type) = ahead.tag()?;
    if number != field.number || !fits(field, wire_type) {
        return Ok(None);
    }
    let raw = ahead.value(number, wire_type)?;
    *cursor = ahead;
    Ok(Some(raw))
}

#[cold]
fn broken(message: &Message, why: Broken) -> Box<Fault> {
    Fault::new(format!("not a {}: {why}", message.name))
}
