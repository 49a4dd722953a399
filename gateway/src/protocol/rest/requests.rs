//! A stream of messages from the client: a JSON text per line, or the elements of an array, or JSON
//! texts one after the other.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue};
use transcoder::Matched;

use super::json;
use crate::call::step::Step;
use crate::failure::Failure;
use crate::wire::envelope;

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

/// Messages that become gRPC's frames as they are completed.
pub(super) struct Framed {
    values: Values,
    query: Option<String>,
    matched: Matched,
}

impl Framed {
    /// Each message may have `limit` bytes.
    pub(super) fn new(
        headers: &HeaderMap,
        takes_any: bool,
        query: Option<&str>,
        matched: Matched,
        limit: usize,
    ) -> Result<Self, Failure> {
        Ok(Self {
            values: Values::new(separation(headers, takes_any)?, limit),
            query: query.map(str::to_owned),
            matched,
        })
    }
}

impl Step for Framed {
    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Failure> {
        let mut frames = BytesMut::new();
        let (matched, query) = (&self.matched, self.query.as_deref());
        let mut each = |place: String, json: &[u8]| {
            let message = matched
                .request(query, json)
                .map_err(|error| Failure::unfit_at(error, matched.route(), &place))?;
            frames.extend_from_slice(&envelope::write(0, &message));
            Ok(())
        };
        match piece {
            Some(piece) => self.values.push(&piece, &mut each)?,
            None => self.values.end(&mut each)?,
        }
        Ok(frames.freeze())
    }

    fn has_begun(&self) -> bool {
        self.values.held() > 0
    }

    fn held(&self) -> usize {
        self.values.held()
    }
}
