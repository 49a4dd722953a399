//! Descriptors of editions, for prost-reflect, which knows none.

use std::borrow::Cow;

use prost_reflect::{
    DescriptorError, DescriptorPool, DynamicMessage, FieldDescriptor, MessageDescriptor,
};

use crate::wire::{Malformed, Raw, Reader};

/// `syntax = "editions"` in a file's descriptor.
const EDITIONS: &[u8; 10] = b"\x62\x08editions";
/// `syntax = "proto2"`, and a field that nobody knows to fill the same place.
const PROTO2: &[u8; 10] = b"\x62\x06proto2\x68\0";

/// Reads a serialized `google.protobuf.FileDescriptorSet`. To prost-reflect a file of an edition is one
/// of proto2, which allows as much; what its features say, [`Compiler`](crate::Compiler) reads.
///
/// # Errors
/// Why it is none, or not a whole one.
pub fn descriptors(set: &[u8]) -> Result<DescriptorPool, DescriptorError> {
    DescriptorPool::decode(&*without_editions(set))
}

/// The descriptor set with each file of an edition declared as one of proto2. What is no descriptor
/// set stays as it is.
fn without_editions(set: &[u8]) -> Cow<'_, [u8]> {
    let places = places(set).unwrap_or_default();
    if places.is_empty() {
        return Cow::Borrowed(set);
    }
    let mut set = set.to_vec();
    for at in places {
        set[at..at + PROTO2.len()].copy_from_slice(PROTO2);
    }
    Cow::Owned(set)
}

/// Where the declarations stand.
fn places(set: &[u8]) -> Result<Vec<usize>, Malformed> {
    let mut places = Vec::new();
    let mut files = Reader(set);
    while let Some((_, raw)) = files.field()? {
        let Raw::Bytes(file) = raw else { continue };
        let end = set.len() - files.0.len();
        let mut records = Reader(file);
        while !records.0.is_empty() {
            if records.0.starts_with(EDITIONS) {
                places.push(end - records.0.len());
            }
            records.field()?;
        }
    }
    Ok(places)
}

/// Whether a field that is not set differs from one that is set to the zero of its type.
pub(crate) fn has_presence(field: &FieldDescriptor) -> bool {
    const IMPLICIT: i32 = 2;
    let is_of_its_type = field.kind().as_message().is_some() || field.containing_oneof().is_some();
    let is_implicit = || feature(field, "field_presence") == Some(IMPLICIT);
    field.supports_presence() && (is_of_its_type || !is_implicit())
}

/// Whether a message stands between tags, not behind its length.
pub(crate) fn is_group(field: &FieldDescriptor) -> bool {
    const DELIMITED: i32 = 2;
    field.is_group() || !field.is_map() && feature(field, "message_encoding") == Some(DELIMITED)
}

/// A feature of an edition: the field's own, or that of what it stands in.
fn feature(field: &FieldDescriptor, name: &str) -> Option<i32> {
    let mut outer = Some(field.parent_message().clone());
    of(&field.options(), name)
        .or_else(|| {
            while let Some(message) = outer.take() {
                if let Some(value) = of(&message.options(), name) {
                    return Some(value);
                }
                outer = MessageDescriptor::parent_message(&message);
            }
            None
        })
        .or_else(|| of(&field.parent_file().options(), name))
}

fn of(options: &DynamicMessage, name: &str) -> Option<i32> {
    let features = options.get_field_by_name("features")?;
    let features = features.as_message()?;
    let is_set = features.has_field_by_name(name);
    let value = is_set.then(|| features.get_field_by_name(name)).flatten()?;
    value.as_enum_number()
}
