//! A message's fields and their rules, compiled.

use super::list::{ListRules, MapRules};
use super::number::{FloatRules, IntRules, TimeRules};
use super::text::{BytesRules, TextRules};

/// A message. Fields are sorted by number.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) fields: Vec<Field>,
    pub(super) oneofs: Vec<Oneof>,
}

impl Table {
    /// The place of the field with this number.
    pub(super) fn find(&self, number: u32) -> Option<usize> {
        // Numbers are dense in most messages: the field is where its number says, or before.
        let guess = (number as usize).checked_sub(1)?;
        if self
            .fields
            .get(guess)
            .is_some_and(|field| field.number == number)
        {
            return Some(guess);
        }
        self.fields
            .binary_search_by_key(&number, |field| field.number)
            .ok()
    }
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) name: String,
    pub(super) shape: Shape,
    pub(super) required: bool,
    /// Rules are not asked if the value is the zero of its type.
    pub(super) skip_zero: bool,
    /// A `oneof` that it is a member of, by place.
    pub(super) oneof: Option<usize>,
}

#[derive(Debug)]
pub(super) enum Shape {
    /// `presence`: rules are not asked if it is not set.
    One {
        kind: Kind,
        rules: ValueRules,
        presence: bool,
    },
    Many {
        kind: Kind,
        rules: ListRules,
    },
    Map {
        key: Kind,
        value: Kind,
        rules: MapRules,
    },
}

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Bool,
    Int32,
    Int64,
    Uint32,
    Uint64,
    Sint32,
    Sint64,
    Fixed32,
    Fixed64,
    Sfixed32,
    Sfixed64,
    Float,
    Double,
    Enum,
    Text,
    Bytes,
    /// A message, by the place of its table; `checked` is false where its rules are ignored.
    Message {
        table: usize,
        checked: bool,
    },
}

impl Kind {
    /// Whether many values may be written as one.
    pub(super) fn is_packable(self) -> bool {
        !matches!(self, Kind::Text | Kind::Bytes | Kind::Message { .. })
    }
}

#[derive(Debug, Default)]
pub(super) enum ValueRules {
    #[default]
    None,
    Int(Box<IntRules>),
    Float(Box<FloatRules>),
    Bool {
        must_be: bool,
    },
    Text(Box<TextRules>),
    Bytes(Box<BytesRules>),
    Time(Box<TimeRules>),
}

#[derive(Debug)]
pub(super) struct Oneof {
    pub(super) name: String,
    pub(super) required: bool,
}
