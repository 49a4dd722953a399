//! A stream of messages from the client: a JSON text per line, or the elements of an array, or JSON
//! texts one after the other.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use transcoder::Matched;

use super::json;
use crate::failure::Failure;
use crate::protocol::envelope;

mod split;

use split::{Separation, Values};

/// What the headers say that the body is.
fn separation(headers: &HeaderMap, takes_any: bool) -> Result<Separation, Failure> {
    let name = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let essence = name.unwrap_or_default().split(|byte| *byte == b';').next();
    let essence = essence
        .unwrap_or_default()
        .trim_ascii()
        .to_ascii_lowercase();
    match essence.as_slice() {
        b"application/x-ndjson" | b"application/ndjson" | b"application/jsonl" => {
            Ok(Separation::Lines)
        }
        _ => match json::check_name(headers) {
            Ok(()) => Ok(Separation::Syntax),
            Err(_) if takes_any => Ok(Separation::Syntax),
            Err(_) => Err(Failure::unsupported_content(
                "send the messages as content-type: application/x-ndjson, one per line, or as an \
                 array in application/json",
            )),
        },
    }
}

/// What becomes of the pieces of a body: gRPC's frames of the messages that they complete. Each
/// message may have `limit` bytes.
pub(super) fn framed(
    headers: &HeaderMap,
    takes_any: bool,
    query: Option<&str>,
    matched: Matched,
    limit: usize,
) -> Result<impl FnMut(Option<Bytes>) -> Result<Bytes, Failure> + Unpin + Send + 'static, Failure> {
    let mut values = Values::new(separation(headers, takes_any)?, limit);
    let query = query.map(str::to_owned);
    Ok(move |piece: Option<Bytes>| {
        let mut frames = BytesMut::new();
        let mut each = |place: String, json: &[u8]| {
            let message = matched
                .request(query.as_deref(), json)
                .map_err(|error| Failure::unfit_at(error, matched.route(), &place))?;
            frames.extend_from_slice(&envelope::write(0, &message));
            Ok(())
        };
        match piece {
            Some(piece) => values.push(&piece, &mut each)?,
            None => values.end(&mut each)?,
        }
        Ok(frames.freeze())
    })
}
