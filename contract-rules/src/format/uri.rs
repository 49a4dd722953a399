//! URIs (RFC 3986), with zones in addresses of IPv6 (RFC 6874).

use percent_encoding::percent_decode_str;

use super::ip::{Version, is_ip};

pub(crate) fn is_uri(value: &str) -> bool {
    let (hierarchy, rest_fits) = hierarchy(value);
    let parts = hierarchy.split_once(':');
    rest_fits && parts.is_some_and(|(scheme, rest)| is_scheme(scheme) && is_hierarchy(rest))
}

/// A URI, or a part of one that stands in a document with a URI of its own.
pub(crate) fn is_uri_reference(value: &str) -> bool {
    let (relative, rest_fits) = hierarchy(value);
    let first = relative.split('/').next().unwrap_or_default();
    is_uri(value) || rest_fits && !first.contains(':') && is_hierarchy(relative)
}

/// What stands before the query and the fragment, and whether these fit.
fn hierarchy(value: &str) -> (&str, bool) {
    let (value, fragment) = value.split_once('#').unwrap_or((value, ""));
    let (value, query) = value.split_once('?').unwrap_or((value, ""));
    (value, fits(query, ":@/?") && fits(fragment, ":@/?"))
}

fn is_scheme(scheme: &str) -> bool {
    let may_stand = |byte: u8| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(may_stand)
}

/// A path, with or without an authority before it.
fn is_hierarchy(value: &str) -> bool {
    match value.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            is_authority(&rest[..end]) && fits(&rest[end..], ":@/")
        }
        None => fits(value, ":@/"),
    }
}

fn is_authority(value: &str) -> bool {
    let (user, host) = value.split_once('@').unwrap_or(("", value));
    // The port is behind the brackets of an address, which has colons itself.
    let from = host.rfind(']').unwrap_or(0);
    let (host, port) = match host[from..].find(':') {
        Some(colon) => (&host[..from + colon], &host[from + colon + 1..]),
        None => (host, ""),
    };
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(is_literal),
        None => fits(host, ""),
    };
    // Bytes may be escaped in it if they are UTF-8.
    let is_text = percent_decode_str(host).decode_utf8().is_ok();
    fits(user, ":") && is_host && is_text && port.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_literal(value: &str) -> bool {
    if let Some(future) = value.strip_prefix('v') {
        return future.split_once('.').is_some_and(|(version, address)| {
            let is_version = version.bytes().all(|byte| byte.is_ascii_hexdigit());
            !version.is_empty() && is_version && !address.is_empty() && fits_raw(address, ":")
        });
    }
    let (address, zone) = value.split_once("%25").unwrap_or((value, "-"));
    // One with dots in it would not be told from a name.
    let is_plain = !address.contains(['.', '%']);
    let is_zone = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    is_plain
        && is_ip(address, Version::V6)
        && !zone.is_empty()
        && zone.bytes().all(is_zone)
        && fits(zone, "")
}

/// Whether it is made of what may stand everywhere in a URI, of escaped bytes, and of `others`.
fn fits(value: &str, others: &str) -> bool {
    let mut parts = value.split('%');
    let first = parts.next().unwrap_or_default();
    fits_raw(first, others)
        && parts.all(|part| {
            let (escaped, rest) = part.split_at_checked(2).unwrap_or(("", ""));
            let is_escaped = escaped.bytes().all(|byte| byte.is_ascii_hexdigit());
            !escaped.is_empty() && is_escaped && fits_raw(rest, others)
        })
}

fn fits_raw(value: &str, others: &str) -> bool {
    value.bytes().all(|byte| {
        byte.is_ascii_alphanumeric()
            || b"-._~!$&'()*+,;=".contains(&byte)
            || others.as_bytes().contains(&byte)
    })
}
