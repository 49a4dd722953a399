//! What gRPC-Web has beyond gRPC's frames: trailers in a body, and everything in base64.

use base64::engine::general_purpose::STANDARD;
use base64::{DecodeError, Engine as _};
use http::HeaderMap;

/// Trailers as in HTTP/1.1, with names in lower case.
pub(super) fn lines(trailers: &HeaderMap) -> Vec<u8> {
    let mut lines = Vec::new();
    for (name, value) in trailers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            lines.extend_from_slice(part);
        }
    }
    lines
}

/// Base64 that may have been written in several parts, each with its padding.
pub(super) fn decode(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for part in text
        .trim_ascii()
        .chunk_by(|left, right| *left != b'=' || *right == b'=')
    {
        STANDARD.decode_vec(part, &mut bytes)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_may_come_in_parts_with_their_own_padding() {
        for text in ["AAECAwQF", "AA==AQ==AgMEBQ==", "AAE=AgMEBQ==", "AAECAwQF\n"] {
            assert_eq!(
                decode(text.as_bytes()).unwrap(),
                [0, 1, 2, 3, 4, 5],
                "{text}"
            );
        }
        assert_eq!(decode(b"").unwrap(), b"");
        for text in ["A", "AAE", "AAE=A", "~~~~", "===="] {
            assert!(decode(text.as_bytes()).is_err(), "{text}");
        }
    }
}
