//! Rules of single values, by the type of the field.

use prost_reflect::{FieldDescriptor, Kind as Declared, Value};
use regex::Regex;

use super::Pass;
use super::reading::Reading;
use crate::bytes::{BytesRule, FORMATS};
use crate::length::BYTES;
use crate::value::{Named, ValueRules};
use crate::wrapper;
use crate::written::Typed;

impl Pass<'_> {
    pub(super) fn value(
        &mut self,
        name: &str,
        (of, rules): Typed,
        field: &FieldDescriptor,
    ) -> ValueRules {
        let message = field.kind().as_message().and_then(wrapper::value);
        if let Some(wrapped) = message {
            let kind = self.kind(&wrapped, true);
            return ValueRules::Wrapped(kind, Box::new(self.value(name, (of, rules), &wrapped)));
        }
        if !fits(&of, &field.kind()) {
            self.unsupported(name, &format!("{of}, on a field of another type"));
            return ValueRules::None;
        }
        let mut reading = Reading::new(&rules);
        let compiled = match &*of {
            "string" => ValueRules::Text(Named {
                rules: self.text(name, &mut reading),
                of: of.clone(),
            }),
            "bytes" => ValueRules::Bytes(Named {
                rules: self.bytes(name, &mut reading),
                of: of.clone(),
            }),
            "bool" => match reading.one("const", Value::as_bool) {
                Some(must_be) => ValueRules::Bool { must_be },
                None => ValueRules::None,
            },
            "float" | "double" => ValueRules::Float(Named {
                rules: super::numbers::floats(&mut reading),
                of: of.clone(),
            }),
            "timestamp" | "duration" => ValueRules::Time(Named {
                rules: self.times(name, &mut reading),
                of: of.clone(),
            }),
            "any" => ValueRules::Any(Named {
                rules: super::wellknown::any(&mut reading),
                of: of.clone(),
            }),
            "field_mask" => ValueRules::Mask(Named {
                rules: super::wellknown::mask(&mut reading),
                of: of.clone(),
            }),
            _ => ValueRules::Int(Named {
                rules: super::numbers::integers(&mut reading, field),
                of: of.clone(),
            }),
        };
        self.refuse_rest(name, &of, reading);
        compiled
    }

    fn bytes(&mut self, name: &str, reading: &mut Reading<'_>) -> Vec<BytesRule> {
        let bytes = |value: &Value| value.as_bytes().map(|bytes| bytes.to_vec());
        let mut rules = Vec::new();
        rules.extend(reading.one("const", bytes).map(BytesRule::Const));
        rules.extend(reading.one("prefix", bytes).map(BytesRule::Prefix));
        rules.extend(reading.one("suffix", bytes).map(BytesRule::Suffix));
        rules.extend(reading.one("contains", bytes).map(BytesRule::Contains));
        rules.extend(reading.many("in", bytes).map(BytesRule::In));
        rules.extend(reading.many("not_in", bytes).map(BytesRule::NotIn));
        rules.push(BytesRule::Length(reading.length(&BYTES)));
        rules.extend(self.pattern(name, reading).map(BytesRule::Pattern));
        let formats = FORMATS.iter().filter(|format| reading.flag(format.name));
        rules.extend(formats.map(BytesRule::Format));
        rules
    }

    pub(super) fn pattern(&mut self, name: &str, reading: &mut Reading<'_>) -> Option<Regex> {
        let pattern = reading.one("pattern", |value| value.as_str().map(str::to_owned))?;
        let compiled = Regex::new(&pattern);
        let compiled =
            compiled.map_err(|error| self.unsupported(name, &format!("pattern: {error}")));
        compiled.ok()
    }
}

/// Whether rules named `rules` are for a field of this type.
fn fits(rules: &str, kind: &Declared) -> bool {
    match kind {
        Declared::Double => rules == "double",
        Declared::Float => rules == "float",
        Declared::Int32 => rules == "int32",
        Declared::Int64 => rules == "int64",
        Declared::Uint32 => rules == "uint32",
        Declared::Uint64 => rules == "uint64",
        Declared::Sint32 => rules == "sint32",
        Declared::Sint64 => rules == "sint64",
        Declared::Fixed32 => rules == "fixed32",
        Declared::Fixed64 => rules == "fixed64",
        Declared::Sfixed32 => rules == "sfixed32",
        Declared::Sfixed64 => rules == "sfixed64",
        Declared::Bool => rules == "bool",
        Declared::String => rules == "string",
        Declared::Bytes => rules == "bytes",
        Declared::Enum(_) => rules == "enum",
        Declared::Message(message) => match message.full_name() {
            "google.protobuf.Any" => rules == "any",
            "google.protobuf.Duration" => rules == "duration",
            "google.protobuf.FieldMask" => rules == "field_mask",
            "google.protobuf.Timestamp" => rules == "timestamp",
            _ => false,
        },
    }
}
