//! Fields, and how their values are written.

use prost_reflect::{Cardinality, FieldDescriptor, Kind as Declared};

use super::Pass;
use super::reading::Reading;
use crate::behavior::Behavior;
use crate::editions;
use crate::kind::Kind;
use crate::table::{Field, Name, Shape};
use crate::written::{Ignore, Written};

impl Pass<'_> {
    /// `is_chosen`: a rule of its message says that at most one of several may be set.
    pub(super) fn field(&mut self, descriptor: &FieldDescriptor, is_chosen: bool) -> Field {
        let name = descriptor.full_name().to_owned();
        let mut written = Written::of(descriptor);
        if written.ignore == Ignore::Always || self.is_output_only(descriptor) {
            written = Written {
                ignore: Ignore::Always,
                ..Written::default()
            };
        }
        self.refuse_others(&name, &written);
        let checked = written.ignore != Ignore::Always;
        let programs = self.programs(&name, &written);
        let skip_zero = written.ignore == Ignore::Zero || is_chosen;
        let mut shape = if descriptor.is_map() {
            let (key, value) = entry_fields(descriptor);
            let rules = written
                .typed
                .map(|typed| self.map(&name, typed, &key, &value));
            let rules = rules.unwrap_or_default();
            Shape::Map {
                key: self.kind(&key, checked),
                value: self.kind(&value, checked && !rules.values.is_ignored),
                rules,
            }
        } else if descriptor.cardinality() == Cardinality::Repeated {
            let rules = written
                .typed
                .map(|typed| self.list(&name, typed, descriptor));
            let rules = rules.unwrap_or_default();
            Shape::Many {
                kind: self.kind(descriptor, checked && !rules.items.is_ignored),
                rules,
            }
        } else {
            let rules = written
                .typed
                .map(|typed| self.value(&name, typed, descriptor));
            Shape::One {
                kind: self.kind(descriptor, checked),
                rules: rules.unwrap_or_default(),
                presence: editions::has_presence(descriptor),
            }
        };
        if let Some(kind) = checked.then(|| self.kind_of_text(descriptor)).flatten() {
            self.set_kind_of_text(&name, &mut shape, kind);
        }
        Field {
            number: descriptor.number(),
            name: Name {
                json: descriptor.json_name().to_owned(),
                proto: descriptor.name().to_owned(),
            },
            shape,
            required: written.required,
            skip_zero,
            oneof: None,
            programs,
        }
    }

    pub(super) fn kind(&mut self, field: &FieldDescriptor, checked: bool) -> Kind {
        match field.kind() {
            Declared::Bool => Kind::Bool,
            Declared::Int32 => Kind::Int32,
            Declared::Int64 => Kind::Int64,
            Declared::Uint32 => Kind::Uint32,
            Declared::Uint64 => Kind::Uint64,
            Declared::Sint32 => Kind::Sint32,
            Declared::Sint64 => Kind::Sint64,
            Declared::Fixed32 => Kind::Fixed32,
            Declared::Fixed64 => Kind::Fixed64,
            Declared::Sfixed32 => Kind::Sfixed32,
            Declared::Sfixed64 => Kind::Sfixed64,
            Declared::Float => Kind::Float,
            Declared::Double => Kind::Double,
            Declared::Enum(_) => Kind::Enum,
            Declared::String => Kind::Text,
            Declared::Bytes => Kind::Bytes,
            Declared::Message(message) => Kind::Message {
                table: self.table(&message),
                checked,
                is_group: editions::is_group(field),
            },
        }
    }

    fn is_output_only(&self, field: &FieldDescriptor) -> bool {
        self.compiler.requests.is_some() && Behavior::OutputOnly.is_of(field)
    }

    /// Nothing may be written that is not checked.
    pub(super) fn refuse_others(&mut self, name: &str, written: &Written) {
        for other in &written.others {
            self.unsupported(name, other);
        }
    }

    pub(super) fn refuse_rest(&mut self, name: &str, kind: &str, reading: Reading<'_>) {
        for other in reading.rest() {
            self.unsupported(name, &format!("{kind}.{other}"));
        }
    }
}

fn entry_fields(map: &FieldDescriptor) -> (FieldDescriptor, FieldDescriptor) {
    let kind = map.kind();
    let entry = kind
        .as_message()
        .expect("a map field is a list of its entry messages");
    (entry.map_entry_key_field(), entry.map_entry_value_field())
}
