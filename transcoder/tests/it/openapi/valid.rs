//! As much of JSON Schema as the generator writes, to hold the document's examples against it.

use regex::Regex;
use serde_json::Value;

/// Checks every example of the document against its schema; returns how many there were.
pub(super) fn examples(document: &Value) -> usize {
    let mut count = 0;
    visit(document, document, "#", &mut count);
    count
}

fn visit(document: &Value, value: &Value, at: &str, count: &mut usize) {
    if let (Some(schema), Some(example)) = (value.get("schema"), value.get("example")) {
        check(document, schema, example, at);
        *count += 1;
    }
    if let (Some(_), Some(examples)) = (value.get("type"), value.get("examples")) {
        for example in examples.as_array().expect("examples are a list") {
            check(document, value, example, at);
            *count += 1;
        }
        return;
    }
    if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
        resolve(document, reference, at);
    }
    match value {
        Value::Object(object) => {
            for (key, inner) in object {
                visit(document, inner, &format!("{at}/{key}"), count);
            }
        }
        Value::Array(array) => {
            for (index, inner) in array.iter().enumerate() {
                visit(document, inner, &format!("{at}/{index}"), count);
            }
        }
        _ => {}
    }
}

fn resolve<'d>(document: &'d Value, reference: &str, at: &str) -> &'d Value {
    let pointer = reference
        .strip_prefix('#')
        .expect("references stay in the document");
    document
        .pointer(pointer)
        .unwrap_or_else(|| panic!("{at}: {reference} leads nowhere"))
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str) {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        check(document, resolve(document, reference, at), value, at);
    }
    if let Some(kind) = schema.get("type") {
        let kinds = kind
            .as_array()
            .cloned()
            .unwrap_or_else(|| vec![kind.clone()]);
        let fits = kinds
            .iter()
            .filter_map(Value::as_str)
            .any(|kind| match kind {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_i64() || value.is_u64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                other => panic!("{at}: {other} is no type"),
            });
        assert!(fits, "{at}: {value} is no {kind}");
    }
    if let Some(allowed) = schema.get("enum").and_then(Value::as_array) {
        assert!(
            allowed.contains(value),
            "{at}: {value} is not one of {allowed:?}"
        );
    }
    match value {
        Value::String(text) => check_text(schema, text, at),
        Value::Number(number) => check_number(schema, number.as_f64().expect("a number"), at),
        Value::Array(items) => {
            assert!(
                items.len() as f64 >= bound(schema, "minItems", 0.0),
                "{at}: too few items"
            );
            assert!(
                items.len() as f64 <= bound(schema, "maxItems", 1e9),
                "{at}: too many items"
            );
            for item in items {
                check(
                    document,
                    schema.get("items").unwrap_or(&Value::Null),
                    item,
                    at,
                );
            }
        }
        Value::Object(object) => {
            let required = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten();
            for name in required.filter_map(Value::as_str) {
                assert!(
                    object.contains_key(name),
                    "{at}: {name} is missing in {value}"
                );
            }
            let additional = schema.get("additionalProperties").unwrap_or(&Value::Null);
            for (name, inner) in object {
                let at = format!("{at}/{name}");
                match schema
                    .get("properties")
                    .and_then(|properties| properties.get(name))
                {
                    Some(property) => check(document, property, inner, &at),
                    None => {
                        assert!(additional != &Value::Bool(false), "{at}: no such property");
                        check(document, additional, inner, &at);
                    }
                }
            }
        }
        _ => {}
    }
}

fn check_text(schema: &Value, text: &str, at: &str) {
    let length = text.chars().count() as f64;
    assert!(
        length >= bound(schema, "minLength", 0.0),
        "{at}: {text:?} is too short"
    );
    assert!(
        length <= bound(schema, "maxLength", 1e9),
        "{at}: {text:?} is too long"
    );
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        let pattern = Regex::new(pattern).expect("a pattern");
        assert!(
            pattern.is_match(text),
            "{at}: {text:?} does not match {pattern}"
        );
    }
}

fn check_number(schema: &Value, number: f64, at: &str) {
    assert!(
        number >= bound(schema, "minimum", f64::MIN),
        "{at}: {number} is too small"
    );
    assert!(
        number > bound(schema, "exclusiveMinimum", f64::MIN),
        "{at}: {number} is too small"
    );
    assert!(
        number <= bound(schema, "maximum", f64::MAX),
        "{at}: {number} is too large"
    );
    assert!(
        number < bound(schema, "exclusiveMaximum", f64::MAX),
        "{at}: {number} is too large"
    );
}

fn bound(schema: &Value, keyword: &str, otherwise: f64) -> f64 {
    schema
        .get(keyword)
        .and_then(Value::as_f64)
        .unwrap_or(otherwise)
}
