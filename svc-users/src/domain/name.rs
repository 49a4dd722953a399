//! How names and e-mail addresses are compared: without regard to case, word by word.

/// The form of an e-mail address that is unique: trimmed and lower-cased.
#[must_use]
pub fn email_key(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The form of a name by which lists are sorted.
#[must_use]
pub fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The words of a name, lower-cased, sorted, each once. A word is a run of letters and digits.
#[must_use]
pub fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = name
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.sort_unstable();
    words.dedup();
    words
}

/// A search for names of which each word of the query begins some word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameQuery {
    /// The longest word, which an index finds: names with a word in this range.
    pub range: (String, String),
    /// A `LIKE` pattern (escaped by `\`) for the sorted words of a name, each after a space.
    pub pattern: String,
}

impl NameQuery {
    /// Parses what was typed; `None` if it has no letter or digit.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let words = words(typed);
        // What begins another word of the query is found with it. Without such words, names
        // that match hold their words in the query's own order.
        let words: Vec<&String> = words
            .iter()
            .filter(|word| {
                !words
                    .iter()
                    .any(|other| other != *word && other.starts_with(word.as_str()))
            })
            .collect();
        let longest = words.iter().max_by_key(|word| word.chars().count())?;
        // Words are letters and digits: U+10FFFF, a noncharacter, sorts after any of them.
        let range = ((*longest).clone(), format!("{longest}\u{10FFFF}"));
        let mut pattern = String::new();
        for word in &words {
            // `%` and `_` are neither letters nor digits, so nothing needs escaping.
            pattern.push_str("% ");
            pattern.push_str(word);
        }
        pattern.push('%');
        Some(Self { range, pattern })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(query: &str, name: &str) -> bool {
        let query = NameQuery::parse(query).expect("the query has words");
        let stored: String = words(name).iter().map(|word| format!(" {word}")).collect();
        let mut rest = stored.as_str();
        query
            .pattern
            .split('%')
            .filter(|part| !part.is_empty())
            .all(|part| {
                rest.find(part)
                    .map(|at| rest = &rest[at + part.len()..])
                    .is_some()
            })
            && words(name)
                .iter()
                .any(|word| *word >= query.range.0 && *word < query.range.1)
    }

    #[test]
    fn every_word_of_the_query_begins_a_word_of_the_name() {
        assert!(finds("ada", "Ada Lovelace"));
        assert!(finds("LOVE ad", "Ada Lovelace"));
        assert!(!finds("lace", "Ada Lovelace"));
        assert!(!finds("ada byron", "Ada Lovelace"));
    }

    #[test]
    fn a_word_that_begins_another_of_the_query_does_not_hide_a_match() {
        assert!(finds("a ab", "ab ac"));
        assert!(finds("an anna", "Anna Maria"));
    }

    #[test]
    fn letters_of_other_scripts_are_compared_without_case() {
        assert!(finds("ÅS", "Åsa Öberg"));
        assert!(finds("öb", "Åsa Öberg"));
        assert_eq!(email_key(" Ada@Example.COM "), "ada@example.com");
    }

    #[test]
    fn a_query_without_words_finds_nothing() {
        assert_eq!(NameQuery::parse("%_ -"), None);
    }
}
