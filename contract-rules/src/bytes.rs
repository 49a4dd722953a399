//! Rules of `bytes`.

use regex::Regex;

use crate::length::{BYTES, Length};
use crate::violation::Wrong;

#[derive(Debug)]
pub(crate) enum BytesRule {
    Const(Vec<u8>),
    Prefix(Vec<u8>),
    Suffix(Vec<u8>),
    Contains(Vec<u8>),
    In(Vec<Vec<u8>>),
    NotIn(Vec<Vec<u8>>),
    Length(Length),
    /// Of bytes that are UTF-8.
    Pattern(Regex),
    Format(&'static Format),
}

/// What bytes are of these lengths.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    lengths: &'static [usize],
    says: &'static str,
}

pub(crate) static FORMATS: [Format; 4] = [
    format("ip", &[4, 16], "must be an IP address"),
    format("ipv4", &[4], "must be an IPv4 address"),
    format("ipv6", &[16], "must be an IPv6 address"),
    format("uuid", &[16], "must be a UUID"),
];

const fn format(name: &'static str, lengths: &'static [usize], says: &'static str) -> Format {
    Format {
        name,
        lengths,
        says,
    }
}

impl Format {
    pub(crate) fn longest(&self) -> Option<usize> {
        self.lengths.iter().copied().max()
    }
}

impl BytesRule {
    pub(crate) fn check(&self, value: &[u8]) -> Option<Wrong> {
        let (fits, rule, says) = match self {
            BytesRule::Const(must) => (value == must, "const", "is not the one value allowed"),
            BytesRule::Prefix(prefix) => (
                value.starts_with(prefix),
                "prefix",
                "does not start as it must",
            ),
            BytesRule::Suffix(suffix) => {
                (value.ends_with(suffix), "suffix", "does not end as it must")
            }
            BytesRule::Contains(part) => (
                contains(value, part),
                "contains",
                "does not contain what it must",
            ),
            BytesRule::In(all) => (
                all.iter().any(|one| one == value),
                "in",
                "is not one of the values allowed",
            ),
            BytesRule::NotIn(all) => (
                !all.iter().any(|one| one == value),
                "not_in",
                "is one of the values that are not allowed",
            ),
            BytesRule::Length(length) => return length.check(value.len() as u64, &BYTES),
            BytesRule::Pattern(pattern) => {
                let fits = std::str::from_utf8(value).is_ok_and(|text| pattern.is_match(text));
                return Wrong::unless(fits, "pattern", || format!("must match {pattern}"));
            }
            BytesRule::Format(format) => {
                let fits = format.lengths.contains(&value.len());
                let name = match value.is_empty() {
                    true => format!("{}_empty", format.name),
                    false => format.name.into(),
                };
                return Wrong::unless(fits, &name, || format.says.into());
            }
        };
        Wrong::unless(fits, rule, || says.into())
    }
}

pub(crate) fn contains(value: &[u8], part: &[u8]) -> bool {
    part.is_empty() || value.windows(part.len()).any(|window| window == part)
}
