//! Rules of `string`.

use regex::Regex;

use crate::format::Format;
use crate::length::{BYTES_OF_TEXT, CHARACTERS, Length};
use crate::number::list;
use crate::requests::Text;
use crate::violation::Wrong;

/// They are asked in this order, the cheap ones first.
#[derive(Debug)]
pub(crate) enum TextRule {
    Const(String),
    Characters(Length),
    Bytes(Length),
    /// What people may write.
    Kind(&'static dyn Text),
    Prefix(String),
    Suffix(String),
    Contains(String),
    NotContains(String),
    In(Vec<String>),
    NotIn(Vec<String>),
    Pattern(Regex),
    Format(&'static Format),
}

impl TextRule {
    pub(crate) fn check(&self, value: &str) -> Option<Wrong> {
        let is_value = |one: &String| one == value;
        match self {
            TextRule::Const(must) => {
                Wrong::unless(value == must, "const", || format!("must be {must:?}"))
            }
            TextRule::Characters(length) => length.check(value.chars().count() as u64, &CHARACTERS),
            TextRule::Bytes(length) => length.check(value.len() as u64, &BYTES_OF_TEXT),
            TextRule::Kind(kind) => kind.wrong(value).map(|says| Wrong::new("kind", says)),
            TextRule::Prefix(prefix) => Wrong::unless(value.starts_with(prefix), "prefix", || {
                format!("must start with {prefix:?}")
            }),
            TextRule::Suffix(suffix) => Wrong::unless(value.ends_with(suffix), "suffix", || {
                format!("must end with {suffix:?}")
            }),
            TextRule::Contains(part) => Wrong::unless(value.contains(part), "contains", || {
                format!("must contain {part:?}")
            }),
            TextRule::NotContains(part) => {
                Wrong::unless(!value.contains(part), "not_contains", || {
                    format!("must not contain {part:?}")
                })
            }
            TextRule::In(all) => Wrong::unless(all.iter().any(is_value), "in", || {
                format!("must be one of {}", list(all))
            }),
            TextRule::NotIn(all) => Wrong::unless(!all.iter().any(is_value), "not_in", || {
                format!("must not be one of {}", list(all))
            }),
            TextRule::Pattern(pattern) => Wrong::unless(pattern.is_match(value), "pattern", || {
                format!("must match {pattern}")
            }),
            TextRule::Format(format) => format.check(value),
        }
    }
}

/// The kind of the text, if it has one.
pub(crate) fn kind(rules: &[TextRule]) -> Option<&'static dyn Text> {
    rules.iter().find_map(|rule| match rule {
        TextRule::Kind(kind) => Some(*kind),
        _ => None,
    })
}
