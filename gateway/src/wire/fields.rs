//! Single fields of messages, read from their bytes without decoding the rest.

use bytes::Buf as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use transcoder::Route;
use transcoder::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

/// What a client sees of a route's reply: the field numbers that lead there, and its message, if it is
/// one.
pub(crate) fn shown(route: &Route) -> (Vec<u32>, Option<MessageDescriptor>) {
    match route.response_body() {
        None => (Vec::new(), Some(route.method().output())),
        Some(field) => (vec![field.number()], submessage(field)),
    }
}

fn submessage(field: &FieldDescriptor) -> Option<MessageDescriptor> {
    match field.kind() {
        Kind::Message(message) if !field.is_list() && !field.is_map() => Some(message),
        _ => None,
    }
}

/// The message inside of another that these fields lead to.
pub(crate) fn innermost<'m>(message: &'m [u8], path: &[u32]) -> Option<&'m [u8]> {
    path.iter().try_fold(message, |message, field| {
        find(message, *field, WireType::LengthDelimited)
    })
}

/// The bytes that a field's value starts with (exactly its content, if it is length-delimited):
/// of its last occurrence.
pub(crate) fn find(mut message: &[u8], wanted: u32, wanted_type: WireType) -> Option<&[u8]> {
    let mut found = None;
    while message.has_remaining() {
        let (number, wire_type) = decode_key(&mut message).ok()?;
        if number == wanted && wire_type == wanted_type {
            found = Some(match wire_type {
                WireType::LengthDelimited => {
                    let mut content = message;
                    let length = usize::try_from(decode_varint(&mut content).ok()?).ok()?;
                    content.get(..length)?
                }
                _ => message,
            });
        }
        skip_field(wire_type, number, &mut message, DecodeContext::default()).ok()?;
    }
    found
}
