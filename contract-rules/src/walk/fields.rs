//! Fields: whether they are set, how many values they have, and which of these are asked.

use std::collections::{HashMap, HashSet};

use super::{Stop, Walk};
use crate::expression::{of_field, of_value};
use crate::kind::Kind;
use crate::length::{ENTRIES, ITEMS};
use crate::list::{Inner, ListRules, MapRules};
use crate::path::Step;
use crate::raw::{canonical, entry, is_zero, print_key, zero};
use crate::slots::Slot;
use crate::table::{Field, Shape};
use crate::value::ValueRules;
use crate::wire::Raw;

impl<'t> Walk<'t> {
    pub(super) fn field(&mut self, field: &'t Field, slot: &Slot<'_>) -> Result<(), Stop> {
        if !self.checking && matches!(slot, Slot::Unset) {
            return Ok(());
        }
        if field.required && !field.is_set(slot) {
            self.violation("required", "is required".into())?;
            return match (&field.shape, slot.raw()) {
                (Shape::One { kind, .. }, Some(raw)) => self.unchecked(*kind, raw),
                _ => Ok(()),
            };
        }
        let known = self.violations.len();
        match &field.shape {
            Shape::One { kind, rules, .. } => match slot.raw() {
                Some(raw) if is_skipped(field, slot) => {
                    return self.value(*kind, &ValueRules::None, raw);
                }
                None if is_skipped(field, slot) => return Ok(()),
                raw => self.value(*kind, rules, raw.unwrap_or(zero(*kind)))?,
            },
            _ if is_skipped(field, slot) => return Ok(()),
            Shape::Many { kind, rules } => self.list(*kind, rules, slot.items())?,
            Shape::Map { key, value, rules } => self.map((*key, *value), rules, slot.items())?,
        }
        self.express(&field.programs, known, |source| {
            of_field(source, field, slot)
        })
    }

    /// Only reads a value.
    pub(super) fn unchecked(&mut self, kind: Kind, raw: Raw<'_>) -> Result<(), Stop> {
        let checking = std::mem::replace(&mut self.checking, false);
        self.value(kind, &ValueRules::None, raw)?;
        self.checking = checking;
        Ok(())
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
            if rules.unique
                && let Some(item) = canonical(kind, *item)?
            {
                repeats |= !seen.insert(item);
            }
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
        kinds: (Kind, Kind),
        rules: &'t MapRules,
        entries: &[Raw<'_>],
    ) -> Result<(), Stop> {
        // Of entries with the same key the last counts.
        let mut keys = HashMap::new();
        let mut all = Vec::with_capacity(entries.len());
        for one in entries {
            let (key, value) = entry(kinds, *one)?;
            keys.insert(canonical(kinds.0, key)?, all.len());
            all.push((key, value));
            if self.in_haste() && rules.length.is_exceeded(keys.len()) {
                break;
            }
        }
        for (at, (key, value)) in all.into_iter().enumerate() {
            if keys[&canonical(kinds.0, key)?] != at {
                self.unchecked(kinds.0, key)?;
                self.unchecked(kinds.1, value)?;
                continue;
            }
            self.path.push(Step::Key(print_key(kinds.0, key)?));
            self.for_key = true;
            self.inner(kinds.0, &rules.keys, key)?;
            self.for_key = false;
            self.inner(kinds.1, &rules.values, value)?;
            self.path.pop();
        }
        match rules.length.check(keys.len() as u64, &ENTRIES) {
            Some(wrong) => self.violation(&format!("map.{}", wrong.rule), wrong.says),
            None => Ok(()),
        }
    }

    /// An item, a key or a value.
    fn inner(&mut self, kind: Kind, inner: &'t Inner, raw: Raw<'_>) -> Result<(), Stop> {
        if inner.skip_zero && is_zero(kind, raw) {
            return self.value(kind, &ValueRules::None, raw);
        }
        let known = self.violations.len();
        self.value(kind, &inner.rules, raw)?;
        self.express(&inner.programs, known, |source| of_value(source, kind, raw))
    }
}

/// Whether its rules are not asked: it is not set, or as good as not.
fn is_skipped(field: &Field, slot: &Slot<'_>) -> bool {
    let has_presence = matches!(field.shape, Shape::One { presence: true, .. });
    (has_presence || field.skip_zero) && !field.is_set(slot)
}
