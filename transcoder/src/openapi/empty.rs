//! Texts that are empty or have a form.
//!
//! JSON Schema would say it by `anyOf`, which generators turn into classes of their own or do not read
//! at all. A pattern says it too, and everybody reads patterns.

use serde_json::{Map, Value};

/// The same keywords for a text that may also be empty.
pub(super) fn or_empty(mut keywords: Map<String, Value>) -> Map<String, Value> {
    let format = keywords.remove("format");
    let least = keywords.remove("minLength");
    let of_format = format.as_ref().and_then(Value::as_str).and_then(form);
    let pattern = match keywords.remove("pattern") {
        Some(pattern) => pattern.as_str().map(str::to_owned),
        None => of_format.or_else(|| at_least(least.as_ref()?.as_u64()?)),
    };
    if let Some(pattern) = pattern {
        keywords.insert("pattern".to_owned(), format!("^$|{pattern}").into());
    }
    keywords
}

/// Repetitions have bounds: in RE2, which many generated clients use, it is a thousand.
fn at_least(least: u64) -> Option<String> {
    (2..=1000)
        .contains(&least)
        .then(|| format!(r"^[\s\S]{{{least},}}$"))
}

/// What `buf.validate` takes for a text of that format, as far as a pattern can say it.
fn form(format: &str) -> Option<String> {
    Some(match format {
        "uuid" => "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$"
            .to_owned(),
        // HTML standard, valid e-mail address.
        "email" => {
            let label = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
            format!(r"^[a-zA-Z0-9.!#$%&'*+/=?^_`{{|}}~-]+@{label}(?:\.{label})*$")
        }
        // RFC 3986, appendix A, without addresses of IPv6 in brackets.
        "uri" => {
            let of = |more: &str| format!("(?:[A-Za-z0-9._~!$&'()*+,;={more}-]|%[0-9A-Fa-f]{{2}})");
            let authority = format!("(?:{}*@)?{}*(?::[0-9]*)?", of(":"), of(""));
            let (first, path, rest) = (of(":@"), of(":@/"), of(":@/?"));
            format!(
                r"^[A-Za-z][A-Za-z0-9+.-]*:(?://{authority}(?:/{path}*)?|/?(?:{first}{path}*)?)(?:\?{rest}*)?(?:#{rest}*)?$"
            )
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use regex::Regex;
    use serde_json::{Map, json};

    use super::or_empty;

    #[test]
    fn a_pattern_takes_the_empty_text_and_those_of_the_format() {
        for (keyword, value, fitting, others) in [
            (
                "format",
                json!("uuid"),
                ["", "0190d5a0-7c3e-7b1a-9f00-4a5b6c7d8e9f"].as_slice(),
                ["0190d5a0", " "].as_slice(),
            ),
            (
                "format",
                json!("email"),
                &["", "ada@example.com", "a+b@x"],
                &["ada", "a@-x", "@x"],
            ),
            (
                "format",
                json!("uri"),
                &[
                    "",
                    "https://example.com/a?b=c#d",
                    "urn:a:b",
                    "https://u@h:1",
                    "x:/a%20b",
                ],
                &["example.com", "https://a b", "http://x/%zz"],
            ),
            ("pattern", json!("^[A-Z]{2}$"), &["", "GB"], &["G", "GBR"]),
            ("minLength", json!(3), &["", "abc", "a\nb"], &["ab"]),
        ] {
            let keywords = or_empty(Map::from_iter([(keyword.to_owned(), value)]));
            let pattern = keywords["pattern"].as_str().expect("a text");
            let pattern = Regex::new(pattern).expect("a pattern");
            for text in fitting {
                assert!(pattern.is_match(text), "{pattern}: {text:?}");
            }
            for text in others {
                assert!(!pattern.is_match(text), "{pattern}: {text:?}");
            }
            assert_eq!(keywords.len(), 1);
        }
    }
}
