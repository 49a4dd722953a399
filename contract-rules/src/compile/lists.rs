//! Rules of lists and maps.

use prost_reflect::{FieldDescriptor, Value};

use super::Pass;
use super::reading::Reading;
use crate::length::{ENTRIES, ITEMS};
use crate::list::{Inner, ListRules, MapRules};
use crate::written::{Ignore, Typed, Written};

impl Pass<'_> {
    pub(super) fn list(&mut self, name: &str, typed: Typed, field: &FieldDescriptor) -> ListRules {
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

    pub(super) fn map(
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
}
