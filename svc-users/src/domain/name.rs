//! How names are compared: without regard to case and accents, word by word.

use runtime::text::{index_words, query_words};

/// The form of a name by which lists are sorted.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The words by which a name is found, sorted, each once.
pub(crate) fn words(name: &str) -> Vec<String> {
    sorted(index_words(name))
}

fn sorted(mut words: Vec<String>) -> Vec<String> {
    words.sort_unstable();
    words.dedup();
    words
}

/// A search for names of which each word of the query begins some word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NameQuery {
    /// The longest word, which an index finds: names with a word in this range.
    pub(crate) range: (String, String),
    /// A `LIKE` pattern (escaped by `\`) for the sorted words of a name, each after a space.
    pub(crate) pattern: String,
}

impl NameQuery {
    /// Parses what was typed; `None` if it has no letter or digit.
    pub(crate) fn parse(typed: &str) -> Option<Self> {
        let words = sorted(query_words(typed));
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
        // Words are letters, marks and digits: U+10FFFF, a noncharacter, sorts after any of them.
        let range = ((*longest).clone(), format!("{longest}\u{10FFFF}"));
        let mut pattern = String::new();
        for word in &words {
            // `%` and `_` are in no word, so nothing needs escaping.
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
    }

    #[test]
    fn accents_and_composition_make_no_difference() {
        assert!(finds("asa oberg", "Åsa Öberg"));
        assert!(finds("A\u{30A}sa", "Åsa Öberg"));
        assert!(finds("Åsa", "Asa Oberg"));
        assert!(finds("soren", "Søren"));
    }

    #[test]
    fn a_part_of_a_name_without_spaces_is_found() {
        assert!(finds("小龙", "李小龙"));
        assert!(finds("龙", "李小龙"));
        assert!(finds("李小龙", "李小龙"));
        assert!(!finds("龙小", "李小龙"));
    }

    #[test]
    fn a_query_without_words_finds_nothing() {
        assert_eq!(NameQuery::parse("%_ -"), None);
    }
}
