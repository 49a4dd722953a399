//! Well-known formats of text.

pub(crate) mod host;
pub(crate) mod ip;
pub(crate) mod uri;

use crate::violation::Wrong;
use host::{is_email, is_host_and_port, is_hostname};
use ip::{Version, is_ip, is_prefix};
use uri::{is_uri, is_uri_reference};

#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    says: &'static str,
    /// The most bytes that a text of it has.
    pub(crate) longest: Option<usize>,
    fits: fn(&str) -> bool,
}

/// Those that a rule of their name turns on.
pub(crate) static FORMATS: [Format; 20] = [
    format("email", "must be an e-mail address", None, is_email),
    format("hostname", "must be a host name", Some(254), is_hostname),
    // An IPv6 address may name a zone, of any length.
    format("ip", "must be an IP address", None, |it| {
        is_ip(it, Version::Any)
    }),
    format("ipv4", "must be an IPv4 address", Some(15), |it| {
        is_ip(it, Version::V4)
    }),
    format("ipv6", "must be an IPv6 address", None, |it| {
        is_ip(it, Version::V6)
    }),
    format("uri", "must be a URI", None, is_uri),
    format(
        "uri_ref",
        "must be a reference to a URI",
        None,
        is_uri_reference,
    ),
    format(
        "address",
        "must be a host name or an IP address",
        None,
        |it| is_hostname(it) || is_ip(it, Version::Any),
    ),
    format("uuid", "must be a UUID", Some(36), is_uuid),
    format("tuuid", "must be a UUID without dashes", Some(32), |it| {
        it.len() == 32 && it.bytes().all(|byte| byte.is_ascii_hexdigit())
    }),
    format(
        "ip_with_prefixlen",
        "must be an IP address with a prefix length",
        Some(49),
        |it| is_prefix(it, Version::Any, false),
    ),
    format(
        "ipv4_with_prefixlen",
        "must be an IPv4 address with a prefix length",
        Some(18),
        |it| is_prefix(it, Version::V4, false),
    ),
    format(
        "ipv6_with_prefixlen",
        "must be an IPv6 address with a prefix length",
        Some(49),
        |it| is_prefix(it, Version::V6, false),
    ),
    format("ip_prefix", "must be an IP prefix", Some(49), |it| {
        is_prefix(it, Version::Any, true)
    }),
    format("ipv4_prefix", "must be an IPv4 prefix", Some(18), |it| {
        is_prefix(it, Version::V4, true)
    }),
    format("ipv6_prefix", "must be an IPv6 prefix", Some(49), |it| {
        is_prefix(it, Version::V6, true)
    }),
    format("host_and_port", "must be a host and a port", None, |it| {
        is_host_and_port(it, true)
    }),
    format("ulid", "must be a ULID", Some(26), is_ulid),
    format(
        "protobuf_fqn",
        "must be a full name of protobuf",
        None,
        is_full_name,
    ),
    format(
        "protobuf_dot_fqn",
        "must be a full name of protobuf after a dot",
        None,
        |it| it.strip_prefix('.').is_some_and(is_full_name),
    ),
];

const SAYS_NAME: &str = "must be the name of an HTTP header";
const SAYS_VALUE: &str = "must be the value of an HTTP header";
const NAME: &str = "well_known_regex.header_name";
const VALUE: &str = "well_known_regex.header_value";

pub(crate) static HEADER_NAME: Format = format(NAME, SAYS_NAME, None, |it| {
    let name = it.strip_prefix(':').unwrap_or(it);
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+,-.^_|~`".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token)
});
pub(crate) static HEADER_NAME_LOOSE: Format = format(NAME, SAYS_NAME, None, |it| {
    !it.is_empty() && !it.contains(['\0', '\n', '\r'])
});
pub(crate) static HEADER_VALUE: Format = format(VALUE, SAYS_VALUE, None, |it| {
    it.bytes()
        .all(|byte| byte == b'\t' || !byte.is_ascii_control())
});
pub(crate) static HEADER_VALUE_LOOSE: Format = format(VALUE, SAYS_VALUE, None, |it| {
    !it.contains(['\0', '\n', '\r'])
});

const fn format(
    name: &'static str,
    says: &'static str,
    longest: Option<usize>,
    fits: fn(&str) -> bool,
) -> Format {
    Format {
        name,
        says,
        longest,
        fits,
    }
}

impl Format {
    pub(crate) fn check(&self, value: &str) -> Option<Wrong> {
        let name = match value.is_empty() {
            true => format!("{}_empty", self.name),
            false => self.name.to_owned(),
        };
        Wrong::unless((self.fits)(value), &name, || self.says.to_owned())
    }
}

/// The form with dashes alone; the parser takes others too.
fn is_uuid(value: &str) -> bool {
    value.len() == 36 && uuid::Uuid::try_parse(value).is_ok()
}

/// Crockford's base 32, of 128 bits: the first digit has three.
fn is_ulid(value: &str) -> bool {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() && !b"ILOUilou".contains(&byte);
    value.len() == 26 && value.bytes().all(is_digit) && value.as_bytes()[0] <= b'7'
}

fn is_full_name(value: &str) -> bool {
    value.split('.').all(|part| {
        let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
        part.bytes().next().is_some_and(is_letter)
            && part
                .bytes()
                .all(|byte| is_letter(byte) || byte.is_ascii_digit())
    })
}
