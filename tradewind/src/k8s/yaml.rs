//! Objects as YAML, in blocks.

use serde_json::Value;

/// Who wrote it.
pub(super) const HEAD: &str = "# Written by `tradewind k8s`.\n";

/// The documents of a file that is generated.
pub(super) fn file(documents: &[Value]) -> String {
    let documents: Vec<_> = documents.iter().map(document).collect();
    format!("{HEAD}{}", documents.join("---\n"))
}

/// An object.
pub(super) fn document(value: &Value) -> String {
    let mut text = String::new();
    block(value, 0, &mut text);
    text
}

/// What stands on lines of its own.
fn block(value: &Value, indent: usize, text: &mut String) {
    let margin = " ".repeat(indent);
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                *text += &format!("{margin}{}:", scalar(key));
                inner(value, indent + 2, text);
            }
        }
        Value::Array(items) => {
            for item in items {
                let mut own = String::new();
                match is_block(item) {
                    true => block(item, indent + 2, &mut own),
                    false => own = format!("{margin}  {}\n", line(item)),
                }
                *text += &format!("{margin}- {}", own.trim_start_matches(' '));
            }
        }
        other => *text += &format!("{margin}{}\n", line(other)),
    }
}

/// What stands behind a key.
fn inner(value: &Value, indent: usize, text: &mut String) {
    match value {
        Value::String(lines) if lines.contains('\n') => {
            *text += if lines.ends_with('\n') {
                " |\n"
            } else {
                " |-\n"
            };
            for line in lines.lines() {
                let line = format!("{}{line}", " ".repeat(indent));
                *text += &format!("{}\n", line.trim_end());
            }
        }
        _ if is_block(value) => {
            text.push('\n');
            block(value, indent, text);
        }
        _ => *text += &format!(" {}\n", line(value)),
    }
}

fn is_block(value: &Value) -> bool {
    match value {
        Value::Object(fields) => !fields.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    }
}

/// What fits on a line.
fn line(value: &Value) -> String {
    match value {
        Value::String(text) => scalar(text),
        other => other.to_string(),
    }
}

/// Text, in quotes where it could be taken for something else.
fn scalar(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./@".contains(&byte);
    let first = text
        .bytes()
        .next()
        .is_some_and(|it| it.is_ascii_alphabetic() || b"_/".contains(&it));
    let url = text.replace("://", "").replace(':', "");
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = first
        && url.bytes().all(is_plain)
        && !text.ends_with(':')
        && !is_word.contains(&text.to_lowercase().as_str());
    // An expression of a template stands for a value of any kind.
    let is_hole = text.starts_with("{{") && text.find("}}") == Some(text.len().saturating_sub(2));
    match plain || is_hole {
        true => text.to_owned(),
        false => Value::from(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_reads_as_it_was() {
        let value = json!({
            "kind": "Deployment",
            "metadata": {"name": "a", "annotations": {"a.b/c": "true", "n": "1", "e": "", "y": "off"}},
            "spec": {
                "list": [{"a": [1, 2], "b": {}}, [], "- x", ["deep", {"er": null}], "a: b", "#x"],
                "url": "http://svc-users:4001",
                "text": "one\n  two\n\nthree\n",
                "end": "one\ntwo",
                "0a": -1.5,
                "1e3": "1e3",
                "mode": "0440",
            },
        });
        let text = document(&value);
        let read: Value = serde_saphyr::from_str(&text).expect("it is YAML");
        assert_eq!(read, value, "{text}");
    }
}
