//! The pass over a message.

use std::borrow::Cow;
use std::collections::HashSet;

use super::list::{ListRules, MapRules};
use super::path::{Step, print};
use super::table::{Field, Kind, Shape, Table, ValueRules};
use super::wire::{Malformed, Raw, Reader};

/// Deeper messages are refused, as the decoder does.
const MAX_DEPTH: usize = 100;
/// More violations are not told.
const MAX_VIOLATIONS: usize = 100;

pub(super) struct Walk<'t> {
    tables: &'t [Table],
    path: Vec<Step<'t>>,
    depth: usize,
    /// False inside of what is only read, not checked.
    checking: bool,
    violations: Vec<(String, String)>,
}

/// What a field was set to.
enum Slot<'a> {
    Unset,
    /// The last value counts, except of messages, which are merged.
    One(Raw<'a>),
    Merged(Vec<u8>),
    Many(Vec<Raw<'a>>),
}

impl<'t> Walk<'t> {
    pub(super) fn new(tables: &'t [Table]) -> Walk<'t> {
        Walk {
            tables,
            path: Vec::new(),
            depth: 0,
            checking: true,
            violations: Vec::new(),
        }
    }

    pub(super) fn violations(self) -> Vec<(String, String)> {
        self.violations
    }

    pub(super) fn message(&mut self, table: usize, bytes: &[u8]) -> Result<(), Malformed> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Malformed);
        }
        let table = &self.tables[table];
        let slots = read(table, bytes)?;
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
                self.violation("exactly one of its fields must be set".into());
                self.path.pop();
            }
        }
        self.depth -= 1;
        Ok(())
    }

    fn field(&mut self, field: &'t Field, slot: &Slot<'_>) -> Result<(), Malformed> {
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
                    self.violation("is required".into());
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
    ) -> Result<(), Malformed> {
        if items.is_empty() && (field.required || field.skip_zero) {
            if field.required {
                self.violation("is required".into());
            }
            return Ok(());
        }
        if let Some(wrong) = rules.length.check(items.len() as u64, "items") {
            self.violation(wrong);
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
            repeats |= rules.unique && !seen.insert(bytes_of(*item));
        }
        if repeats {
            self.violation("must not have the same item twice".into());
        }
        Ok(())
    }

    fn map(
        &mut self,
        field: &Field,
        (key_kind, value_kind): (Kind, Kind),
        rules: &'t MapRules,
        entries: &[Raw<'_>],
    ) -> Result<(), Malformed> {
        if entries.is_empty() && (field.required || field.skip_zero) {
            if field.required {
                self.violation("is required".into());
            }
            return Ok(());
        }
        let mut keys = HashSet::new();
        for entry in entries {
            let Raw::Bytes(entry) = entry else {
                return Err(Malformed);
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
            keys.insert(bytes_of(key));
        }
        if let Some(wrong) = rules.length.check(keys.len() as u64, "entries") {
            self.violation(wrong);
        }
        Ok(())
    }

    /// Reads a value as its kind asks, and holds it against its rules.
    fn value(&mut self, kind: Kind, rules: &'t ValueRules, raw: Raw<'_>) -> Result<(), Malformed> {
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
                let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
                if let ValueRules::Text(rules) = rules {
                    rules.check(text)
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
        if let Some(wrong) = wrong {
            self.violation(wrong);
        }
        Ok(())
    }

    fn violation(&mut self, description: String) {
        if self.checking && self.violations.len() < MAX_VIOLATIONS {
            self.violations.push((print(&self.path), description));
        }
    }
}

/// Sorts the values of a message by their fields.
fn read<'a>(table: &Table, bytes: &'a [u8]) -> Result<Vec<Slot<'a>>, Malformed> {
    let mut slots: Vec<Slot<'a>> = Vec::new();
    slots.resize_with(table.fields.len(), || Slot::Unset);
    let mut reader = Reader(bytes);
    while let Some((number, raw)) = reader.field()? {
        let Some(place) = table.find(number) else {
            continue;
        };
        let field = &table.fields[place];
        if let Some(oneof) = field.oneof {
            // The last member counts; the same member again is merged.
            let others = table.fields.iter().zip(&mut slots).enumerate();
            for (_, (_, slot)) in
                others.filter(|(index, (other, _))| *index != place && other.oneof == Some(oneof))
            {
                *slot = Slot::Unset;
            }
        }
        let slot = &mut slots[place];
        match &field.shape {
            Shape::One {
                kind: Kind::Message { .. },
                ..
            } => merge(slot, raw)?,
            Shape::One { .. } => *slot = Slot::One(raw),
            Shape::Many { kind, .. } => {
                if !matches!(slot, Slot::Many(_)) {
                    *slot = Slot::Many(Vec::new());
                }
                if let Slot::Many(items) = slot {
                    append(items, *kind, raw)?;
                }
            }
            Shape::Map { .. } => match slot {
                Slot::Many(entries) => entries.push(raw),
                _ => *slot = Slot::Many(vec![raw]),
            },
        }
    }
    Ok(slots)
}

