//! Rules of text and bytes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::number::list;
use crate::Text;

/// Rules of `string`. Lengths count characters, byte lengths the bytes of UTF-8.
#[derive(Debug, Default)]
pub(super) struct TextRules {
    pub(super) length: Length,
    pub(super) byte_length: Length,
    pub(super) must_be: Option<String>,
    pub(super) pattern: Option<Regex>,
    pub(super) prefix: Option<String>,
    pub(super) suffix: Option<String>,
    pub(super) contains: Option<String>,
    pub(super) not_contains: Option<String>,
    pub(super) one_of: Vec<String>,
    pub(super) none_of: Vec<String>,
    pub(super) format: Option<Format>,
    /// What people may write.
    pub(super) kind: Option<&'static dyn Text>,
}

/// Bounds of a length.
#[derive(Debug, Default)]
pub(super) struct Length {
    pub(super) least: Option<u64>,
    pub(super) most: Option<u64>,
}

impl Length {
    pub(super) fn check(&self, length: u64, of: &str) -> Option<String> {
        let (least, most) = (self.least.unwrap_or(0), self.most.unwrap_or(u64::MAX));
        match (length < least, length > most) {
            (false, false) => None,
            _ if least == most => Some(format!("must have exactly {least} {of}")),
            (true, _) => Some(format!("must have at least {least} {of}")),
            (_, true) => Some(format!("must have at most {most} {of}")),
        }
    }

    pub(super) fn is_exceeded(&self, length: usize) -> bool {
        self.most.is_some_and(|most| length as u64 > most)
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.least.is_some() || self.most.is_some()
    }
}

/// A well-known format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Format {
    Email,
    Hostname,
    Ip,
    Ipv4,
    Ipv6,
    Uri,
    Address,
    Uuid,
}

impl TextRules {
    pub(super) fn check(&self, value: &str) -> Option<String> {
        if let Some(must) = self.must_be.as_deref().filter(|must| *must != value) {
            return Some(format!("must be {must:?}"));
        }
        if self.length.is_bounded() {
            let wrong = self
                .length
                .check(value.chars().count() as u64, "characters");
            if wrong.is_some() {
                return wrong;
            }
        }
        let wrong = self.byte_length.check(value.len() as u64, "bytes");
        if wrong.is_some() {
            return wrong;
        }
        let wrong = self.kind.and_then(|kind| kind.wrong(value));
        if wrong.is_some() {
            return wrong;
        }
        if let Some(prefix) = self
            .prefix
            .as_deref()
            .filter(|prefix| !value.starts_with(prefix))
        {
            return Some(format!("must start with {prefix:?}"));
        }
        if let Some(suffix) = self
            .suffix
            .as_deref()
            .filter(|suffix| !value.ends_with(suffix))
        {
            return Some(format!("must end with {suffix:?}"));
        }
        if let Some(part) = self
            .contains
            .as_deref()
            .filter(|part| !value.contains(part))
        {
            return Some(format!("must contain {part:?}"));
        }
        if let Some(part) = self
            .not_contains
            .as_deref()
            .filter(|part| value.contains(part))
        {
            return Some(format!("must not contain {part:?}"));
        }
        if !self.one_of.is_empty() && !self.one_of.iter().any(|one| one == value) {
            return Some(format!("must be one of {}", list(&self.one_of)));
        }
        if self.none_of.iter().any(|one| one == value) {
            return Some(format!("must not be one of {}", list(&self.none_of)));
        }
        if let Some(pattern) = self
            .pattern
            .as_ref()
            .filter(|pattern| !pattern.is_match(value))
        {
            return Some(format!("must match {pattern}"));
        }
        self.format
            .filter(|format| !format.fits(value))
            .map(|format| format.wrong().to_owned())
    }
}

impl Format {
    fn fits(self, value: &str) -> bool {
        match self {
            Format::Email => EMAIL.is_match(value),
            Format::Hostname => is_hostname(value),
            Format::Ip => value.parse::<IpAddr>().is_ok(),
            Format::Ipv4 => value.parse::<Ipv4Addr>().is_ok(),
            Format::Ipv6 => value.parse::<Ipv6Addr>().is_ok(),
            Format::Uri => URI.is_match(value),
            Format::Address => value.parse::<IpAddr>().is_ok() || is_hostname(value),
            // The form with dashes alone; the parser takes others too.
            Format::Uuid => value.len() == 36 && uuid::Uuid::try_parse(value).is_ok(),
        }
    }

    fn wrong(self) -> &'static str {
        match self {
            Format::Email => "must be an e-mail address",
            Format::Hostname => "must be a host name",
            Format::Ip => "must be an IP address",
            Format::Ipv4 => "must be an IPv4 address",
            Format::Ipv6 => "must be an IPv6 address",
            Format::Uri => "must be a URI",
            Format::Address => "must be a host name or an IP address",
            Format::Uuid => "must be a UUID",
        }
    }
}

/// An address as browsers take it (HTML, section 4.10.5.1.5), which is what the rule asks.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    regex(&format!(
        r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{label}(?:\.{label})*$"
    ))
});

/// RFC 3986: a scheme, and characters that may stand in a URI.
static URI: LazyLock<Regex> = LazyLock::new(|| {
    let part = r"(?:[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*";
    regex(&format!("^[A-Za-z][A-Za-z0-9+.-]*:{part}(?:#{part})?$"))
});

/// RFC 1034, section 3.5, with digits in front allowed (RFC 1123, section 2.1).
static LABEL: LazyLock<Regex> =
    LazyLock::new(|| regex("^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$"));

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns above are valid")
}

fn is_hostname(value: &str) -> bool {
    let name = value.strip_suffix('.').unwrap_or(value);
    let last_is_number = name
        .rsplit('.')
        .next()
        .is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()));
    name.len() <= 253 && !last_is_number && name.split('.').all(|label| LABEL.is_match(label))
}

/// Rules of `bytes`.
#[derive(Debug, Default)]
pub(super) struct BytesRules {
    pub(super) length: Length,
    pub(super) must_be: Option<Vec<u8>>,
    pub(super) prefix: Vec<u8>,
    pub(super) suffix: Vec<u8>,
    pub(super) one_of: Vec<Vec<u8>>,
    pub(super) none_of: Vec<Vec<u8>>,
}

impl BytesRules {
    pub(super) fn check(&self, value: &[u8]) -> Option<String> {
        let is_value = |one: &Vec<u8>| one == value;
        let wrong = if self.must_be.as_ref().is_some_and(|must| must != value) {
            "is not the one value allowed"
        } else if !value.starts_with(&self.prefix) {
            "does not start as it must"
        } else if !value.ends_with(&self.suffix) {
            "does not end as it must"
        } else if !self.one_of.is_empty() && !self.one_of.iter().any(is_value) {
            "is not one of the values allowed"
        } else if self.none_of.iter().any(is_value) {
            "is one of the values that are not allowed"
        } else {
            return self.length.check(value.len() as u64, "bytes");
        };
        Some(wrong.to_owned())
    }
}
