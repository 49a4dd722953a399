//! How a client writes messages.

use bytes::Bytes;

use crate::failure::{Failure, Problem};
use crate::policy::Served;

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Json,
    Proto,
}

impl Codec {
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"json" => Some(Self::Json),
            b"proto" => Some(Self::Proto),
            _ => None,
        }
    }

    /// What a media type says of messages after `application/grpc` or `application/grpc-web`: nothing,
    /// if they are protobuf.
    pub(crate) fn of_grpc(subtype: &[u8]) -> Option<Self> {
        let end = subtype.iter().position(|byte| *byte == b';');
        let subtype = &subtype[..end.unwrap_or(subtype.len())];
        let subtype = subtype.trim_ascii_end().to_ascii_lowercase();
        match subtype.strip_prefix(b"+") {
            Some(name) => Self::named(name),
            None => subtype.is_empty().then_some(Self::Proto),
        }
    }

    /// A request in protobuf.
    pub(crate) fn request(self, served: &Served, message: Bytes) -> Result<Bytes, Failure> {
        match self {
            Self::Proto => Ok(message),
            Self::Json => served.method.request(&message).map_err(Failure::unreadable),
        }
    }

    /// A reply as the client reads it.
    pub(crate) fn response(self, served: &Served, message: Bytes) -> Result<Bytes, Failure> {
        match self {
            Self::Proto => Ok(message),
            Self::Json => match served.method.response(&message) {
                Ok(json) => Ok(json.into()),
                Err(error) => Err(Problem::internal(&error).into()),
            },
        }
    }
}
