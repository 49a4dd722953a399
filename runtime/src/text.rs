//! Text that people write: in one form, of what can be seen, found whatever its accents.

mod email;
mod hidden;
mod search;

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

pub use email::email_key;
pub use search::{index_words, query_words};

/// What kind of text a field holds (`tradewind.options.v1.Text`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One line: a name, a title, a part of an address.
    Line,
    /// Several lines.
    Lines,
    /// An e-mail address.
    Email,
}

impl Kind {
    /// The kind with this number in the contract.
    pub(crate) fn of(number: i32) -> Option<Kind> {
        match number {
            1 => Some(Kind::Line),
            2 => Some(Kind::Lines),
            3 => Some(Kind::Email),
            _ => None,
        }
    }

    /// The text in the form in which it is stored and compared.
    pub(crate) fn normal(self, text: &str) -> Cow<'_, str> {
        nfc(text)
    }

    /// What is wrong with a text; nothing is with an empty one.
    pub(crate) fn wrong(self, text: &str) -> Option<String> {
        if text.is_empty() {
            return None;
        }
        let hidden = match self {
            Kind::Line => hidden::first(text, &[]),
            Kind::Lines => hidden::first(text, &['\n', '\r', '\t']),
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

/// Composed, as keyboards of most systems write it (Unicode Standard Annex 15, NFC). Texts that
/// look the same and mean the same are the same then.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    ComposingNormalizerBorrowed::new_nfc().normalize(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decomposed_text_is_composed_and_other_text_is_left_alone() {
        assert_eq!(nfc("Mu\u{308}sli"), "Müsli");
        assert_eq!(nfc("\u{1112}\u{1161}\u{11AB}"), "한");
        for text in ["Müsli", "HEART", "李小龙", "👩🏽\u{200D}🚀", "ﬁ"] {
            assert!(matches!(nfc(text), Cow::Borrowed(same) if same == text));
        }
    }

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
