//! Examples that keep to types and bounds.

use contract_rules::behavior::Behavior;
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

use super::names::Use;
use super::pattern;
use super::rules::Rules;
use crate::field::{is_well_known, is_wrapper};

/// Which fields an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shows {
    /// All of them: a reply.
    All,
    /// All that can be sent.
    Sendable,
    /// What has to be sent, or everything that can be sent if nothing has to.
    Needed,
}

impl From<Use> for Shows {
    fn from(of: Use) -> Self {
        match of {
            Use::Request => Self::Sendable,
            Use::Reply => Self::All,
        }
    }
}

/// An example of a message, less the fields in `omit`.
pub(super) fn message(message: &MessageDescriptor, shows: Shows, omit: &[String]) -> Value {
    of_message(message, shows, omit, &mut Vec::new())
}

/// An example of one field's value.
pub(super) fn field(field: &FieldDescriptor, shows: Shows) -> Value {
    of_field(field, shows, &mut Vec::new())
}

/// `outer` holds the names of the messages that the example is inside of, so that it ends.
fn of_message(
    message: &MessageDescriptor,
    shows: Shows,
    omit: &[String],
    outer: &mut Vec<String>,
) -> Value {
    if is_well_known(message) {
        return well_known(message);
    }
    if message.full_name() == "google.type.Money" {
        return json!({ "currencyCode": "GBP", "units": "12", "nanos": 500_000_000 });
    }
    outer.push(message.full_name().to_owned());
    let needed: Vec<_> = message.fields().filter(is_needed).collect();
    let fields: Vec<_> = match shows {
        Shows::Needed if !needed.is_empty() => needed,
        _ => message.fields().collect(),
    };
    let mut example = Map::new();
    let mut oneofs = Vec::new();
    for field in fields {
        let inner = match field.kind() {
            Kind::Message(entry) if field.is_map() => entry.map_entry_value_field().kind(),
            kind => kind,
        };
        let recurs = matches!(inner, Kind::Message(m) if outer.iter().any(|o| o == m.full_name()));
        let is_second = field
            .containing_oneof()
            .is_some_and(|oneof| oneofs.contains(&oneof));
        let is_bound = omit.iter().any(|name| name == field.name());
        if is_second || is_bound || (is_output(&field) && shows != Shows::All) {
            continue;
        }
        if recurs {
            let nothing = match (field.is_map(), field.is_list()) {
                (true, _) => json!({}),
                (_, true) => json!([]),
                _ => continue,
            };
            example.insert(field.json_name().to_owned(), nothing);
            continue;
        }
        oneofs.extend(field.containing_oneof());
        example.insert(field.json_name().to_owned(), of_field(&field, shows, outer));
    }
    outer.pop();
    Value::Object(example)
}

/// Whether the server alone sets it.
pub(super) fn is_output(field: &FieldDescriptor) -> bool {
    Behavior::OutputOnly.is_of(field)
}

pub(super) fn is_needed(field: &FieldDescriptor) -> bool {
    Behavior::Required.is_of(field) || Rules::of(field).required
}

fn of_field(field: &FieldDescriptor, shows: Shows, outer: &mut Vec<String>) -> Value {
    let rules = Rules::of(field);
    let none = Rules::default();
    match field.kind() {
        Kind::Message(entry) if field.is_map() => {
            let of_key = entry.map_entry_key_field();
            let key = one(
                &of_key,
                rules.keys.as_deref().unwrap_or(&none),
                shows,
                outer,
            );
            let of_value = entry.map_entry_value_field();
            let value = one(
                &of_value,
                rules.values.as_deref().unwrap_or(&none),
                shows,
                outer,
            );
            let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            Value::Object(Map::from_iter([(key, value)]))
        }
        _ if field.is_list() => {
            let items = rules.items.as_deref().unwrap_or(&none);
            // Several that have to differ cannot be made from one.
            let count = rules.count("minItems").unwrap_or(1).clamp(1, 3);
            Value::Array(vec![one(field, items, shows, outer); count])
        }
        _ => one(field, &rules, shows, outer),
    }
}

