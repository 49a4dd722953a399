//! Addresses and prefixes of IP (RFC 4291, RFC 4632).

use std::net::{Ipv4Addr, Ipv6Addr};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Version {
    Any,
    V4,
    V6,
}

/// An address; one of IPv6 may name its zone (`fe80::1%eth0`, RFC 4007).
pub(crate) fn is_ip(value: &str, version: Version) -> bool {
    match version {
        Version::V4 => value.parse::<Ipv4Addr>().is_ok(),
        Version::V6 => {
            let (address, zone) = value.split_once('%').unwrap_or((value, "-"));
            address.parse::<Ipv6Addr>().is_ok() && !zone.is_empty()
        }
        Version::Any => is_ip(value, Version::V4) || is_ip(value, Version::V6),
    }
}

/// An address and the length of a prefix; `strict` if nothing may be set after the prefix.
pub(crate) fn is_prefix(value: &str, version: Version, strict: bool) -> bool {
    if version == Version::Any {
        return is_prefix(value, Version::V4, strict) || is_prefix(value, Version::V6, strict);
    }
    let Some((address, length)) = value.split_once('/') else {
        return false;
    };
    let (bits, width) = match version {
        Version::V4 => (address.parse().map(|it: Ipv4Addr| it.to_bits().into()), 32),
        _ => (address.parse().map(|it: Ipv6Addr| it.to_bits()), 128),
    };
    let (Ok(bits), Some(length)) = (bits, number(length)) else {
        return false;
    };
    let after = u128::MAX.checked_shr(128 - width + length).unwrap_or(0);
    length <= width && (!strict || bits & after == 0)
}

/// Digits without a zero in front.
pub(crate) fn number(digits: &str) -> Option<u32> {
    let is_canonical = digits == "0" || !digits.starts_with('0');
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_canonical && are_digits)
}
