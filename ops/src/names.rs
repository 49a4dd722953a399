//! The words of an expression of PromQL.

const AGGREGATIONS: &[&str] = &[
    "sum", "min", "max", "avg", "count", "group", "topk", "bottomk", "quantile", "stddev",
];
/// Words after which labels stand in parentheses.
const GROUPING: &[&str] = &[
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "group_right",
];
const OPERATORS: &[&str] = &["and", "or", "unless", "bool", "offset"];

/// The names of an expression.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Names {
    pub(crate) series: Vec<Series>,
    /// Labels by which is grouped and joined.
    pub(crate) labels: Vec<String>,
}

/// What is asked for: series of a name, by values of their labels.
#[derive(Debug, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) matchers: Vec<Matcher>,
}

#[derive(Debug, PartialEq)]
pub(crate) struct Matcher {
    pub(crate) label: String,
    /// Of a regular expression, its alternatives.
    pub(crate) values: Vec<String>,
}

impl Names {
    pub(crate) fn of(expression: &str) -> Names {
        let mut names = Names::default();
        let mut rest = expression;
        while let Some(letter) = rest.chars().next() {
            let starts_word = letter.is_ascii_alphabetic() || matches!(letter, '_' | ':');
            let length = match letter {
                '"' | '\'' => 1 + end_of_string(&rest[1..], letter),
                // A window, whose words are durations.
                '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
                '{' => names.select(rest),
                _ if starts_word || letter.is_ascii_digit() => {
                    let (word, after) = split_word(rest);
                    let read = if starts_word {
                        names.word(word, after)
                    } else {
                        0
                    };
                    word.len() + read
                }
                _ => letter.len_utf8(),
            };
            rest = &rest[length..];
        }
        names
    }

    /// Takes a word, and says how much of what stands behind it.
    fn word(&mut self, word: &str, after: &str) -> usize {
        let next = after.trim_start();
        if GROUPING.contains(&word) {
            let Some((labels, _)) = next.strip_prefix('(').and_then(|it| it.split_once(')')) else {
                return 0;
            };
            let labels = labels.split(',').map(str::trim);
            let labels = labels.filter(|label| !label.is_empty());
            self.labels.extend(labels.map(str::to_owned));
            return after.find(')').map_or(0, |end| end + 1);
        }
        let is_called = next.starts_with('(') || AGGREGATIONS.contains(&word);
        if !is_called && !OPERATORS.contains(&word) {
            self.series.push(Series {
                name: word.to_owned(),
                matchers: Vec::new(),
            });
        }
        0
    }

    /// Takes what stands in braces, and says where they end.
    fn select(&mut self, text: &str) -> usize {
        let mut at = 1;
        let mut matchers = Vec::new();
        while let Some(letter) = text[at..].chars().next() {
            if letter == '}' {
                at += 1;
                break;
            }
            let (word, after) = split_word(&text[at..]);
            if word.is_empty() {
                at += letter.len_utf8();
                continue;
            }
            let operator = after.len() - after.trim_start_matches([' ', '=', '!', '~']).len();
            let quoted = &after[operator..];
            let quote = quoted.chars().next().unwrap_or('"');
            let quoted = quoted.get(1..).unwrap_or_default();
            let end = end_of_string(quoted, quote);
            let value = quoted[..end].trim_end_matches(quote);
            let values = match &after[..operator] {
                is_regex if is_regex.contains('~') => value.split('|').map(str::to_owned).collect(),
                _ => vec![value.to_owned()],
            };
            matchers.push(Matcher {
                label: word.to_owned(),
                values,
            });
            at += word.len() + operator + 1 + end;
        }
        if let Some(series) = self.series.last_mut() {
            series.matchers = matchers;
        }
        at
    }
}

fn split_word(text: &str) -> (&str, &str) {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | ':');
    let end = text.find(|letter| !is_of_word(letter));
    text.split_at(end.unwrap_or(text.len()))
}

/// Behind the quote that ends a string.
fn end_of_string(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(all: &[&str]) -> Vec<String> {
        all.iter().map(|it| (*it).to_owned()).collect()
    }

    #[test]
    fn series_and_labels_are_told_from_all_else() {
        let names = Names::of(
            r#"topk(5, sum by (service_name, le) (rate(calls_bucket{code=~"a|b(c)", upstream!='by}'}[5m]))
               / on (service_name) group_left () max without (le) (budget) > 1.5e3) or vector(0)"#,
        );
        let matcher = |label: &str, values| Matcher {
            label: label.to_owned(),
            values,
        };
        let calls = Series {
            name: "calls_bucket".to_owned(),
            matchers: vec![
                matcher("code", list(&["a", "b(c)"])),
                matcher("upstream", list(&["by}"])),
            ],
        };
        let budget = Series {
            name: "budget".to_owned(),
            matchers: Vec::new(),
        };
        assert_eq!(names.series, [calls, budget]);
        let grouped = ["service_name", "le", "service_name", "le"];
        assert_eq!(names.labels, list(&grouped));
    }
}
