//! The body of a request: of limited size, within the deadline.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use runtime::status::Problem;
use tokio::time::{Instant, timeout_at};

use crate::failure::Failure;

/// Reads it whole. A body that announces its size is refused before it is read.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
    deadline: Instant,
) -> Result<Bytes, Failure> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(Failure::too_large(limit));
    }
    let read = timeout_at(deadline, Limited::new(body, limit).collect()).await;
    match read.map_err(|_| Problem::deadline_exceeded())? {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Failure::too_large(limit)),
        // Nobody is left to read this, as a rule.
        Err(_) => Err(Failure::malformed("the body ended before its end")),
    }
}
