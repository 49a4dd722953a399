//! Where a stream can be taken up again: the number of each message, and the field of the request
//! that says after which one to go on.

use bytes::{Bytes, BytesMut};
use prost::encoding::{WireType, decode_varint, encode_key, encode_varint};
use transcoder::Route;
use transcoder::prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};

use crate::wire::fields::{find, innermost, shown};

/// The number of a message: an integer field of this name in what the client gets.
const SEQUENCE: &str = "sequence";
/// The field of the request that a resumed stream sets.
const AFTER_SEQUENCE: &str = "after_sequence";

/// Of one method; empty where its messages have no numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Sequence {
    /// Field numbers from the reply message to its number.
    path: Vec<u32>,
    /// The number of `after_sequence` in the request.
    after: Option<u32>,
}

impl Sequence {
    pub(crate) fn of(route: &Route) -> Self {
        if !route.is_server_streaming() {
            return Self::default();
        }
        let after =
            number_field(&route.method().input(), AFTER_SEQUENCE).map(|field| field.number());
        let (mut path, shown) = shown(route);
        match shown.and_then(|message| number_field(&message, SEQUENCE)) {
            Some(field) => path.push(field.number()),
            None => path.clear(),
        }
        Self { path, after }
    }

    /// The number of a message, given as its wire bytes.
    pub(crate) fn number(&self, message: &[u8]) -> Option<i64> {
        let (last, outer) = self.path.split_last()?;
        let message = innermost(message, outer)?;
        let mut value = find(message, *last, WireType::Varint)?;
        decode_varint(&mut value).ok().map(|number| number as i64)
    }

    /// The request again, to go on after that number. The last occurrence of a field on the wire wins.
    pub(crate) fn resume(&self, request: Bytes, after: i64) -> Bytes {
        let Some(field) = self.after else {
            return request;
        };
        let mut resumed = BytesMut::from(request);
        encode_key(field, WireType::Varint, &mut resumed);
        encode_varint(after as u64, &mut resumed);
        resumed.freeze()
    }

    /// Whether the method can go on after a number.
    pub(crate) fn can_resume(&self) -> bool {
        self.after.is_some()
    }
}

fn number_field(message: &MessageDescriptor, name: &str) -> Option<FieldDescriptor> {
    let is_number = |field: &FieldDescriptor| {
        !field.is_list()
            && matches!(
                field.kind(),
                Kind::Int64 | Kind::Uint64 | Kind::Int32 | Kind::Uint32
            )
    };
    message.get_field_by_name(name).filter(is_number)
}
