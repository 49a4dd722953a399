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
    let options = serde_saphyr::ser_options! {
        compact_list_indent: false,
        // No line is folded.
        folded_wrap_chars: usize::MAX,
    };
    let text = serde_saphyr::to_string_with_options(value, options);
    let text = text.expect("what is JSON is YAML, and a text takes it");
    let lines: Vec<_> = text.lines().map(unquoted).collect();
    lines.join("\n") + "\n"
}

/// The line without quotes where an expression of a template (`{{ .Values.host }}`) begins and ends the
/// text in them: it stands for a value of any kind.
fn unquoted(line: &str) -> String {
    let quoted = line.split_once("\"{{ ");
    match quoted.and_then(|(before, text)| Some((before, text.strip_suffix(" }}\"")?))) {
        Some((before, text)) => format!("{before}{{{{ {text} }}}}"),
        None => line.to_owned(),
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

    #[test]
    fn expressions_of_templates_stand_in_no_quotes() {
        let text =
            document(&json!({"a": "{{ .b }}", "c": ["{{ index .d `e` }}/f@{{ .g }}", "{{ h"]}));
        assert_eq!(
            text,
            "a: {{ .b }}\nc:\n  - {{ index .d `e` }}/f@{{ .g }}\n  - \"{{ h\"\n"
        );
    }
}
