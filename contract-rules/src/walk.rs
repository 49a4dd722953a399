//! The pass over a message.

use std::borrow::Cow;
use std::collections::HashSet;

use super::list::{ListRules, MapRules};
use super::path::{Step, print};
use super::slots::{Slot, read};
use super::table::{Field, Kind, Shape, ValueRules};
use super::values::{float, integer, is_zero, nanoseconds, print_key, zero};
use super::wire::{Malformed, Raw, Reader};
use crate::Rules;

/// Deeper messages are refused, as the decoder does.
const MAX_DEPTH: usize = 100;
/// More violations are not told: a status travels in headers, whose size is limited, and nobody reads
/// on. One more ends the pass.
pub(super) const MAX_VIOLATIONS: usize = 20;

/// Why a pass ends before the message does.
pub(super) enum Stop {
    Malformed,
    /// There are more violations than are told.
    Enough,
}

impl From<Malformed> for Stop {
    fn from(Malformed: Malformed) -> Stop {
        Stop::Malformed
    }
}

pub(super) struct Walk<'t> {
    rules: &'t Rules,
    path: Vec<Step<'t>>,
    depth: usize,
    /// False inside of what is only read, not checked.
    checking: bool,
    violations: Vec<(String, String)>,
    /// False once a text is in another form than its kind asks for.
    pub(super) is_normal: bool,
}

