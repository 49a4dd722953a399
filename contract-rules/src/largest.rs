//! The largest message that the rules of its contract allow, so that a body can be refused before
//! it is read.
//!
//! A field without a bound, and a message within itself, leave the whole message without one. What
//! rules do not reach (OUTPUT_ONLY) counts only where its type bounds it.

use std::collections::HashMap;

use prost::encoding::{encoded_len_varint, key_len};
use regex_syntax::hir::Look;

use crate::bytes::BytesRule;
use crate::kind::Kind;
use crate::length::Length;
use crate::list::{ListRules, MapRules};
use crate::rules::Rules;
use crate::table::{Field, Shape, Table};
use crate::text::{self, TextRule};
use crate::value::ValueRules;

/// For fields that nobody reads, fields that come twice, white space, escapes in names.
const SLACK: Size = Size::both(4 << 10);
/// The longest name of an enum's value, or about so.
const ENUM_NAME: usize = 128;
/// The longest number in JSON, with quotes: a double with all its digits and an exponent.
const NUMBER: usize = 32;

/// An amount: its currency is three letters (ISO 4217), says google/type/money.proto, which has no rules.
const MONEY: (&str, Size) = ("google.type.Money", Size::of(32, 128));

/// Bytes of a message in both of its forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// As protobuf's wire format.
    pub wire: usize,
    /// As JSON, with every character of its text escaped.
    pub json: usize,
}

impl Size {
    const fn both(bytes: usize) -> Self {
        Self {
            wire: bytes,
            json: bytes,
        }
    }

    const fn of(wire: usize, json: usize) -> Self {
        Self { wire, json }
    }

    fn and(self, other: Self) -> Self {
        Self {
            wire: self.wire.saturating_add(other.wire),
            json: self.json.saturating_add(other.json),
        }
    }

    fn times(self, count: usize) -> Self {
        Self {
            wire: self.wire.saturating_mul(count),
            json: self.json.saturating_mul(count),
        }
    }

    /// Behind its length.
    fn delimited(self) -> Self {
        self.and(Self::of(encoded_len_varint(self.wire as u64), 0))
    }
}

impl Rules {
    /// The most bytes that a request may reasonably have; `None` if the rules do not tell. It is
    /// twice the largest message and 4 KiB more.
    pub fn largest(&self) -> Option<Size> {
        let mut measure = Measure {
            tables: &self.tables,
            known: HashMap::new(),
        };
        Some(measure.message(0, true)?.times(2).and(SLACK))
    }
}

struct Measure<'t> {
    tables: &'t [Table],
    /// By the place of a table, and whether its rules are asked. `None` while a message is
    /// measured: one that holds itself has no bound.
    known: HashMap<(usize, bool), Option<Size>>,
}

