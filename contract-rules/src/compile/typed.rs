//! Rules of single values, by the type of the field.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind as Declared, Value};
use regex::Regex;

use super::Pass;
use crate::number::{Bound, FloatRules, IntRules, Range, TimeRules};
use crate::table::ValueRules;
use crate::text::{BytesRules, Format, Length, TextRules};

impl Pass<'_> {
    pub(super) fn text(&mut self, name: &str, rules: &DynamicMessage) -> ValueRules {
        let mut text = TextRules::default();
        for (rule, value) in rules.fields() {
            let string = || value.as_str().map(str::to_owned);
            let on = value.as_bool() == Some(true);
            match rule.name() {
                "const" => text.must_be = string(),
                "len" => text.length = exactly(value),
                "min_len" => text.length.least = value.as_u64(),
                "max_len" => text.length.most = value.as_u64(),
                "len_bytes" => text.byte_length = exactly(value),
                "min_bytes" => text.byte_length.least = value.as_u64(),
                "max_bytes" => text.byte_length.most = value.as_u64(),
                "prefix" => text.prefix = string(),
                "suffix" => text.suffix = string(),
                "contains" => text.contains = string(),
                "not_contains" => text.not_contains = string(),
                "in" => text.one_of = all(value, Value::as_str),
                "not_in" => text.none_of = all(value, Value::as_str),
                "pattern" => match Regex::new(value.as_str().unwrap_or_default()) {
                    Ok(pattern) => text.pattern = Some(pattern),
                    Err(error) => self.unsupported(name, &format!("pattern: {error}")),
                },
                format if on && format_of(format).is_some() => text.format = format_of(format),
                _ if value.as_bool() == Some(false) => {}
                "example" => {}
                other => self.unsupported(name, &format!("string.{other}")),
            }
        }
        ValueRules::Text(Box::new(text))
    }

    pub(super) fn bytes(&mut self, name: &str, rules: &DynamicMessage) -> ValueRules {
        let mut bytes = BytesRules::default();
        for (rule, value) in rules.fields() {
            let one = || value.as_bytes().map(|bytes| bytes.to_vec());
            let many = || {
                let values = value.as_list().unwrap_or_default().iter();
                values
                    .filter_map(|one| one.as_bytes().map(|bytes| bytes.to_vec()))
                    .collect()
            };
            match rule.name() {
                "const" => bytes.must_be = one(),
                "len" => bytes.length = exactly(value),
                "min_len" => bytes.length.least = value.as_u64(),
                "max_len" => bytes.length.most = value.as_u64(),
                "prefix" => bytes.prefix = one().unwrap_or_default(),
                "suffix" => bytes.suffix = one().unwrap_or_default(),
                "in" => bytes.one_of = many(),
                "not_in" => bytes.none_of = many(),
                "example" => {}
                other => self.unsupported(name, &format!("bytes.{other}")),
            }
        }
        ValueRules::Bytes(Box::new(bytes))
    }

    pub(super) fn boolean(&mut self, name: &str, rules: &DynamicMessage) -> ValueRules {
        let mut must_be = None;
        for (rule, value) in rules.fields() {
            match rule.name() {
                "const" => must_be = value.as_bool(),
                "example" => {}
                other => self.unsupported(name, &format!("bool.{other}")),
            }
        }
        must_be.map_or(ValueRules::None, |must_be| ValueRules::Bool { must_be })
    }

    pub(super) fn integer(
        &mut self,
        name: &str,
        rules: &DynamicMessage,
        field: &FieldDescriptor,
    ) -> ValueRules {
        let mut int = IntRules::default();
        for (rule, value) in rules.fields() {
            match rule.name() {
                "const" => int.must_be = int_of(value),
                "in" => int.one_of = each(value, int_of),
                "not_in" => int.none_of = each(value, int_of),
                "defined_only" if value.as_bool() == Some(true) => {
                    if let Declared::Enum(descriptor) = field.kind() {
                        let numbers = descriptor.values().map(|value| value.number().into());
                        int.defined = Some(numbers.collect());
                    }
                }
                "defined_only" | "example" => {}
                bound if set_bound(&mut int.range, bound, int_of(value)) => {}
                other => self.unsupported(name, other),
            }
        }
        ValueRules::Int(Box::new(int))
    }

    pub(super) fn float(&mut self, name: &str, rules: &DynamicMessage) -> ValueRules {
        let mut float = FloatRules::default();
        for (rule, value) in rules.fields() {
            match rule.name() {
                "const" => float.must_be = float_of(value),
                "in" => float.one_of = each(value, float_of),
                "not_in" => float.none_of = each(value, float_of),
                "finite" => float.finite = value.as_bool() == Some(true),
                "example" => {}
                bound if set_bound(&mut float.range, bound, float_of(value)) => {}
                other => self.unsupported(name, other),
            }
        }
        ValueRules::Float(Box::new(float))
    }

    /// Rules that ask the time of day (`lt_now`, `gt_now`, `within`) are not supported.
    pub(super) fn time(&mut self, name: &str, rules: &DynamicMessage) -> ValueRules {
        let mut time = TimeRules::default();
        for (rule, value) in rules.fields() {
            match rule.name() {
                "const" => time.must_be = time_of(value),
                "in" => time.one_of = each(value, time_of),
                "not_in" => time.none_of = each(value, time_of),
                "example" => {}
                bound if set_bound(&mut time.range, bound, time_of(value)) => {}
                other => self.unsupported(name, other),
            }
        }
        ValueRules::Time(Box::new(time))
    }
}

fn format_of(rule: &str) -> Option<Format> {
    Some(match rule {
        "email" => Format::Email,
        "hostname" => Format::Hostname,
        "ip" => Format::Ip,
        "ipv4" => Format::Ipv4,
        "ipv6" => Format::Ipv6,
        "uri" => Format::Uri,
        "address" => Format::Address,
        "uuid" => Format::Uuid,
        _ => return None,
    })
}

fn exactly(value: &Value) -> Length {
    Length {
        least: value.as_u64(),
        most: value.as_u64(),
    }
}

fn all(value: &Value, one: impl Fn(&Value) -> Option<&str>) -> Vec<String> {
    let values = value.as_list().unwrap_or_default();
    values
        .iter()
        .filter_map(|value| one(value).map(str::to_owned))
        .collect()
}

fn each<T>(value: &Value, one: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    value
        .as_list()
        .unwrap_or_default()
        .iter()
        .filter_map(one)
        .collect()
}

/// Whether the rule is a bound.
fn set_bound<T>(range: &mut Range<T>, rule: &str, value: Option<T>) -> bool {
    let Some(value) = value else { return false };
    let included = rule.ends_with('e');
    match rule {
        "gt" | "gte" => range.low = Some(Bound { value, included }),
        "lt" | "lte" => range.high = Some(Bound { value, included }),
        _ => return false,
    }
    true
}

fn int_of(value: &Value) -> Option<i128> {
    match value {
        Value::I32(value) | Value::EnumNumber(value) => Some((*value).into()),
        Value::I64(value) => Some((*value).into()),
        Value::U32(value) => Some((*value).into()),
        Value::U64(value) => Some((*value).into()),
        _ => None,
    }
}

fn float_of(value: &Value) -> Option<f64> {
    match value {
        Value::F32(value) => Some((*value).into()),
        Value::F64(value) => Some(*value),
        _ => None,
    }
}

fn time_of(value: &Value) -> Option<i128> {
    let message = value.as_message()?;
    let field = |name| {
        message
            .get_field_by_name(name)
            .and_then(|value| int_of(&value))
    };
    Some(field("seconds")? * 1_000_000_000 + field("nanos")?)
}
