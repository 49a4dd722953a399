//! After the engine has refused a JSON text: which value it was, and what would have been right.
//!
//! prost-reflect's errors do not say where. So the text is read as a tree and walked beside the
//! descriptors; each single value is put to the same engine on its own, which makes the answer its
//! answer. Only refused requests pay for this, once for each value.

use std::collections::HashMap;

use prost_reflect::{DeserializeOptions, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value};

use super::path::{Path, Step};
use crate::JsonError;
use crate::field::{by_name, is_well_known};
use crate::scalar::expected;

/// The first fault of `json`, which does not fit `message`.
pub(super) fn locate(
    message: &MessageDescriptor,
    json: &[u8],
    reading: &DeserializeOptions,
) -> JsonError {
    let mut walk = Walk {
        reading,
        path: Path::default(),
    };
    let found = serde_json::from_slice(json)
        .map_err(|error| walk.path.error(format!("malformed JSON: {error}")))
        .and_then(|tree| walk.message(message, &tree));
    match found {
        Err(error) => error,
        Ok(()) => Path::default().error(format!("does not fit {}", message.full_name())),
    }
}

struct Walk<'a> {
    reading: &'a DeserializeOptions,
    path: Path,
}

/// The first fault ends the walk, with the path still standing at it.
type Walked = Result<(), JsonError>;

impl Walk<'_> {
    fn message(&mut self, message: &MessageDescriptor, value: &Value) -> Walked {
        if is_well_known(message) {
            return match self.accepts(message, value.clone()) {
                true => Ok(()),
                false => self.expected(&Kind::Message(message.clone())),
            };
        }
        let Value::Object(object) = value else {
            return self.expected(&Kind::Message(message.clone()));
        };
        let mut oneofs = HashMap::new();
        for (key, value) in object {
            self.path.push(Step::Field(key.clone()));
            self.entry(message, key, value)?;
            let field = by_name(message, key).filter(|_| !value.is_null());
            let oneof = field.as_ref().and_then(FieldDescriptor::containing_oneof);
            if let Some(oneof) = oneof
                && let Some(other) = oneofs.insert(oneof.name().to_owned(), key)
            {
                return Err(self
                    .path
                    .error(format!("excludes {other:?}, which is given too")));
            }
            self.path.pop();
        }
        Ok(())
    }

    fn entry(&mut self, message: &MessageDescriptor, key: &str, value: &Value) -> Walked {
        match by_name(message, key) {
            Some(field) => self.field(&field, value),
            None => match self.accepts(message, object(key, value.clone())) {
                true => Ok(()),
                false => Err(self.path.error("no such field")),
            },
        }
    }

    fn field(&mut self, field: &FieldDescriptor, value: &Value) -> Walked {
        match value {
            Value::Null => Ok(()),
            Value::Object(entries) if field.is_map() => self.map(field, entries),
            _ if field.is_map() => Err(self.path.error("expected an object")),
            Value::Array(elements) if field.is_list() => self.list(field, elements),
            _ if field.is_list() => Err(self.path.error("expected an array")),
            _ => self.single(field, value, |value| value),
        }
    }

    fn list(&mut self, field: &FieldDescriptor, elements: &[Value]) -> Walked {
        for (index, element) in elements.iter().enumerate() {
            self.path.push(Step::Index(index));
            self.single(field, element, |value| Value::Array(vec![value]))?;
            self.path.pop();
        }
        Ok(())
    }

    fn map(&mut self, field: &FieldDescriptor, entries: &Map<String, Value>) -> Walked {
        let Kind::Message(entry) = field.kind() else {
            return Ok(());
        };
        let of_key = entry.map_entry_key_field();
        let of_value = entry.map_entry_value_field().kind();
        for (key, value) in entries {
            self.path.push(Step::Key(key.clone()));
            let is_key = match of_key.kind() {
                Kind::Bool => matches!(key.as_str(), "true" | "false"),
                _ => self.accepts_in(&of_key, Value::from(key.as_str())),
            };
            if !is_key {
                return Err(self
                    .path
                    .error(format!("the key: {}", expected(&of_key.kind()))));
            }
            match &of_value {
                Kind::Message(message) => self.message(message, value)?,
                kind if is_plain(kind, value) => {}
                _ if self.accepts_in(field, object(key, value.clone())) => {}
                kind => return self.expected(kind),
            }
            self.path.pop();
        }
        Ok(())
    }

    /// One value of a field; `wrap` makes it what stands in the field when it is alone.
    fn single(
        &mut self,
        field: &FieldDescriptor,
        value: &Value,
        wrap: impl Fn(Value) -> Value,
    ) -> Walked {
        match field.kind() {
            Kind::Message(message) => self.message(&message, value),
            kind if is_plain(&kind, value) => Ok(()),
            kind => match self.accepts_in(field, wrap(value.clone())) {
                true => Ok(()),
                false => self.expected(&kind),
            },
        }
    }

    fn accepts_in(&self, field: &FieldDescriptor, value: Value) -> bool {
        self.accepts(field.parent_message(), object(field.json_name(), value))
    }

    fn accepts(&self, message: &MessageDescriptor, value: Value) -> bool {
        DynamicMessage::deserialize_with_options(message.clone(), value, self.reading).is_ok()
    }

    fn expected(&self, kind: &Kind) -> Walked {
        Err(self.path.error(expected(kind)))
    }
}

/// Whether the value fits beyond doubt. The engine is asked only about the others, so that one
/// wrong value behind a million right ones is found as fast as they are read.
fn is_plain(kind: &Kind, value: &Value) -> bool {
    match kind {
        Kind::Bool => value.is_boolean(),
        Kind::String => value.is_string(),
        Kind::Double => value.is_number(),
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
            integer(value).is_some_and(|v| i32::try_from(v).is_ok())
        }
        Kind::Uint32 | Kind::Fixed32 => integer(value).is_some_and(|v| u32::try_from(v).is_ok()),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => integer(value).is_some(),
        Kind::Uint64 | Kind::Fixed64 => integer(value).is_some_and(|v| v >= 0),
        _ => false,
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn object(key: &str, value: Value) -> Value {
    Value::Object(Map::from_iter([(key.to_owned(), value)]))
}