impl<'t> Walk<'t> {
    pub(super) fn new(rules: &'t Rules) -> Walk<'t> {
        Walk {
            rules,
            path: Vec::new(),
            depth: 0,
            checking: true,
            violations: Vec::new(),
            is_normal: true,
        }
    }

    pub(super) fn violations(self) -> Vec<(String, String)> {
        self.violations
    }

    pub(super) fn message(&mut self, table: usize, bytes: &[u8]) -> Result<(), Stop> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Stop::Malformed);
        }
        let table = &self.rules.tables[table];
        let slots = read(table, bytes, self.checking)?;
        for (field, slot) in table.fields.iter().zip(&slots) {
            self.path.push(Step::Field(&field.name));
            self.field(field, slot)?;
            self.path.pop();
        }
        for (index, oneof) in table
            .oneofs
            .iter()
            .enumerate()
            .filter(|(_, one)| one.required)
        {
            let is_set = |(field, slot): (&Field, &Slot<'_>)| {
                field.oneof == Some(index) && !matches!(slot, Slot::Unset)
            };
            if !table.fields.iter().zip(&slots).any(is_set) {
                self.path.push(Step::Field(&oneof.name));
                self.violation("exactly one of its fields must be set".into())?;
                self.path.pop();
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn field(&mut self, field: &'t Field, slot: &Slot<'_>) -> Result<(), Stop> {
        if !self.checking && matches!(slot, Slot::Unset) {
            return Ok(());
        }
        match &field.shape {
            Shape::One {
                kind,
                rules,
                presence,
            } => {
                let raw = match slot {
                    Slot::One(raw) => Some(*raw),
                    Slot::Merged(bytes) => Some(Raw::Bytes(bytes)),
                    Slot::Unset | Slot::Many(_) => None,
                };
                let is_there = raw.is_some_and(|raw| *presence || !is_zero(*kind, raw));
                if field.required && !is_there {
                    self.violation("is required".into())?;
                } else if let Some(raw) = raw {
                    let skip = field.skip_zero && !presence && is_zero(*kind, raw);
                    self.value(*kind, if skip { &ValueRules::None } else { rules }, raw)?;
                } else if !presence && !field.skip_zero {
                    self.value(*kind, rules, zero(*kind))?;
                }
            }
            Shape::Many { kind, rules } => {
                let items = match slot {
                    Slot::Many(items) => items.as_slice(),
                    _ => &[],
                };
                self.list(field, *kind, rules, items)?;
            }
            Shape::Map { key, value, rules } => {
                let entries = match slot {
                    Slot::Many(entries) => entries.as_slice(),
                    _ => &[],
                };
                self.map(field, (*key, *value), rules, entries)?;
            }
        }
        Ok(())
    }

    fn list(
        &mut self,
        field: &Field,
        kind: Kind,
        rules: &'t ListRules,
        items: &[Raw<'_>],
    ) -> Result<(), Stop> {
        if items.is_empty() && (field.required || field.skip_zero) {
            if field.required {
                self.violation("is required".into())?;
            }
            return Ok(());
        }
        if let Some(wrong) = rules.length.check(items.len() as u64, "items") {
            self.violation(wrong)?;
        }
        if self.checking && rules.length.is_exceeded(items.len()) {
            // Nobody reads what is said about the items of a list that is refused as a whole.
            return Ok(());
        }
        let mut seen = HashSet::new();
        let mut repeats = false;
        for (index, item) in items.iter().enumerate() {
            self.path.push(Step::Index(index));
            let skip = rules.skip_zero_items && is_zero(kind, *item);
            self.value(
                kind,
                if skip {
                    &ValueRules::None
                } else {
                    &rules.items
                },
                *item,
            )?;
            self.path.pop();
            repeats = repeats || rules.unique && !seen.insert(*item);
        }
        if repeats {
            self.violation("must not have the same item twice".into())?;
        }
        Ok(())
    }

    fn map(
        &mut self,
        field: &Field,
        (key_kind, value_kind): (Kind, Kind),
        rules: &'t MapRules,
        entries: &[Raw<'_>],
    ) -> Result<(), Stop> {
        if entries.is_empty() && (field.required || field.skip_zero) {
            if field.required {
                self.violation("is required".into())?;
            }
            return Ok(());
        }
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
            let skip = rules.skip_zero_keys && is_zero(key_kind, key);
            self.value(
                key_kind,
                if skip { &ValueRules::None } else { &rules.keys },
                key,
            )?;
            let skip = rules.skip_zero_values && is_zero(value_kind, value);
            self.value(
                value_kind,
                if skip {
                    &ValueRules::None
                } else {
                    &rules.values
                },
                value,
            )?;
            self.path.pop();
            keys.insert(key);
            if self.checking && rules.length.is_exceeded(keys.len()) {
                break;
            }
        }
        if let Some(wrong) = rules.length.check(keys.len() as u64, "entries") {
            self.violation(wrong)?;
        }
        Ok(())
    }

    /// Reads a value as its kind asks, and holds it against its rules.
    fn value(&mut self, kind: Kind, rules: &'t ValueRules, raw: Raw<'_>) -> Result<(), Stop> {
        let rules = if self.checking {
            rules
        } else {
            &ValueRules::None
        };
        let wrong = match (kind, raw) {
            (Kind::Message { table, checked }, Raw::Bytes(bytes)) => {
                let outer = self.checking;
                self.checking = outer && checked;
                let known = self.violations.len();
                self.message(table, bytes)?;
                self.checking = outer;
                match rules {
                    ValueRules::Time(rules) if self.violations.len() == known => {
                        rules.check(nanoseconds(bytes)?)
                    }
                    _ => None,
                }
            }
            (Kind::Text, Raw::Bytes(bytes)) => {
                let text = std::str::from_utf8(bytes).map_err(|_| Stop::Malformed)?;
                if self.rules.refuse_nul && text.contains('\0') {
                    Some("must not hold the character U+0000".into())
                } else if let ValueRules::Text(rules) = rules {
                    let normal = rules
                        .kind
                        .map_or(Cow::Borrowed(text), |kind| kind.normal(text));
                    self.is_normal &= matches!(normal, Cow::Borrowed(_));
                    rules.check(&normal)
                } else {
                    None
                }
            }
            (Kind::Bytes, Raw::Bytes(bytes)) => {
                if let ValueRules::Bytes(rules) = rules {
                    rules.check(bytes)
                } else {
                    None
                }
            }
            (Kind::Float | Kind::Double, _) => {
                let value = float(kind, raw)?;
                if let ValueRules::Float(rules) = rules {
                    rules.check(value)
                } else {
                    None
                }
            }
            _ => match (integer(kind, raw)?, rules) {
                (value, ValueRules::Int(rules)) => rules.check(value),
                (value, ValueRules::Bool { must_be }) if (value != 0) != *must_be => {
                    Some(format!("must be {must_be}"))
                }
                _ => None,
            },
        };
        wrong.map_or(Ok(()), |wrong| self.violation(wrong))
    }

    fn violation(&mut self, description: String) -> Result<(), Stop> {
        if !self.checking {
            return Ok(());
        }
        if self.violations.len() == MAX_VIOLATIONS {
            return Err(Stop::Enough);
        }
        self.violations.push((print(&self.path), description));
        Ok(())
    }
}
