//! What the engine knows of each message: compiled once, read by every request.

use std::collections::HashMap;

mod compile;
mod key;
mod names;

pub(super) use compile::compile;
pub(super) use key::Key;
use names::Names;

/// The messages and enums of one descriptor set.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(super) messages: Vec<Message>,
    pub(super) enums: Vec<Enum>,
    /// Messages by full name.
    pub(super) by_name: HashMap<Box<str>, u32>,
}

#[derive(Debug)]
pub(super) struct Message {
    pub(super) name: Box<str>,
    pub(super) form: Form,
    /// In the order in which they are printed: by number, extensions after the message's own.
    pub(super) fields: Vec<Field>,
    /// How many of the fields are no extensions.
    pub(super) own: usize,
    /// For small numbers, the index of the field, plus one; 0 for none.
    direct: Box<[u32]>,
    /// All numbers with the index of their field, sorted.
    sorted: Box<[(u32, u32)]>,
    names: Names,
    pub(super) oneofs: usize,
    /// Whether its extensions are the items of a `message_set_wire_format`.
    pub(super) is_set: bool,
}

/// What the JSON of a message looks like (proto3 JSON mapping).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// An object with the fields of the message.
    Plain,
    Any,
    Timestamp,
    Duration,
    FieldMask,
    Struct,
    Value,
    ListValue,
    Empty,
    /// One of google/protobuf/wrappers.proto: the JSON of its one field.
    Wrapper,
}

#[derive(Debug)]
pub(super) struct Field {
    pub(super) number: u32,
    pub(super) kind: Kind,
    pub(super) shape: Shape,
    /// The oneof it belongs to, if not [`NO_ONEOF`]. That of a proto3 `optional` field is none.
    pub(super) oneof: u32,
    /// The message or the enum; the entry of a map.
    pub(super) target: u32,
    /// Whether it is an item of a message set.
    pub(super) is_item: bool,
    /// What stands before each record that is written.
    pub(super) tag: u32,
    pub(super) json_name: Box<str>,
    pub(super) proto_name: Box<str>,
    /// `,"jsonName":`
    pub(super) json_key: Key,
    /// `,"proto_name":`
    pub(super) proto_key: Key,
}

pub(super) const NO_ONEOF: u32 = u32::MAX;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// One value, whose zero is the same as its absence.
    Implicit,
    /// One value, there or not.
    Explicit,
    List,
    Packed,
    Map,
}

/// `google.protobuf.FieldDescriptorProto.Type`. Group stands for all delimited messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Double,
    Float,
    Int64,
    Uint64,
    Int32,
    Fixed64,
    Fixed32,
    Bool,
    String,
    Group,
    Message,
    Bytes,
    Uint32,
    Enum,
    Sfixed32,
    Sfixed64,
    Sint32,
    Sint64,
}

#[derive(Debug)]
pub(super) struct Enum {
    /// In the order of the contract.
    pub(super) values: Vec<EnumValue>,
    names: Names,
    /// By number, the index of the first value that has it; sorted.
    numbers: Box<[(i32, u32)]>,
    pub(super) is_closed: bool,
    /// `google.protobuf.NullValue`, whose JSON is null.
    pub(super) is_null: bool,
}

#[derive(Debug)]
pub(super) struct EnumValue {
    pub(super) name: Box<str>,
    pub(super) number: i32,
    /// `"NAME"`
    pub(super) quoted: Box<[u8]>,
}

/// A descriptor set of which no tables can be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the descriptor set cannot be compiled: {0}")]
pub struct DescriptorError(pub(super) String);

impl Tables {
    pub(super) fn message(&self, field: &Field) -> &Message {
        &self.messages[field.target as usize]
    }

    pub(super) fn values(&self, field: &Field) -> &Enum {
        &self.enums[field.target as usize]
    }

    /// The index of a message.
    pub(super) fn find(&self, full_name: &str) -> Option<u32> {
        self.by_name.get(full_name).copied()
    }

    /// Whether JSON's null is a value of the field, rather than its absence.
    pub(super) fn takes_null(&self, field: &Field) -> bool {
        match field.kind {
            Kind::Enum => self.values(field).is_null,
            Kind::Message => self.message(field).form == Form::Value,
            _ => false,
        }
    }
}

impl Message {
    /// Whether its JSON is an object with its fields.
    pub(super) fn is_plain(&self) -> bool {
        self.form == Form::Plain
    }

    #[inline]
    pub(super) fn by_number(&self, number: u32) -> Option<usize> {
        match self.direct.get(number as usize) {
            Some(&index) => (index as usize).checked_sub(1),
            None => self.beyond(number),
        }
    }

    #[cold]
    fn beyond(&self, number: u32) -> Option<usize> {
        let at = self
            .sorted
            .binary_search_by_key(&number, |&(number, _)| number);
        Some(self.sorted[at.ok()?].1 as usize)
    }

    /// How many words it takes to note which fields beyond the first 64 were given, and which
    /// member of each oneof.
    #[inline]
    pub(super) fn more_given(&self) -> usize {
        self.fields.len().saturating_sub(1) / 64 + self.oneofs
    }

    /// The field of that JSON or proto name.
    pub(super) fn by_name(&self, name: &str) -> Option<usize> {
        // An even slot is a JSON name, an odd one a proto name.
        let slot = self.names.find(name, |slot| {
            let field = &self.fields[(slot / 2) as usize];
            match slot % 2 {
                0 => &field.json_name,
                _ => &field.proto_name,
            }
        })?;
        Some((slot / 2) as usize)
    }
}

impl Field {
    pub(super) fn is_list(&self) -> bool {
        matches!(self.shape, Shape::List | Shape::Packed)
    }

    pub(super) fn is_message(&self) -> bool {
        matches!(self.kind, Kind::Message | Kind::Group)
    }

    /// What ends a delimited message.
    pub(super) fn end_tag(&self) -> u32 {
        self.number << 3 | 4
    }
}

impl Kind {
    /// How its values stand on the wire when they are not packed.
    #[inline]
    pub(super) fn wire_type(self) -> u32 {
        match self {
            Self::Double | Self::Fixed64 | Self::Sfixed64 => 1,
            Self::Float | Self::Fixed32 | Self::Sfixed32 => 5,
            Self::String | Self::Message | Self::Bytes => 2,
            Self::Group => 3,
            _ => 0,
        }
    }

    pub(super) fn is_packable(self) -> bool {
        !matches!(self.wire_type(), 2 | 3)
    }
}

impl Enum {
    pub(super) fn by_name(&self, name: &str) -> Option<i32> {
        let at = self
            .names
            .find(name, |slot| &self.values[slot as usize].name)?;
        Some(self.values[at as usize].number)
    }

    pub(super) fn by_number(&self, number: i32) -> Option<&EnumValue> {
        // Most enums count up from zero.
        if let Some(value) = usize::try_from(number)
            .ok()
            .and_then(|at| self.values.get(at))
            && value.number == number
            && self.numbers.len() == self.values.len()
        {
            return Some(value);
        }
        let at = self
            .numbers
            .binary_search_by_key(&number, |&(number, _)| number);
        Some(&self.values[self.numbers[at.ok()?].1 as usize])
    }
}
