//! Names of hosts, and what has one in it.

use std::sync::LazyLock;

use regex::Regex;

use super::ip::{Version, is_ip, number};

/// An address as browsers take it (HTML, section 4.10.5.1.5), which is what the rule asks.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    let pattern = format!(r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{label}(?:\.{label})*$");
    Regex::new(&pattern).expect("the pattern is valid")
});

pub(crate) fn is_email(value: &str) -> bool {
    EMAIL.is_match(value)
}

/// RFC 1034, section 3.5, with digits in front allowed (RFC 1123, section 2.1).
pub(crate) fn is_hostname(value: &str) -> bool {
    let name = value.strip_suffix('.').unwrap_or(value);
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    let last_is_number = name.rsplit('.').next().is_some_and(is_number);
    name.len() <= 253 && !last_is_number && name.split('.').all(is_label)
}

fn is_label(label: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (1..=63).contains(&label.len())
        && label.bytes().all(may_stand)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// A name, an address of IPv4, or one of IPv6 in brackets, and a port.
pub(crate) fn is_host_and_port(value: &str, needs_port: bool) -> bool {
    let is_bracketed = value.starts_with('[');
    let (host, port) = match (is_bracketed, value.rfind(']'), value.rfind(':')) {
        (true, Some(end), Some(colon)) if colon == end + 1 => {
            (&value[..colon], &value[colon + 1..])
        }
        (true, Some(end), _) if end + 1 == value.len() && !needs_port => (value, "0"),
        (false, _, Some(colon)) => (&value[..colon], &value[colon + 1..]),
        (false, _, None) if !needs_port => (value, "0"),
        _ => return false,
    };
    let is_host = match host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
        Some(address) => is_ip(address, Version::V6),
        None => is_hostname(host) || is_ip(host, Version::V4),
    };
    is_host && number(port).is_some_and(|port| port <= u32::from(u16::MAX))
}
