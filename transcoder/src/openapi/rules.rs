//! The standard rules of `buf.validate` on a field, as far as JSON Schema can say them.

use contract_rules::written::{Ignore, Written};
use prost_reflect::{DynamicMessage, FieldDescriptor, Value as Reflected};
use serde_json::{Map, Number, Value};

/// The rules of one value. What is not there does not bind.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) required: bool,
    /// The rules do not bind a value that is empty (`IGNORE_IF_ZERO_VALUE`).
    pub(super) may_be_empty: bool,
    /// The keywords of JSON Schema for a string, a number or an enum's number.
    pub(super) keywords: Map<String, Value>,
    /// The one value, or the ones, that are allowed; for enums their numbers.
    pub(super) allowed: Vec<Value>,
    pub(super) forbidden: Vec<Value>,
    /// An example that the contract itself gives.
    pub(super) example: Option<Value>,
    pub(super) items: Option<Box<Rules>>,
    pub(super) keys: Option<Box<Rules>>,
    pub(super) values: Option<Box<Rules>>,
}

impl Rules {
    /// The rules of a field; none if the descriptors do not know `buf.validate`.
    pub(super) fn of(field: &FieldDescriptor) -> Self {
        Self::read(Written::of(field))
    }

    /// What they promise of a reply: its format, if it is not empty instead.
    pub(super) fn of_reply(mut self) -> Self {
        let may_be_empty = self.may_be_empty;
        self.keywords
            .retain(|keyword, _| keyword == "format" && !may_be_empty);
        Self {
            required: self.required,
            keywords: self.keywords,
            items: self.items.map(|items| Box::new(items.of_reply())),
            values: self.values.map(|values| Box::new(values.of_reply())),
            ..Self::default()
        }
    }

    fn read(written: Written) -> Self {
        let mut rules = Self {
            required: written.required,
            may_be_empty: written.ignore == Ignore::Zero,
            ..Self::default()
        };
        if let Some((kind, of_type)) = written.typed {
            rules.read_type(&kind, &of_type);
        }
        rules
    }

    /// Reads one of `StringRules`, `Int32Rules`, ...
    fn read_type(&mut self, kind: &str, of_type: &DynamicMessage) {
        for (field, value) in of_type.fields() {
            let inner = || Some(Box::new(Self::read(Written::read(value))));
            match (field.name(), kind) {
                ("const", _) => self.allowed.extend(json(value)),
                ("in", _) => self.allowed.extend(elements(value)),
                ("not_in", _) => self.forbidden.extend(elements(value)),
                ("example", _) => self.example = elements(value).into_iter().next(),
                ("items", _) => self.items = inner(),
                ("keys", _) => self.keys = inner(),
                ("values", _) => self.values = inner(),
                ("prefix", "string") => {
                    let pattern = format!("^{}", escaped(value.as_str().unwrap_or_default()));
                    self.keywords.insert("pattern".to_owned(), pattern.into());
                }
                ("len", "string") => {
                    self.keyword("minLength", value);
                    self.keyword("maxLength", value);
                }
                (name, kind) => {
                    if let Some(keyword) = keyword(kind, name) {
                        self.keyword(keyword, value);
                    } else if kind == "string"
                        && let Some(format) = format(name)
                        && value.as_bool() == Some(true)
                    {
                        self.keywords.insert("format".to_owned(), format.into());
                    }
                }
            }
        }
    }

    fn keyword(&mut self, keyword: &str, value: &Reflected) {
        if let Some(value) = json(value) {
            self.keywords.insert(keyword.to_owned(), value);
        }
    }

    pub(super) fn text(&self, keyword: &str) -> Option<&str> {
        self.keywords.get(keyword)?.as_str()
    }

    pub(super) fn number(&self, keyword: &str) -> Option<f64> {
        self.keywords.get(keyword)?.as_f64()
    }

    pub(super) fn count(&self, keyword: &str) -> Option<usize> {
        self.keywords
            .get(keyword)?
            .as_u64()
            .and_then(|count| count.try_into().ok())
    }

    /// Whether the contract allows an enum's value of this number.
    pub(super) fn allows(&self, number: i32) -> bool {
        let number = Value::from(number);
        (self.allowed.is_empty() || self.allowed.contains(&number))
            && !self.forbidden.contains(&number)
    }
}

/// The keyword of JSON Schema for a rule that has one.
fn keyword(kind: &str, rule: &str) -> Option<&'static str> {
    Some(match (kind, rule) {
        ("string", "min_len") => "minLength",
        ("string", "max_len") => "maxLength",
        ("string", "pattern") => "pattern",
        ("repeated", "min_items") => "minItems",
        ("repeated", "max_items") => "maxItems",
        ("repeated", "unique") => "uniqueItems",
        ("map", "min_pairs") => "minProperties",
        ("map", "max_pairs") => "maxProperties",
        ("timestamp" | "duration" | "any" | "string" | "bytes", _) => return None,
        (_, "gte") => "minimum",
        (_, "gt") => "exclusiveMinimum",
        (_, "lte") => "maximum",
        (_, "lt") => "exclusiveMaximum",
        _ => return None,
    })
}

/// The format of JSON Schema for a well-known string rule.
fn format(rule: &str) -> Option<&'static str> {
    Some(match rule {
        "email" => "email",
        "hostname" => "hostname",
        "ipv4" => "ipv4",
        "ipv6" => "ipv6",
        "uri" => "uri",
        "uri_ref" => "uri-reference",
        "uuid" => "uuid",
        _ => return None,
    })
}

/// The text as a pattern of ECMAScript.
fn escaped(text: &str) -> String {
    let special = |letter| r"^$\.*+?()[]{}|".contains(letter);
    let escape = |letter| special(letter).then_some('\\').into_iter().chain([letter]);
    text.chars().flat_map(escape).collect()
}

fn elements(value: &Reflected) -> Vec<Value> {
    value
        .as_list()
        .unwrap_or_default()
        .iter()
        .filter_map(json)
        .collect()
}

fn json(value: &Reflected) -> Option<Value> {
    Some(match value {
        Reflected::Bool(value) => Value::from(*value),
        Reflected::I32(value) | Reflected::EnumNumber(value) => Value::from(*value),
        Reflected::I64(value) => Value::from(*value),
        Reflected::U32(value) => Value::from(*value),
        Reflected::U64(value) => Value::from(*value),
        Reflected::F32(value) => Value::Number(Number::from_f64(f64::from(*value))?),
        Reflected::F64(value) => Value::Number(Number::from_f64(*value)?),
        Reflected::String(value) => Value::from(value.as_str()),
        _ => return None,
    })
}
