//! Wire -> JSON, in one pass where the fields come in the order of their numbers and each of them
//! in one piece, as nearly every program writes them. Everything else is right too, but takes a
//! second look (see `exact`).

use std::ops::Range;

use super::fault::{Fault, Outcome};
use super::table::{Field, Form, Kind, Message, NO_ONEOF, Shape, Tables};
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

/// What was printed for a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Printed {
    Value,
    /// The zero of its type.
    Zero,
    /// Nothing: a number that its closed enum does not have counts as an unknown field.
    Unknown,
}

impl<'a> Printer<'a> {
    pub(super) fn new(
        tables: &'a Tables,
        options: &'a JsonOptions,
        wire: &[u8],
        out: &'a mut Vec<u8>,
    ) -> Self {
        out.reserve(wire.len() + wire.len() / 2 + 16);
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
                self.out.push(b'{');
                self.fields(message, wire, true)?;
                self.out.push(b'}');
            }
            _ => self.known(message, wire)?,
        }
        self.depth -= 1;
        Ok(())
    }

    /// The members of an object; `first` says whether it is still empty.
    fn fields(&mut self, message: &'a Message, wire: &[u8], first: bool) -> Outcome<()> {
        let (start, depth) = (self.out.len(), self.depth);
        // A fault may be one of a part only, and gone when its message is put together.
        let printed = match self.budget {
            0 => Ok(false),
            _ if message.is_set => Ok(false),
            _ => self.in_order(message, wire, first),
        };
        match printed {
            Ok(true) => Ok(()),
            Err(fault) if self.budget == 0 => Err(fault),
            _ => {
                self.budget = self.budget.saturating_sub(wire.len() + 1);
                self.out.truncate(start);
                self.depth = depth;
                self.exact(message, wire, first)
            }
        }
    }

    /// Prints each field as it comes. False if they turn out not to be in order.
    fn in_order(&mut self, message: &'a Message, wire: &[u8], mut first: bool) -> Outcome<bool> {
        let broken = |why| broken(message, why);
        let mut cursor = Cursor::new(wire);
        // The first field that has not been passed yet, and where the one before it was begun.
        let mut next = 0;
        let (mut start, mut first_then) = (self.out.len(), first);
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
                self.defaults(message, next..index, &mut first);
                next = index + 1;
                (start, first_then) = (self.out.len(), first);
            } else if index + 1 == next && may_come_again(self.tables, field) {
                // The last one counts.
                self.out.truncate(start);
                first = first_then;
            } else {
                return Ok(false);
            }
            match field.shape {
                Shape::Explicit | Shape::Implicit => {
                    self.single(field, raw, &mut first)?;
                }
                Shape::List | Shape::Packed => {
                    let mut pending = Some(raw);
                    self.list(field, &mut first, || match pending.take() {
                        Some(raw) => Ok(Some(raw)),
                        None => same_again(field, &mut cursor).map_err(broken),
                    })?;
                }
                Shape::Map => {
                    let mut pending = Some(raw);
                    self.map(field, &mut first, || match pending.take() {
                        Some(raw) => Ok(Some(raw)),
                        None => same_again(field, &mut cursor).map_err(broken),
                    })?;
                }
            }
        }
        self.defaults(message, next..message.fields.len(), &mut first);
        Ok(true)
    }

    /// A field with one value, unless that is as good as absent.
    #[inline]
    fn single(&mut self, field: &'a Field, raw: Raw<'_>, first: &mut bool) -> Outcome<()> {
        let (start, first_then) = (self.out.len(), *first);
        self.key(field, first);
        let printed = self.value(field, raw);
        let omitted = match printed.map_err(|fault| fault.in_field(&field.json_name))? {
            Printed::Value => false,
            Printed::Zero => {
                field.shape == Shape::Implicit && !self.options.always_print_fields_without_presence
            }
            Printed::Unknown => true,
        };
        if omitted {
            self.out.truncate(start);
            *first = first_then;
        }
        Ok(())
    }

    /// One value of a field.
    #[inline]
    fn value(&mut self, field: &'a Field, raw: Raw<'_>) -> Outcome<Printed> {
        match (field.kind, raw) {
            (Kind::Message | Kind::Group, Raw::Bytes(content)) => {
                self.message(self.tables.message(field), content)?;
                Ok(Printed::Value)
            }
            _ => self.scalar(field, raw),
        }
    }

    #[inline]
    fn key(&mut self, field: &Field, first: &mut bool) {
        if !*first {
            self.out.push(b',');
        }
        *first = false;
        self.out
            .extend_from_slice(match self.options.use_proto_names {
                true => &field.proto_key,
                false => &field.json_key,
            });
    }

    /// The absent fields that are printed all the same.
    #[inline]
    fn defaults(&mut self, message: &'a Message, fields: Range<usize>, first: &mut bool) {
        if self.options.always_print_fields_without_presence {
            self.every_default(message, fields, first);
        }
    }

    #[inline(never)]
    fn every_default(&mut self, message: &'a Message, fields: Range<usize>, first: &mut bool) {
        for field in &message.fields[fields.start..fields.end.min(message.own).max(fields.start)] {
            if field.shape != Shape::Explicit {
                self.key(field, first);
                self.default(field);
            } else if self.options.absent_messages_as_null
                && field.is_message()
                && field.oneof == NO_ONEOF
            {
                self.key(field, first);
                self.out.extend_from_slice(b"null");
            }
        }
    }

    /// What a field without presence holds when it is absent.
    fn default(&mut self, field: &'a Field) {
        match field.shape {
            Shape::List | Shape::Packed => self.out.extend_from_slice(b"[]"),
            Shape::Map => self.out.extend_from_slice(b"{}"),
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
