//! Text that people write: in one form, of what can be seen, found whatever its accents.

mod email;
mod hidden;
mod normal;
mod pattern;
mod search;

use std::borrow::Cow;

use prost_reflect::FieldDescriptor;

use hidden::BREAKS;

pub use email::email_key;
pub use normal::nfc;
pub use search::{index_words, query_words};

/// What kind of text a field holds (`tradewind.options.v1.Text`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One line: a name, a title, a part of an address.
    Line,
    /// Several lines.
    Lines,
    /// An e-mail address.
    Email,
}

impl Kind {
    /// The kind that the contract gives to a field; none if it gives none.
    ///
    /// # Errors
    /// The number of a kind that is not known here.
    pub fn of(field: &FieldDescriptor) -> Result<Option<Kind>, i32> {
        let pool = field.parent_pool();
        let Some(extension) = pool.get_extension_by_name("tradewind.options.v1.text") else {
            return Ok(None);
        };
        let options = field.options();
        match options.get_extension(&extension).as_enum_number() {
            None | Some(0) => Ok(None),
            Some(1) => Ok(Some(Kind::Line)),
            Some(2) => Ok(Some(Kind::Lines)),
            Some(3) => Ok(Some(Kind::Email)),
            Some(number) => Err(number),
        }
    }

    /// A regular expression that takes each such text, the empty one too, and refuses what it can of
    /// others, in any of the usual engines.
    #[must_use]
    pub fn pattern(self) -> &'static str {
        match self {
            Kind::Line => &pattern::LINE,
            Kind::Lines => &pattern::LINES,
            Kind::Email => &pattern::EMAIL,
        }
    }

    /// The format of JSON Schema for texts that are not empty, if there is one.
    #[must_use]
    pub fn format(self) -> Option<&'static str> {
        (self == Kind::Email).then_some("idn-email")
    }

    /// The text in the form in which it is stored and compared.
    pub(crate) fn normal(self, text: &str) -> Cow<'_, str> {
        nfc(text)
    }

    /// What is wrong with a text; nothing is with an empty one.
    #[must_use]
    pub fn wrong(self, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let hidden = match self {
            Kind::Line => hidden::first(text, &[]),
            Kind::Lines => hidden::first(text, &BREAKS),
            Kind::Email if email::is_address(text) => None,
            Kind::Email => return Some("must be an e-mail address".to_owned()),
        };
        if let Some(hidden) = hidden {
            return Some(format!(
                "must not hold the character U+{:04X}: it cannot be seen, or it changes how the \
                 text around it is shown",
                u32::from(hidden)
            ));
        }
        hidden::is_blank(text).then(|| "must not be blank".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_and_lines_differ_in_line_breaks_alone() {
        for text in ["two\nlines", "a\tb", "a\r\nb"] {
            assert!(Kind::Line.wrong(text).is_some(), "{text:?}");
            assert_eq!(Kind::Lines.wrong(text), None, "{text:?}");
        }
        for kind in [Kind::Line, Kind::Lines] {
            assert_eq!(kind.wrong(""), None);
            assert_eq!(kind.wrong("a b"), None);
            assert_eq!(
                kind.wrong("\u{A0}\u{3000} "),
                Some("must not be blank".into())
            );
            let hidden = kind.wrong("a\u{202E}b").unwrap();
            assert!(
                hidden.starts_with("must not hold the character U+202E:"),
                "{hidden}"
            );
        }
        assert_eq!(Kind::Lines.wrong("\n \t"), Some("must not be blank".into()));
    }
}
