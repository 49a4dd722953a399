//! `google.protobuf.StringValue` and its like.

use prost_reflect::{FieldDescriptor, MessageDescriptor};

use crate::kind::Kind;
use crate::table::{Shape, Table};

/// The field of a wrapper that has its value; none if the message is no wrapper.
pub(crate) fn value(message: &MessageDescriptor) -> Option<FieldDescriptor> {
    let wraps = is_wrapper(message.full_name());
    wraps.then(|| message.get_field_by_name("value")).flatten()
}

impl Table {
    /// How the value of a wrapper is written; none if the message is no wrapper.
    pub(crate) fn wraps(&self) -> Option<Kind> {
        match (is_wrapper(&self.name), &self.fields.first()?.shape) {
            (true, Shape::One { kind, .. }) => Some(*kind),
            _ => None,
        }
    }
}

fn is_wrapper(name: &str) -> bool {
    let name = name.strip_prefix("google.protobuf.").unwrap_or_default();
    matches!(
        name,
        "BoolValue"
            | "BytesValue"
            | "DoubleValue"
            | "FloatValue"
            | "Int32Value"
            | "Int64Value"
            | "StringValue"
            | "UInt32Value"
            | "UInt64Value"
    )
}
