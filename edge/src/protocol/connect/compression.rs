//! Messages that clients compressed.

use std::io::Read as _;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::HeaderValue;
use runtime::status::{Problem, Reason};
use tonic::Code;

use crate::failure::Failure;

/// Whether a message in this coding has to be unpacked.
pub(super) fn is_gzip(coding: Option<&HeaderValue>) -> Result<bool, Failure> {
    match coding.map(HeaderValue::as_bytes) {
        None | Some(b"" | b"identity") => Ok(false),
        Some(b"gzip") => Ok(true),
        Some(_) => {
            let message = "messages may be compressed with gzip alone";
            let reason = Reason::UnsupportedContentType;
            Err(Problem::new(reason, Code::Unimplemented, message).into())
        }
    }
}

/// Unpacks a message, which may grow to `limit` bytes.
pub(super) fn gunzip(message: &[u8], limit: usize) -> Result<Bytes, Failure> {
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(message).take(limit as u64 + 1);
    reader
        .read_to_end(&mut unpacked)
        .map_err(|_| Failure::malformed("the message is no gzip"))?;
    match unpacked.len() > limit {
        true => Err(Failure::message_too_large(limit)),
        false => Ok(unpacked.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    #[test]
    fn a_bomb_is_no_larger_than_the_limit() {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(&[0; 100_000]).unwrap();
        let packed = packed.finish().unwrap();
        assert_eq!(gunzip(&packed, 100_000).unwrap().len(), 100_000);
        assert!(gunzip(&packed, 99_999).is_err());
        assert!(gunzip(b"no gzip", 100).is_err());
    }
}
