//! The field mask of a PATCH whose client sent none: the fields that its body mentions.

use std::collections::HashSet;

use contract_rules::behavior::Behavior;
use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::field::{self, FieldPath};
use crate::json::{Engine, FieldRef, Mention, MessageType};
use crate::{JsonError, Masks, wire};

/// Infers masks for one route.
#[derive(Debug)]
pub(crate) struct Inference {
    /// The request's `google.protobuf.FieldMask update_mask`, or its only one.
    pub(crate) update_mask: FieldDescriptor,
    resource: MessageType,
    /// Paths in the body, in proto names, that the path binds: they say which resource, not what
    /// to change.
    bound: Vec<Vec<String>>,
    /// Fields that only the service sets: a client that sends back what it has read does not mean
    /// to change them (google/api/field_behavior.proto).
    output_only: HashSet<FieldRef>,
    /// Fields that are values of several parts, such as money: who sends `{"units": "5"}` does not
    /// mean to keep the pence.
    values: HashSet<FieldRef>,
    /// JSON of any kind, into which the paths go.
    free: HashSet<FieldRef>,
    /// Whoever reads them gets them in order, and one also if nothing is mentioned.
    pub(crate) is_whole: bool,
}

impl Inference {
    /// For a request whose body is the field at the end of `body`; `None` if there is nothing to infer.
    pub(crate) fn new(
        request: &MessageDescriptor,
        body: &FieldPath,
        path_fields: &[FieldPath],
        json: &Engine,
        masks: Masks,
    ) -> Option<Self> {
        if masks == Masks::None {
            return None;
        }
        let is_whole = masks == Masks::Mentioned;
        let mut its_masks = request.fields().filter(field::is_mask);
        let update_mask = match is_whole {
            false => its_masks.find(|mask| mask.name() == "update_mask")?,
            true => its_masks.next().filter(|_| its_masks.next().is_none())?,
        };
        let resource = field::submessage(body.leaf())?;
        let (mut output_only, mut values) = (HashSet::new(), HashSet::new());
        let mut free = HashSet::new();
        each_field(&resource, &mut HashSet::new(), &mut |field| {
            let of = match is_whole {
                true if field::is_free(field) => &mut free,
                false if Behavior::OutputOnly.is_of(field) => &mut output_only,
                false if is_value(field) => &mut values,
                _ => return,
            };
            of.insert(json.field_of(field));
        });
        let inside = |path: &FieldPath| match path.fields().strip_prefix(body.fields()) {
            Some(rest) if !rest.is_empty() && !is_whole => {
                Some(rest.iter().map(|field| field.name().to_owned()).collect())
            }
            _ => None,
        };
        Some(Self {
            update_mask,
            resource: json.message_of(&resource),
            bound: path_fields.iter().filter_map(inside).collect(),
            output_only,
            values,
            free,
            is_whole,
        })
    }

    /// Appends the mask for `body`, JSON of the resource that has been accepted.
    pub(crate) fn append(
        &self,
        json: &Engine,
        body: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), JsonError> {
        let how = |field: FieldRef, way: &[&str]| {
            if self.output_only.contains(&field) || self.bound.iter().any(|bound| bound == way) {
                Mention::Passed
            } else if self.values.contains(&field) {
                Mention::Whole
            } else if self.free.contains(&field) {
                Mention::Keys
            } else {
                Mention::Within
            }
        };
        let mut paths = match body.is_empty() {
            true => Vec::new(),
            false => json.mentioned(self.resource, body, &how)?,
        };
        if self.is_whole {
            paths.sort();
        }
        self.write(&paths, out);
        Ok(())
    }

    /// Appends the mask for the fields of the resource that a form has set.
    pub(crate) fn append_paths(&self, json: &Engine, set: &[FieldPath], out: &mut Vec<u8>) {
        let is_meant = |path: &&FieldPath| {
            let mut fields = path.fields().iter();
            let names: Vec<_> = path.fields().iter().map(FieldDescriptor::name).collect();
            !fields.any(|field| self.output_only.contains(&json.field_of(field)))
                && !self.bound.iter().any(|bound| *bound == names)
        };
        // A path into a value of several parts is told as the value.
        let told = |path: &FieldPath| {
            let fields = path.fields();
            let is_whole = |field| self.values.contains(&json.field_of(field));
            let end = fields.iter().position(is_whole);
            let told = &fields[..end.map_or(fields.len(), |end| end + 1)];
            let names: Vec<_> = told.iter().map(FieldDescriptor::name).collect();
            names.join(".")
        };
        let mut paths: Vec<_> = set.iter().filter(is_meant).map(told).collect();
        paths.dedup();
        self.write(&paths, out);
    }

    fn write(&self, paths: &[String], out: &mut Vec<u8>) {
        let mut mask = Vec::new();
        for path in paths {
            wire::bytes(1, path.as_bytes(), &mut mask);
        }
        wire::message(&self.update_mask, &mask, out);
    }
}

/// Whether it is one of the common value types of google/type.
fn is_value(field: &FieldDescriptor) -> bool {
    field::submessage(field).is_some_and(|message| message.package_name() == "google.type")
}

/// Every field within a message, each message once.
fn each_field(
    message: &MessageDescriptor,
    seen: &mut HashSet<String>,
    tell: &mut impl FnMut(&FieldDescriptor),
) {
    if !seen.insert(message.full_name().to_owned()) {
        return;
    }
    for field in message.fields() {
        tell(&field);
        if let Some(inner) = field::submessage(&field) {
            each_field(&inner, seen, tell);
        }
    }
}
