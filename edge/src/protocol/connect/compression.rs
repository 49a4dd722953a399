//! Messages that clients compressed.

use bytes::Bytes;
use http::HeaderValue;
use runtime::status::{Problem, Reason};
use tonic::Code;

use crate::body::Coding;
use crate::failure::Failure;

/// What a message has to be unpacked from.
pub(super) fn coding(name: Option<&HeaderValue>) -> Result<Option<Coding>, Failure> {
    let name = name.map_or(&b""[..], HeaderValue::as_bytes);
    Coding::named(name).ok_or_else(|| {
        let message = "messages may be compressed with gzip or zstd";
        let reason = Reason::UnsupportedContentType;
        Problem::new(reason, Code::Unimplemented, message).into()
    })
}

/// Unpacks a message, which may grow to `limit` bytes.
pub(super) fn unpack(coding: Coding, message: &Bytes, limit: usize) -> Result<Bytes, Failure> {
    let unpacked = coding.unpack(message, limit)?;
    unpacked.ok_or_else(|| Failure::message_too_large(limit))
}
