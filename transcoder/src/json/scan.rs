//! What must hold of a JSON text before its values matter: it is well-formed, not too deep, and
//! no object has a key twice. A field has two names, and both count as the same key.

use std::collections::HashSet;
use std::fmt;

use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::path::{Path, Step};
use crate::JsonError;
use crate::field::{by_name, is_well_known};

/// Scans the JSON of a message.
pub(super) fn message(
    json: &[u8],
    message: &MessageDescriptor,
    max_depth: usize,
) -> Result<(), JsonError> {
    scan(
        json,
        &Shape::of_message(message),
        Path::default(),
        max_depth,
    )
}

/// Scans the JSON of one field's value; paths start with the field.
pub(super) fn field(
    json: &[u8],
    field: &FieldDescriptor,
    max_depth: usize,
) -> Result<(), JsonError> {
    let mut path = Path::default();
    path.push(Step::Field(field.json_name().to_owned()));
    scan(json, &Shape::of_field(field), path, max_depth)
}

fn scan(json: &[u8], shape: &Shape, path: Path, max_depth: usize) -> Result<(), JsonError> {
    let mut scanner = Scanner {
        path,
        max_depth,
        fault: None,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let scanned = Value {
        scanner: &mut scanner,
        shape,
    }
    .deserialize(&mut deserializer)
    .and_then(|()| deserializer.end());
    scanned.map_err(|error| match scanner.fault.take() {
        Some(fault) => scanner.path.error(fault),
        None => scanner.path.error(format!("malformed JSON: {error}")),
    })
}

/// Which keys an object at this place has. A list has the shape of its elements.
enum Shape {
    /// The names of the message's fields.
    Message(MessageDescriptor),
    /// Any keys; each value has the inner shape.
    Map(Box<Shape>),
    /// Any keys, any values.
    Free,
}

impl Shape {
    fn of_message(message: &MessageDescriptor) -> Self {
        if is_well_known(message) {
            Self::Free
        } else {
            Self::Message(message.clone())
        }
    }

    fn of_field(field: &FieldDescriptor) -> Self {
        match field.kind() {
            Kind::Message(entry) if field.is_map() => {
                Self::Map(Box::new(Self::of_field(&entry.map_entry_value_field())))
            }
            Kind::Message(message) => Self::of_message(&message),
            _ => Self::Free,
        }
    }
}

struct Scanner {
    /// Where the scan is; after an error, where it happened.
    path: Path,
    max_depth: usize,
    /// A fault that is not one of syntax.
    fault: Option<String>,
}

impl Scanner {
    fn fail<E: serde::de::Error>(&mut self, fault: impl Into<String>) -> E {
        self.fault = Some(fault.into());
        E::custom("refused")
    }

    fn enter<E: serde::de::Error>(&mut self) -> Result<(), E> {
        match self.path.depth() < self.max_depth {
            true => Ok(()),
            false => Err(self.fail(format!("nested more than {} deep", self.max_depth))),
        }
    }
}

struct Value<'a> {
    scanner: &'a mut Scanner,
    shape: &'a Shape,
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let Self { scanner, shape } = self;
        scanner.enter()?;
        for index in 0.. {
            scanner.path.push(Step::Index(index));
            let element = elements.next_element_seed(Value { scanner, shape })?;
            scanner.path.pop();
            if element.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let Self { scanner, shape } = self;
        scanner.enter()?;
        let mut keys = HashSet::new();
        let mut numbers = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            let field = match shape {
                Shape::Message(message) => by_name(message, &key),
                _ => None,
            };
            let is_new = match &field {
                Some(field) => numbers.insert(field.number()),
                None => keys.insert(key.clone()),
            };
            scanner.path.push(match shape {
                Shape::Message(_) => Step::Field(key),
                _ => Step::Key(key),
            });
            if !is_new {
                return Err(scanner.fail("is given twice"));
            }
            match (shape, &field) {
                (Shape::Map(inner), _) => entries.next_value_seed(Value {
                    scanner,
                    shape: inner,
                })?,
                (_, Some(field)) => {
                    entries.next_value_seed(Value {
                        scanner,
                        shape: &Shape::of_field(field),
                    })?;
                }
                _ => entries.next_value_seed(Value {
                    scanner,
                    shape: &Shape::Free,
                })?,
            }
            scanner.path.pop();
        }
        Ok(())
    }
}
