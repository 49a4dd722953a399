//! The words of a search.

use runtime::text::{index_words, query_words};

/// Words to look for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// The words of a text; `None` if it has none.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let words = query_words(text);
        (!words.is_empty()).then_some(Self(words))
    }

    /// With a space between them: input of Postgres' `plainto_tsquery`, which wants all of them.
    pub(crate) fn plain(&self) -> String {
        self.0.join(" ")
    }

    /// Each in quotes: a query of SQLite's FTS5 that wants all of them.
    pub(crate) fn fts5(&self) -> String {
        let quoted: Vec<String> = self.0.iter().map(|word| format!("\"{word}\"")).collect();
        quoted.join(" ")
    }
}

/// The words by which a text is found, with a space between them.
pub(crate) fn found_by(text: &str) -> String {
    index_words(text).join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_letters_and_digits() {
        let words = Words::of("  T-light \"HOLDER\" 3.5cm & Ä' OR (x").expect("it has words");
        assert_eq!(words.plain(), "t light holder 3 5cm a or x");
        assert_eq!(
            words.fts5(),
            r#""t" "light" "holder" "3" "5cm" "a" "or" "x""#
        );
        assert_eq!(found_by("T-light, Ä' 茶壶"), "t light a 茶 壶 茶壶");
    }

    #[test]
    fn a_text_without_letters_has_no_words() {
        assert_eq!(Words::of(" -%_*\" 🎉"), None);
    }
}
