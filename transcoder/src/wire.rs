//! The protobuf wire format, as far as single fields need it.

use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::FieldDescriptor;

use crate::field::FieldPath;

/// Wraps the record of a path's last field (its tag included) into the messages that lead to it.
/// Concatenated with other records for the same messages they merge.
pub(crate) fn nested(path: &FieldPath, record: Vec<u8>) -> Vec<u8> {
    let (_, ancestors) = path
        .fields()
        .split_last()
        .expect("a field path is never empty");
    ancestors.iter().rev().fold(record, |inner, field| {
        let mut outer = Vec::with_capacity(inner.len() + 8);
        message(field, &inner, &mut outer);
        outer
    })
}

/// The message field at the end of a path, within the messages that lead to it.
pub(crate) fn message_at(path: &FieldPath, content: &[u8], out: &mut Vec<u8>) {
    match path.fields() {
        [field] => message(field, content, out),
        _ => {
            let mut record = Vec::with_capacity(content.len() + 8);
            message(path.leaf(), content, &mut record);
            out.extend_from_slice(&nested(path, record));
        }
    }
}

/// One message field.
pub(crate) fn message(field: &FieldDescriptor, content: &[u8], out: &mut Vec<u8>) {
    if field.is_group() {
        encode_key(field.number(), WireType::StartGroup, out);
        out.extend_from_slice(content);
        encode_key(field.number(), WireType::EndGroup, out);
    } else {
        bytes(field.number(), content, out);
    }
}

/// One length-delimited record.
pub(crate) fn bytes(number: u32, content: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(content.len() as u64, out);
    out.extend_from_slice(content);
}