fn one(field: &FieldDescriptor, rules: &Rules, shows: Shows, outer: &mut Vec<String>) -> Value {
    match field.kind() {
        Kind::Message(message) => of_message(&message, shows, &[], outer),
        Kind::Enum(values) => {
            let allowed: Vec<_> = values
                .values()
                .filter(|v| rules.allows(v.number()))
                .collect();
            let value = allowed
                .iter()
                .find(|value| value.number() != 0)
                .or(allowed.first());
            value.map_or(Value::Null, |value| json!(value.name()))
        }
        Kind::Bool => rules.allowed.first().cloned().unwrap_or(json!(true)),
        Kind::String => json!(string(field, rules)),
        Kind::Bytes => json!("AQID"),
        Kind::Double | Kind::Float => json!(number(rules, 1.5)),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 | Kind::Uint32 | Kind::Fixed32 => {
            json!(number(rules, 1.0) as i64)
        }
        _ => json!((number(rules, 1.0) as i64).to_string()),
    }
}

fn number(rules: &Rules, usual: f64) -> f64 {
    let chosen = rules
        .example
        .as_ref()
        .or(rules.allowed.first())
        .and_then(Value::as_f64);
    let least = rules
        .number("minimum")
        .or(rules.number("exclusiveMinimum").map(|n| n + 1.0));
    let most = rules
        .number("maximum")
        .or(rules.number("exclusiveMaximum").map(|n| n - 1.0));
    let bounded = usual
        .max(least.unwrap_or(f64::MIN))
        .min(most.unwrap_or(f64::MAX));
    chosen.unwrap_or(bounded)
}

fn string(field: &FieldDescriptor, rules: &Rules) -> String {
    let chosen = rules
        .example
        .as_ref()
        .or(rules.allowed.first())
        .and_then(Value::as_str);
    if let Some(chosen) = chosen {
        return chosen.to_owned();
    }
    let min = rules.count("minLength").unwrap_or(0);
    let max = rules.count("maxLength").unwrap_or(usize::MAX);
    if let Some(pattern) = rules.text("pattern")
        && let Some(sample) = pattern::sample(pattern, min, max)
    {
        return sample;
    }
    let name = field.name();
    let by_format = match rules.text("format") {
        Some("email") => Some("ada@example.com"),
        Some("hostname") => Some("example.com"),
        Some("ipv4") => Some("192.0.2.1"),
        Some("ipv6") => Some("2001:db8::1"),
        Some("uri") => Some("https://example.com/a"),
        Some("uri-reference") => Some("/a"),
        Some("uuid") => Some("0190d5a0-7c3e-7b1a-9f00-4a5b6c7d8e9f"),
        _ if name == "email" => Some("ada@example.com"),
        _ if name == "url" || name.ends_with("_url") => Some("https://example.com/a"),
        _ if name.ends_with("password") => Some("correct horse battery staple"),
        _ if name == "id" || name.ends_with("_id") => Some("0190d5a0-7c3e-7b1a-9f00-4a5b6c7d8e9f"),
        _ => None,
    };
    let word = by_format.map_or_else(|| name.replace('_', " "), str::to_owned);
    let padded = word.chars().chain(std::iter::repeat('x'));
    padded
        .take(word.chars().count().max(min).min(max))
        .collect()
}

fn well_known(message: &MessageDescriptor) -> Value {
    match message.name() {
        "Timestamp" => json!("2030-01-31T12:00:00Z"),
        "Duration" => json!("1.5s"),
        "FieldMask" => json!("title"),
        "ListValue" => json!(["a"]),
        "Value" => json!("a"),
        "Struct" => json!({ "a": "b" }),
        "Any" => {
            json!({ "@type": "type.googleapis.com/google.protobuf.Duration", "value": "1.5s" })
        }
        _ if is_wrapper(message) => {
            let value = message.get_field(1).expect("every wrapper has the field 1");
            one(&value, &Rules::default(), Shows::All, &mut Vec::new())
        }
        _ => json!({}),
    }
}
