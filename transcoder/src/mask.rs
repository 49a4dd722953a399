//! The field mask of a PATCH whose client sent none: the fields that its body mentions.

use std::collections::HashSet;

use prost_reflect::{FieldDescriptor, MessageDescriptor};
use serde_json::{Map, Value};

use crate::field::{self, FieldPath};
use crate::wire;

/// Infers masks for one route.
#[derive(Debug)]
pub(crate) struct Inference {
    /// The request's `google.protobuf.FieldMask update_mask`.
    pub(crate) update_mask: FieldDescriptor,
    /// Fields of the body that the path binds: they say which resource, not what to change.
    bound: Vec<FieldPath>,
    /// Fields, by full name, that only the service sets: a client that sends back what it has read
    /// does not mean to change them (google/api/field_behavior.proto).
    output_only: HashSet<String>,
}

impl Inference {
    /// For a request whose body is the field `body`; `None` if there is nothing to infer.
    pub(crate) fn new(
        request: &MessageDescriptor,
        body: &FieldDescriptor,
        path_fields: &[FieldPath],
    ) -> Option<Self> {
        let update_mask = request
            .get_field_by_name("update_mask")
            .filter(field::is_mask)?;
        let resource = field::submessage(body)?;
        let mut output_only = HashSet::new();
        collect_output_only(&resource, &mut HashSet::new(), &mut output_only);
        let inside = |path: &FieldPath| match path.fields().split_first() {
            Some((first, rest)) if first == body && !rest.is_empty() => {
                FieldPath::resolve(&resource, rest.iter().map(FieldDescriptor::name)).ok()
            }
            _ => None,
        };
        let bound = path_fields.iter().filter_map(inside).collect();
        Some(Self {
            update_mask,
            bound,
            output_only,
        })
    }

    /// Appends the mask for `body`, JSON of the message `resource` that has been accepted.
    pub(crate) fn append(&self, resource: &MessageDescriptor, body: &[u8], out: &mut Vec<u8>) {
        let Ok(Value::Object(body)) = serde_json::from_slice(body) else {
            return;
        };
        let mut paths = Vec::new();
        self.collect(resource, &body, &mut Vec::new(), &mut paths);
        let mut mask = Vec::new();
        for path in paths {
            wire::bytes(1, path.as_bytes(), &mut mask);
        }
        wire::message(&self.update_mask, &mask, out);
    }

    fn collect(
        &self,
        message: &MessageDescriptor,
        object: &Map<String, Value>,
        way: &mut Vec<String>,
        paths: &mut Vec<String>,
    ) {
        for (key, value) in object {
            let Some(field) = field::by_name(message, key) else {
                continue;
            };
            way.push(field.name().to_owned());
            let is_bound = self.bound.iter().any(|bound| {
                bound
                    .fields()
                    .iter()
                    .map(FieldDescriptor::name)
                    .eq(way.iter().map(String::as_str))
            });
            if !is_bound && !self.output_only.contains(field.full_name()) {
                match (field::submessage(&field), value) {
                    (Some(message), Value::Object(inner)) if !inner.is_empty() => {
                        self.collect(&message, inner, way, paths);
                    }
                    _ => paths.push(way.join(".")),
                }
            }
            way.pop();
        }
    }
}

fn collect_output_only(
    message: &MessageDescriptor,
    seen: &mut HashSet<String>,
    output_only: &mut HashSet<String>,
) {
    if !seen.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        if field::behaviors(&field).contains(&field::OUTPUT_ONLY) {
            output_only.insert(field.full_name().to_owned());
        } else if let Some(inner) = field::submessage(&field) {
            collect_output_only(&inner, seen, output_only);
        }
    }
}
