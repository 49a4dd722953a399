//! YAML as what stands where. Values keep the text that they have in the file: what a number or a
//! truth is, each flag says itself, and `1.10` is a version, too.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::{Location, Spanned};

/// A part of the file.
#[derive(Debug)]
pub(super) struct Node {
    /// Where it stands, from 1.
    pub(super) line: u64,
    pub(super) content: Content,
}

#[derive(Debug)]
pub(super) enum Content {
    /// No value at all.
    Nothing,
    Text(String),
    List(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) key: String,
    pub(super) value: Node,
}

/// What the text says.
///
/// # Errors
/// `LINE: what is wrong`
pub(super) fn read(text: &str) -> Result<Node, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    match serde_saphyr::from_str_with_options::<Option<Spanned<Raw>>>(text, options) {
        Ok(Some(root)) => Ok(node(root, text)),
        Ok(None) => Ok(Node {
            line: 1,
            content: Content::Mapping(Vec::new()),
        }),
        Err(error) => {
            let line = error.location().map_or(1, |place| place.line());
            Err(format!("{line}: {}", words_of(&error)))
        }
    }
}

fn words_of(error: &serde_saphyr::Error) -> String {
    if let serde_saphyr::Error::MultipleDocuments { .. } = error.without_snippet() {
        return "a second document begins here, and a file has one".to_owned();
    }
    let words = error.to_string();
    // The line stands in front.
    let told = words.rsplit_once(" at line ").map(|(words, _)| words);
    told.unwrap_or(&words).to_owned()
}

/// A value before its text is known.
#[derive(Clone)]
enum Raw {
    Nothing,
    Text(String),
    /// Something that is not text by the rules of YAML.
    Plain,
    List(Vec<Spanned<Raw>>),
    Mapping(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let content = match raw.value {
        Raw::Nothing => Content::Nothing,
        Raw::Text(text) => Content::Text(text),
        Raw::Plain => Content::Text(at(raw.defined, text).to_owned()),
        Raw::List(all) => Content::List(all.into_iter().map(|one| node(one, text)).collect()),
        Raw::Mapping(all) => {
            let entry = |(key, value): (Spanned<String>, Spanned<Raw>)| Entry {
                line: key.referenced.line(),
                key: key.value,
                value: node(value, text),
            };
            Content::Mapping(all.into_iter().map(entry).collect())
        }
    };
    Node {
        line: raw.referenced.line(),
        content,
    }
}

fn at(place: Location, text: &str) -> &str {
    let span = place.span();
    let bytes = span.byte_offset().zip(span.byte_len());
    let range = bytes.and_then(|(start, length)| {
        let start = usize::try_from(start).ok()?;
        Some(start..start + usize::try_from(length).ok()?)
    });
    range
        .and_then(|range| text.get(range))
        .unwrap_or_default()
        .trim()
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a mapping")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Raw, E> {
        Ok(Raw::Plain)
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(one) = all.next_element()? {
            list.push(one);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Raw, A::Error> {
        let mut mapping = Vec::new();
        while let Some(entry) = all.next_entry()? {
            mapping.push(entry);
        }
        Ok(Raw::Mapping(mapping))
    }
}
