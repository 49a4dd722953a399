//! Fields, and rules of lists and maps.

use prost_reflect::{Cardinality, FieldDescriptor, Kind as Declared, Value};

use super::Pass;
use super::reading::Reading;
use crate::behavior::Behavior;
use crate::editions;
use crate::kind::Kind;
use crate::length::{ENTRIES, ITEMS};
use crate::list::{Inner, ListRules, MapRules};
use crate::table::{Field, Name, Shape};
use crate::written::{Ignore, Typed, Written};

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
    fn refuse_others(&mut self, name: &str, written: &Written) {
        for other in &written.others {
            self.unsupported(name, other);
        }
    }

    fn list(&mut self, name: &str, typed: Typed, field: &FieldDescriptor) -> ListRules {
        let (kind, rules) = typed;
        if kind != "repeated" {
            self.unsupported(name, &format!("{kind}, on a repeated field"));
            return ListRules::default();
        }
        let mut reading = Reading::new(&rules);
        let list = ListRules {
            length: reading.length(&ITEMS),
            unique: reading.flag("unique"),
            items: self.inner(name, reading.take("items"), field),
        };
        self.refuse_rest(name, &kind, reading);
        list
    }

    fn map(
        &mut self,
        name: &str,
        (kind, rules): Typed,
        key: &FieldDescriptor,
        value: &FieldDescriptor,
    ) -> MapRules {
        if kind != "map" {
            self.unsupported(name, &format!("{kind}, on a map"));
            return MapRules::default();
        }
        let mut reading = Reading::new(&rules);
        let map = MapRules {
            length: reading.length(&ENTRIES),
            keys: self.inner(name, reading.take("keys"), key),
            values: self.inner(name, reading.take("values"), value),
        };
        self.refuse_rest(name, &kind, reading);
        map
    }

    /// The rules of keys, values or items. That they are required says nothing: they are there.
    fn inner(&mut self, name: &str, value: Option<Value>, field: &FieldDescriptor) -> Inner {
        let written = value.map_or_else(Written::default, |value| Written::read(&value));
        if written.ignore == Ignore::Always {
            return Inner {
                is_ignored: true,
                ..Inner::default()
            };
        }
        self.refuse_others(name, &written);
        let programs = self.programs(name, &written);
        let rules = written.typed.map(|typed| self.value(name, typed, field));
        Inner {
            rules: rules.unwrap_or_default(),
            programs,
            skip_zero: written.ignore == Ignore::Zero,
            is_ignored: false,
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
