//! The body of a request: of limited size, within the deadline.

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http::{HeaderMap, Version};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use runtime::status::Problem;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Requests;
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

/// Lets what is still to come of a body come, and forgets it, beside a reply that did not wait for it:
/// HTTP/1.1 would close the connection on a client that is still sending, which then never reads the
/// reply (RFC 9112, section 9.6). Nothing is awaited of who asked whether to send it (`Expect`), nor
/// more than a body may have.
pub(crate) fn discard(head: &Parts, body: Incoming, limits: &Requests) {
    let ends_by_itself = head.version >= Version::HTTP_2 || head.headers.contains_key(EXPECT);
    if ends_by_itself || body.is_end_stream() {
        return;
    }
    let (limit, patience) = (limits.body_limit, limits.request_timeout);
    tokio::spawn(timeout(patience, async move {
        let mut body = Limited::new(body, limit);
        while let Some(Ok(_)) = body.frame().await {}
    }));
}
