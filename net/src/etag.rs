//! Entity tags, and the conditions that a request makes on them: `if-match` and `if-none-match`
//! (RFC 9110, section 13.1), as a header at the edge and as metadata behind it.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderMap, HeaderName, HeaderValue};

/// What a request asks of the resource's etag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preconditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

/// The value of one of the headers.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Tags {
    /// `*`: any.
    Any,
    These(Vec<Tag>),
}

/// An entity tag (RFC 9110, section 8.8.3).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tag {
    is_weak: bool,
    /// What stands between the quotes.
    opaque: Vec<u8>,
}

/// The entity tag of a resource whose message says `etag`: that text in quotes, unless it is one
/// already. None if no header can hold it.
pub fn entity_tag(etag: &str) -> Option<HeaderValue> {
    let is_tag = |text: &[u8]| matches!(tag(text), Some((_, rest)) if rest.is_empty());
    let text = match is_tag(etag.as_bytes()) {
        true => etag.to_owned(),
        false => format!("\"{etag}\""),
    };
    let is_fit = !etag.is_empty() && is_tag(text.as_bytes());
    is_fit.then(|| HeaderValue::try_from(text).ok()).flatten()
}

impl Preconditions {
    /// Those of a request, if it makes some. `Err` says what is wrong with a header.
    pub fn of(headers: &HeaderMap) -> Result<Option<Preconditions>, String> {
        let preconditions = Preconditions {
            if_match: read(headers, &IF_MATCH)?,
            if_none_match: read(headers, &IF_NONE_MATCH)?,
        };
        let makes_some = preconditions.if_match.is_some() || preconditions.if_none_match.is_some();
        Ok(makes_some.then_some(preconditions))
    }

    /// Whether all of them hold of the resource with that etag, or of none.
    pub fn hold(&self, etag: Option<&str>) -> bool {
        let current = etag.and_then(entity_tag);
        self.matches(current.as_ref()) && !self.is_known(current.as_ref())
    }

    /// `if-match`: the client wants what it knows, byte for byte (RFC 9110, section 13.1.1).
    pub fn matches(&self, current: Option<&HeaderValue>) -> bool {
        let strongly =
            |tag: &Tag, current: &Tag| !tag.is_weak && !current.is_weak && tag == current;
        let Some(tags) = &self.if_match else {
            return true;
        };
        tags.have(current, strongly)
    }

    /// `if-none-match`: the client has it, or something as good (RFC 9110, section 13.1.2).
    pub fn is_known(&self, current: Option<&HeaderValue>) -> bool {
        let weakly = |tag: &Tag, current: &Tag| tag.opaque == current.opaque;
        let Some(tags) = &self.if_none_match else {
            return false;
        };
        tags.have(current, weakly)
    }
}

impl Tags {
    fn have(&self, current: Option<&HeaderValue>, same: impl Fn(&Tag, &Tag) -> bool) -> bool {
        let current = current.and_then(|current| tag(current.as_bytes()));
        match (self, current) {
            (_, None) => false,
            (Tags::Any, Some(_)) => true,
            (Tags::These(tags), Some((current, _))) => tags.iter().any(|tag| same(tag, &current)),
        }
    }
}

/// The lines of a header are one list (RFC 9110, section 5.3).
fn read(headers: &HeaderMap, name: &HeaderName) -> Result<Option<Tags>, String> {
    let lines: Vec<&[u8]> = headers
        .get_all(name)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let value = lines.join(&b","[..]);
    let tags = match value.trim_ascii() {
        b"*" => Some(Tags::Any),
        list => list_of(list).map(Tags::These),
    };
    tags.map(Some)
        .ok_or_else(|| format!("{name}: expected entity tags in quotes, such as \"1\", or *"))
}

