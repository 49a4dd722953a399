//! Fields: whether they are set, how many values they have, and which of these are asked.

use std::collections::HashSet;

use super::{Stop, Walk};
use crate::kind::Kind;
use crate::length::{ENTRIES, ITEMS};
use crate::list::{Inner, ListRules, MapRules};
use crate::path::Step;
use crate::raw::{is_zero, print_key, zero};
use crate::slots::Slot;
use crate::table::{Field, Shape};
use crate::value::ValueRules;
use crate::wire::{Raw, Reader};

impl<'t> Walk<'t> {
    pub(super) fn field(&mut self, field: &'t Field, slot: &Slot<'_>) -> Result<(), Stop> {
        if !self.checking && matches!(slot, Slot::Unset) {
            return Ok(());
        }
        if field.required && !field.is_set(slot) {
            return self.violation("required", "is required".into());
        }
        match &field.shape {
            Shape::One {
                kind,
                rules,
                presence,
            } => match slot.raw() {
                Some(raw) => {
                    let skip = field.skip_zero && !presence && is_zero(*kind, raw);
                    self.value(*kind, if skip { &ValueRules::None } else { rules }, raw)
                }
                None if *presence || field.skip_zero => Ok(()),
                None => self.value(*kind, rules, zero(*kind)),
            },
            Shape::Many { kind, rules } => match slot.items() {
                [] if field.skip_zero => Ok(()),
                items => self.list(*kind, rules, items),
            },
            Shape::Map { key, value, rules } => match slot.items() {
                [] if field.skip_zero => Ok(()),
                entries => self.map((*key, *value), rules, entries),
            },
        }
    }

    fn list(&mut self, kind: Kind, rules: &'t ListRules, items: &[Raw<'_>]) -> Result<(), Stop> {
        if let Some(wrong) = rules.length.check(items.len() as u64, &ITEMS) {
            self.violation(&format!("repeated.{}", wrong.rule), wrong.says)?;
        }
        if self.in_haste() && rules.length.is_exceeded(items.len()) {
            // Nobody reads what is said about the items of a list that is refused as a whole.
            return Ok(());
        }
        let mut seen = HashSet::new();
        let mut repeats = false;
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Index(index));
            self.inner(kind, &rules.items, *item)?;
            self.path.pop();
            repeats = repeats || rules.unique && !seen.insert(*item);
        }
        if repeats {
            self.violation(
                "repeated.unique",
                "must not have the same item twice".into(),
            )?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        (key_kind, value_kind): (Kind, Kind),
        rules: &'t MapRules,
        entries: &[Raw<'_>],
    ) -> Result<(), Stop> {
        let mut keys = HashSet::new();
        for entry in entries {
            let Raw::Bytes(entry) = entry else {
                return Err(Stop::Malformed);
            };
            let (mut key, mut value) = (zero(key_kind), zero(value_kind));
            let mut reader = Reader(entry);
            while let Some((number, raw)) = reader.field()? {
                match number {
                    1 => key = raw,
                    2 => value = raw,
                    _ => {}
                }
            }
            self.path.push(Step::Key(print_key(key_kind, key)?));
            self.for_key = true;
            self.inner(key_kind, &rules.keys, key)?;
            self.for_key = false;
            self.inner(value_kind, &rules.values, value)?;
            self.path.pop();
            keys.insert(key);
            if self.in_haste() && rules.length.is_exceeded(keys.len()) {
                break;
            }
        }
        match rules.length.check(keys.len() as u64, &ENTRIES) {
            Some(wrong) => self.violation(&format!("map.{}", wrong.rule), wrong.says),
            None => Ok(()),
        }
    }

    /// An item, a key or a value.
    fn inner(&mut self, kind: Kind, inner: &'t Inner, raw: Raw<'_>) -> Result<(), Stop> {
        let skip = inner.skip_zero && is_zero(kind, raw);
        let rules = if skip {
            &ValueRules::None
        } else {
            &inner.rules
        };
        self.value(kind, rules, raw)
    }
}