impl Measure<'_> {
    fn message(&mut self, table: usize, checked: bool) -> Option<Size> {
        if let Some(known) = self.known.get(&(table, checked)) {
            return *known;
        }
        let tables = self.tables;
        if tables[table].name == MONEY.0 {
            return Some(MONEY.1);
        }
        self.known.insert((table, checked), None);
        let mut size = Size::of(0, "{}".len());
        for field in &tables[table].fields {
            size = size.and(self.field(field, checked)?);
        }
        self.known.insert((table, checked), Some(size));
        Some(size)
    }

    fn field(&mut self, field: &Field, checked: bool) -> Option<Size> {
        let named = Size::of(0, field.name.json.len() + r#""":,"#.len());
        let tag = Size::of(key_len(field.number), 0);
        let none = (&ListRules::default(), &MapRules::default());
        let size = match &field.shape {
            Shape::One { kind, rules, .. } => tag.and(self.value(*kind, rules, checked)?),
            Shape::Many { kind, rules } => {
                let rules = if checked { rules } else { none.0 };
                let one = tag.and(self.value(*kind, &rules.items.rules, checked)?);
                let most = most(&rules.length)?;
                one.and(Size::of(0, ",".len()))
                    .times(most)
                    .and(Size::of(0, "[]".len()))
            }
            Shape::Map { key, value, rules } => {
                let rules = if checked { rules } else { none.1 };
                let key = self.value(*key, &rules.keys.rules, checked)?;
                let value = self.value(*value, &rules.values.rules, checked)?;
                let entry = Size::of(2, r#""":,"#.len()).and(key).and(value);
                let one = tag.and(entry.delimited());
                one.times(most(&rules.length)?).and(Size::of(0, "{}".len()))
            }
        };
        Some(named.and(size))
    }

    fn value(&mut self, kind: Kind, rules: &ValueRules, checked: bool) -> Option<Size> {
        let size = match kind {
            Kind::Bool => Size::of(1, "false".len()),
            Kind::Enum => Size::of(10, ENUM_NAME),
            Kind::Fixed32 | Kind::Sfixed32 | Kind::Float => Size::of(4, NUMBER),
            Kind::Fixed64 | Kind::Sfixed64 | Kind::Double => Size::of(8, NUMBER),
            Kind::Text => match rules {
                ValueRules::Text(rules) if checked => text(&rules.rules)?.delimited(),
                _ => return None,
            },
            Kind::Bytes => match rules {
                ValueRules::Bytes(rules) if checked => bytes(&rules.rules)?.delimited(),
                _ => return None,
            },
            Kind::Message {
                table,
                checked: within,
                ..
            } => self.message(table, checked && within)?.delimited(),
            // Varints of all widths.
            _ => Size::of(10, NUMBER),
        };
        Some(size)
    }
}

fn most(length: &Length) -> Option<usize> {
    length
        .most
        .map(|most| usize::try_from(most).unwrap_or(usize::MAX))
}

fn text(rules: &[TextRule]) -> Option<Size> {
    let characters = rules.iter().find_map(|rule| match rule {
        TextRule::Characters(length) => most(length),
        _ => None,
    });
    let bytes = rules.iter().filter_map(|rule| match rule {
        TextRule::Const(text) => Some(text.len()),
        TextRule::In(all) => all.iter().map(String::len).max(),
        TextRule::Bytes(length) => most(length),
        TextRule::Characters(length) => {
            most(length).map(|characters| characters.saturating_mul(width(rules)))
        }
        TextRule::Pattern(pattern) => longest(pattern.as_str()),
        TextRule::Format(format) => format.longest,
        _ => None,
    });
    let bytes = bytes.min()?;
    // `\u0041` for a character of one byte, `\ud83d\ude00` for one of four.
    let escaped = bytes.saturating_mul(6);
    let escaped = characters.map_or(escaped, |most| escaped.min(most.saturating_mul(12)));
    Some(Size::of(bytes, escaped.saturating_add(r#""""#.len())))
}

/// Bytes of a character. Lengths count those of the composed text; Korean, which grows most, has three
/// for each before it is composed. With the room that is left to spare (see [`Rules::largest`]) half is
/// enough.
fn width(rules: &[TextRule]) -> usize {
    match text::kind(rules) {
        Some(_) => 6,
        None => 4,
    }
}

/// Most bytes of a text that a pattern matches wholly.
fn longest(pattern: &str) -> Option<usize> {
    let pattern = regex_syntax::parse(pattern).ok()?;
    let pattern = pattern.properties();
    let is_whole = pattern.look_set_prefix().contains(Look::Start)
        && pattern.look_set_suffix().contains(Look::End);
    pattern.maximum_len().filter(|_| is_whole)
}

fn bytes(rules: &[BytesRule]) -> Option<Size> {
    let bytes = rules.iter().filter_map(|rule| match rule {
        BytesRule::Const(bytes) => Some(bytes.len()),
        BytesRule::In(all) => all.iter().map(Vec::len).max(),
        BytesRule::Length(length) => most(length),
        BytesRule::Format(format) => format.longest(),
        _ => None,
    });
    let bytes = bytes.min()?;
    let base64 = bytes.div_ceil(3).saturating_mul(4);
    Some(Size::of(bytes, base64.saturating_add(r#""""#.len())))
}
