//! The words of a search.

/// Words to look for: letters and digits in lower case, what stands between them left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words(Vec<String>);

impl Words {
    /// The words of a text; `None` if it has none.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
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

#[cfg(test)]
mod tests {
    use super::Words;

    #[test]
    fn words_are_letters_and_digits() {
        let words = Words::of("  T-light \"HOLDER\" 3.5cm & Ä' OR (x").expect("it has words");
        assert_eq!(words.plain(), "t light holder 3 5cm ä or x");
        assert_eq!(
            words.fts5(),
            r#""t" "light" "holder" "3" "5cm" "ä" "or" "x""#
        );
    }

    #[test]
    fn a_text_without_letters_has_no_words() {
        assert_eq!(Words::of(" -%_*\" "), None);
    }
}