/// A list, whose elements may be empty (RFC 9110, section 5.6.1), but not all of them.
fn list_of(mut text: &[u8]) -> Option<Vec<Tag>> {
    let mut tags = Vec::new();
    loop {
        text = text.trim_ascii_start();
        if let Some(rest) = text.strip_prefix(b",") {
            text = rest;
            continue;
        }
        if text.is_empty() {
            return (!tags.is_empty()).then_some(tags);
        }
        let (tag, rest) = tag(text)?;
        tags.push(tag);
        text = rest.trim_ascii_start();
        if !text.is_empty() && !text.starts_with(b",") {
            return None;
        }
    }
}

/// The entity tag that a text begins with, and what follows: `[ W/ ] DQUOTE *etagc DQUOTE`.
fn tag(text: &[u8]) -> Option<(Tag, &[u8])> {
    let (is_weak, quoted) = match text.strip_prefix(b"W/") {
        Some(quoted) => (true, quoted),
        None => (false, text),
    };
    let inside = quoted.strip_prefix(b"\"")?;
    let end = inside.iter().position(|byte| *byte == b'"')?;
    let (opaque, rest) = inside.split_at(end);
    let is_etagc = |byte: &u8| matches!(byte, 0x21 | 0x23..=0x7e | 0x80..);
    let tag = Tag {
        is_weak,
        opaque: opaque.to_vec(),
    };
    opaque.iter().all(is_etagc).then_some((tag, &rest[1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(HeaderName, &str)]) -> Result<Option<Preconditions>, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        Preconditions::of(&headers)
    }

    fn holds(name: HeaderName, value: &str, etag: Option<&str>) -> bool {
        let read = of(&[(name, value)]).unwrap();
        read.expect("there is one").hold(etag)
    }

    #[test]
    fn if_match_wants_one_of_its_tags_and_each_byte_of_it() {
        for (value, etag, expected) in [
            (r#""2""#, Some("2"), true),
            (r#""1", "2" ,,"3""#, Some("2"), true),
            (r#""1""#, Some("2"), false),
            (r#"W/"2""#, Some("2"), false),
            (r#""a,b""#, Some("a,b"), true),
            (r#""""#, Some("2"), false),
            ("*", Some("2"), true),
            ("*", None, false),
            (r#""2""#, None, false),
            (r#""2""#, Some(r#""2""#), true),
            (r#""2""#, Some(r#"W/"2""#), false),
        ] {
            assert_eq!(holds(IF_MATCH, value, etag), expected, "{value} {etag:?}");
        }
    }

    #[test]
    fn if_none_match_wants_none_of_its_tags_weak_or_strong() {
        for (value, etag, expected) in [
            (r#""2""#, Some("2"), false),
            (r#"W/"2""#, Some("2"), false),
            (r#""1", "3""#, Some("2"), true),
            ("*", Some("2"), false),
            ("*", None, true),
            (r#""2""#, None, true),
        ] {
            assert_eq!(
                holds(IF_NONE_MATCH, value, etag),
                expected,
                "{value} {etag:?}"
            );
        }
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = of(&[(IF_MATCH, r#""1""#), (IF_MATCH, r#""2""#)]).unwrap();
        assert!(lines.unwrap().hold(Some("2")));
        assert_eq!(of(&[]).unwrap(), None);
    }

    #[test]
    fn what_is_no_list_of_tags_is_refused() {
        for value in [
            "2",
            "",
            ",",
            r#""2"#,
            r#""1" "2""#,
            r#"*, "2""#,
            r#"w/"2""#,
            r#""a b""#,
            "'2'",
        ] {
            let refused = of(&[(IF_MATCH, value)]).expect_err(value);
            assert!(refused.starts_with("if-match: "), "{refused}");
        }
    }

    #[test]
    fn an_etag_becomes_a_tag_if_a_header_can_hold_it() {
        for (etag, expected) in [
            ("2", Some(r#""2""#)),
            (r#""2""#, Some(r#""2""#)),
            (r#"W/"2""#, Some(r#"W/"2""#)),
            ("", None),
            ("a b", None),
            ("a\"b", None),
            ("a\nb", None),
        ] {
            let expected = expected.map(HeaderValue::from_static);
            assert_eq!(entity_tag(etag), expected, "{etag:?}");
        }
    }
}