/// A message that comes in parts is what its parts are together.
fn merge<'a>(slot: &mut Slot<'a>, raw: Raw<'a>) -> Result<(), Malformed> {
    let Raw::Bytes(more) = raw else {
        return Err(Malformed);
    };
    *slot = match std::mem::replace(slot, Slot::Unset) {
        Slot::One(Raw::Bytes(first)) => Slot::Merged([first, more].concat()),
        Slot::Merged(mut bytes) => {
            bytes.extend_from_slice(more);
            Slot::Merged(bytes)
        }
        _ => Slot::One(raw),
    };
    Ok(())
}

/// Numbers may be packed into one value, whatever the contract says.
fn append<'a>(items: &mut Vec<Raw<'a>>, kind: Kind, raw: Raw<'a>) -> Result<(), Malformed> {
    let Raw::Bytes(packed) = raw else {
        items.push(raw);
        return Ok(());
    };
    let mut reader = Reader(packed);
    match kind {
        Kind::Text | Kind::Bytes | Kind::Message { .. } => items.push(raw),
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => {
            while !reader.0.is_empty() {
                items.push(Raw::Fixed32(reader.fixed32()?));
            }
        }
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => {
            while !reader.0.is_empty() {
                items.push(Raw::Fixed64(reader.fixed64()?));
            }
        }
        _ => {
            while !reader.0.is_empty() {
                items.push(Raw::Varint(reader.varint()?));
            }
        }
    }
    Ok(())
}

fn zero(kind: Kind) -> Raw<'static> {
    match kind {
        Kind::Text | Kind::Bytes | Kind::Message { .. } => Raw::Bytes(&[]),
        Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Raw::Fixed32(0),
        Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Raw::Fixed64(0),
        _ => Raw::Varint(0),
    }
}

fn is_zero(kind: Kind, raw: Raw<'_>) -> bool {
    match raw {
        Raw::Bytes(bytes) => !matches!(kind, Kind::Message { .. }) && bytes.is_empty(),
        Raw::Varint(value) => value == 0,
        // Minus zero is zero.
        Raw::Fixed32(bits) if kind == Kind::Float => f32::from_bits(bits) == 0.0,
        Raw::Fixed64(bits) if kind == Kind::Double => f64::from_bits(bits) == 0.0,
        Raw::Fixed32(value) => value == 0,
        Raw::Fixed64(value) => value == 0,
    }
}

fn integer(kind: Kind, raw: Raw<'_>) -> Result<i128, Malformed> {
    let zigzag = |value: u64| (value >> 1) as i64 ^ -((value & 1) as i64);
    Ok(match (kind, raw) {
        (Kind::Bool, Raw::Varint(value)) => i128::from(value != 0),
        (Kind::Int32 | Kind::Enum, Raw::Varint(value)) => i128::from(value as i32),
        (Kind::Int64, Raw::Varint(value)) => i128::from(value as i64),
        (Kind::Uint32, Raw::Varint(value)) => i128::from(value as u32),
        (Kind::Uint64, Raw::Varint(value)) => i128::from(value),
        (Kind::Sint32, Raw::Varint(value)) => i128::from(zigzag(u64::from(value as u32)) as i32),
        (Kind::Sint64, Raw::Varint(value)) => i128::from(zigzag(value)),
        (Kind::Fixed32, Raw::Fixed32(value)) => i128::from(value),
        (Kind::Sfixed32, Raw::Fixed32(value)) => i128::from(value as i32),
        (Kind::Fixed64, Raw::Fixed64(value)) => i128::from(value),
        (Kind::Sfixed64, Raw::Fixed64(value)) => i128::from(value as i64),
        _ => return Err(Malformed),
    })
}

fn float(kind: Kind, raw: Raw<'_>) -> Result<f64, Malformed> {
    match (kind, raw) {
        (Kind::Float, Raw::Fixed32(bits)) => Ok(f64::from(f32::from_bits(bits))),
        (Kind::Double, Raw::Fixed64(bits)) => Ok(f64::from_bits(bits)),
        _ => Err(Malformed),
    }
}

/// A Timestamp or a Duration: seconds (1) and nanoseconds (2).
fn nanoseconds(message: &[u8]) -> Result<i128, Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut reader = Reader(message);
    while let Some((number, raw)) = reader.field()? {
        match number {
            1 => seconds = integer(Kind::Int64, raw)?,
            2 => nanos = integer(Kind::Int32, raw)?,
            _ => {}
        }
    }
    Ok(seconds * 1_000_000_000 + nanos)
}

fn bytes_of(raw: Raw<'_>) -> Cow<'_, [u8]> {
    match raw {
        Raw::Bytes(bytes) => Cow::Borrowed(bytes),
        Raw::Varint(value) | Raw::Fixed64(value) => Cow::Owned(value.to_le_bytes().to_vec()),
        Raw::Fixed32(value) => Cow::Owned(value.to_le_bytes().to_vec()),
    }
}

fn print_key(kind: Kind, raw: Raw<'_>) -> Result<String, Malformed> {
    match (kind, raw) {
        (Kind::Text, Raw::Bytes(bytes)) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Malformed)?;
            Ok(format!("{text:?}"))
        }
        (Kind::Bool, Raw::Varint(value)) => Ok((value != 0).to_string()),
        _ => integer(kind, raw).map(|value| value.to_string()),
    }
}
