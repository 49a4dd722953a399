//! What the variables of a template captured from a path, and percent-decoding.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

/// The texts that the variables of a template captured, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Captures {
    path: Box<str>,
    ranges: Vec<Range<usize>>,
    is_decoded: bool,
}

impl Captures {
    pub(crate) fn new(path: &str, ranges: Vec<Range<usize>>, is_decoded: bool) -> Self {
        Self {
            path: path.into(),
            ranges,
            is_decoded,
        }
    }

    /// Each capture as it stands in the path.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.ranges.iter().map(|range| &self.path[range.clone()])
    }

    /// Whether the path was decoded before it was taken apart.
    pub(crate) fn is_decoded(&self) -> bool {
        self.is_decoded
    }
}

/// What stays percent-encoded when a value is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reserved {
    Nothing,
    /// `%2F`, which would turn into a separator (http.proto, path template syntax).
    Slash,
    /// The reserved characters of RFC 6570.
    Rfc6570,
}

impl Reserved {
    fn has(self, byte: u8) -> bool {
        match self {
            Self::Nothing => false,
            Self::Slash => byte == b'/',
            Self::Rfc6570 => b"!#$&'()*+,/:;=?@[]".contains(&byte),
        }
    }
}

/// Percent-decodes the value of a variable. `None` if it is not well encoded UTF-8.
pub(crate) fn decode_variable(raw: &str, stays: Reserved) -> Option<Cow<'_, str>> {
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = find_reserved(rest, stays) {
        decoded.push_str(&decode_all(&rest[..at])?);
        decoded.push_str(&rest[at..at + 3]);
        rest = &rest[at + 3..];
    }
    decoded.push_str(&decode_all(rest)?);
    Some(Cow::Owned(decoded))
}

fn find_reserved(text: &str, stays: Reserved) -> Option<usize> {
    let is_reserved = |three: &[u8]| {
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let byte = |high: u32, low: u32| u8::try_from(high << 4 | low).ok();
        let encoded = |three: &[u8]| byte(digit(three[1])?, digit(three[2])?);
        three[0] == b'%' && encoded(three).is_some_and(|byte| stays.has(byte))
    };
    match stays {
        Reserved::Nothing => None,
        _ => text.as_bytes().windows(3).position(is_reserved),
    }
}

/// Percent-decodes all of it. `None` if a `%` is not followed by two hexadecimal digits, or if the
/// result is not UTF-8.
pub(crate) fn decode_all(text: &str) -> Option<String> {
    let well_encoded = text.split('%').skip(1).all(|after| {
        after
            .as_bytes()
            .get(..2)
            .is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    });
    let decoded = percent_decode_str(text).decode_utf8().ok()?;
    well_encoded.then(|| decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Reserved, decode_variable};

    #[test]
    fn what_is_reserved_stays() {
        let decoded = |raw, stays| decode_variable(raw, stays).map(std::borrow::Cow::into_owned);
        for (raw, stays, expected) in [
            ("a%2Fb%20c", Reserved::Nothing, "a/b c"),
            ("a%2Fb%20c/%2f%41", Reserved::Slash, "a%2Fb c/%2fA"),
            ("a%2Fb%3a%20%25", Reserved::Rfc6570, "a%2Fb%3a %"),
            ("%252F", Reserved::Slash, "%2F"),
            ("caf%C3%A9", Reserved::Slash, "café"),
        ] {
            assert_eq!(decoded(raw, stays).as_deref(), Some(expected), "{raw}");
        }
    }

    #[test]
    fn what_is_not_well_encoded_is_nothing() {
        for raw in ["%", "%4", "%zz", "%ff", "a%C3/b", "%2F%"] {
            assert_eq!(decode_variable(raw, Reserved::Nothing), None, "{raw}");
            assert_eq!(decode_variable(raw, Reserved::Slash), None, "{raw}");
        }
    }
}
