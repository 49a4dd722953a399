//! What the variables of a template captured from a path, and percent-decoding.

use std::borrow::Cow;
use std::ops::Range;

use percent_encoding::percent_decode_str;

/// The raw texts that the variables of a template captured, in their order.
#[derive(Debug, Clone)]
pub(crate) struct Captures {
    path: Box<str>,
    ranges: Vec<Range<usize>>,
}

impl Captures {
    pub(crate) fn new(path: &str, ranges: Vec<Range<usize>>) -> Self {
        // A path without variables need not be kept.
        let path = if ranges.is_empty() { "" } else { path };
        Self {
            path: path.into(),
            ranges,
        }
    }

    /// Each capture, still percent-encoded.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.ranges.iter().map(|range| &self.path[range.clone()])
    }
}

/// Percent-decodes the value of a variable. In one of several segments `%2F` stays, since it would
/// turn into a separator (http.proto, path template syntax). `None` if it is not well encoded UTF-8.
pub(crate) fn decode_variable(raw: &str, single_segment: bool) -> Option<Cow<'_, str>> {
    if !raw.contains('%') {
        return Some(Cow::Borrowed(raw));
    }
    if single_segment {
        return decode_all(raw).map(Cow::Owned);
    }
    let mut decoded = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = find_encoded_slash(rest) {
        decoded.push_str(&decode_all(&rest[..at])?);
        decoded.push_str(&rest[at..at + 3]);
        rest = &rest[at + 3..];
    }
    decoded.push_str(&decode_all(rest)?);
    Some(Cow::Owned(decoded))
}

fn find_encoded_slash(text: &str) -> Option<usize> {
    text.as_bytes()
        .windows(3)
        .position(|three| three.eq_ignore_ascii_case(b"%2f"))
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
    use super::decode_variable;

    #[test]
    fn only_encoded_slashes_of_several_segments_stay() {
        assert_eq!(decode_variable("a%2Fb%20c", true).as_deref(), Some("a/b c"));
        assert_eq!(
            decode_variable("a%2Fb%20c/%2f%41", false).as_deref(),
            Some("a%2Fb c/%2fA")
        );
        assert_eq!(decode_variable("%252F", false).as_deref(), Some("%2F"));
        assert_eq!(decode_variable("caf%C3%A9", false).as_deref(), Some("café"));
    }

    #[test]
    fn what_is_not_well_encoded_is_nothing() {
        for raw in ["%", "%4", "%zz", "%ff", "a%C3/b", "%2F%"] {
            assert_eq!(decode_variable(raw, true), None, "{raw}");
            assert_eq!(decode_variable(raw, false), None, "{raw}");
        }
    }
}
