//! Messages that clients compressed, and those that they read compressed.

use bytes::Bytes;
use http::HeaderValue;
use net::coding::Coding;
use tonic::Code;

use crate::failure::{Failure, Problem, Reason};

/// What a message has to be unpacked from.
pub(crate) fn coding(name: Option<&HeaderValue>) -> Result<Option<Coding>, Failure> {
    let name = name.map_or(&b""[..], HeaderValue::as_bytes);
    Coding::named(name).ok_or_else(|| {
        let message = "messages may be compressed with gzip or zstd";
        let reason = Reason::UnsupportedContentType;
        Problem::new(reason, Code::Unimplemented, message).into()
    })
}

/// Below this, a message is sent as it is.
pub(crate) const MIN_BYTES: usize = 860;

/// The first coding of those that the client reads that is known here (Connect,
/// Connect-Accept-Encoding: in order of preference; gRPC has no order).
pub(crate) fn accepted(names: &http::header::GetAll<'_, HeaderValue>) -> Option<Coding> {
    let names = names
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names.filter_map(Coding::named).flatten().next()
}

/// Unpacks a message, which may grow to `limit` bytes.
pub(crate) fn unpack(coding: Coding, message: &Bytes, limit: usize) -> Result<Bytes, Failure> {
    let unpacked = coding.unpack(message, limit, |_| Ok::<(), Failure>(()))?;
    unpacked.ok_or_else(|| Failure::message_too_large(limit))
}
