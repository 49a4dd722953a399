//! The body of a request: of limited size, within the deadline, unpacked.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, EXPECT};
use http::request::Parts;
use http::{HeaderMap, Version};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use runtime::status::Problem;
use tokio::time::{Instant, timeout, timeout_at};

use crate::config::Requests;
use crate::failure::Failure;

mod coding;

pub(crate) use coding::Coding;
use coding::Unpacking;

/// Reads it whole. A body that announces its size is refused before it is read. The limit holds for
/// what was sent, and again for what it becomes when it is unpacked.
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

/// What the headers say that the body is packed in.
pub(crate) fn coding(headers: &HeaderMap) -> Result<Option<Coding>, Failure> {
    match headers.get(CONTENT_ENCODING) {
        None => Ok(None),
        Some(coding) => Coding::named(coding.as_bytes())
            .ok_or_else(|| Failure::unsupported_coding("content-encoding: send gzip or zstd")),
    }
}

/// A body that is read piece by piece. Pieces are small, however well it was packed.
pub(crate) struct Content {
    body: Incoming,
    unpacking: Option<Unpacking>,
    /// What was received and not unpacked yet.
    packed: Bytes,
    ended: bool,
}

/// Why a body has no next piece.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The client went away.
    Off,
    /// It is not in the coding that it should be in.
    Coding(Failure),
}

impl Content {
    /// As it is.
    pub(crate) fn plain(body: Incoming) -> Self {
        Self::packed(body, None)
    }

    /// In that coding.
    pub(crate) fn packed(body: Incoming, coding: Option<Coding>) -> Self {
        Self {
            body,
            unpacking: coding.map(Unpacking::of),
            packed: Bytes::new(),
            ended: false,
        }
    }

    /// The next piece.
    pub(crate) fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            if let Some(unpacking) = &mut self.unpacking {
                match unpacking.step(&mut self.packed, self.ended) {
                    Ok(piece) if piece.is_empty() => {}
                    piece => return Poll::Ready(Some(piece.map_err(Broken::Coding))),
                }
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                // Clients have nothing to say in trailers.
                Some(Ok(frame)) => match (frame.into_data(), &self.unpacking) {
                    (Ok(data), None) => return Poll::Ready(Some(Ok(data))),
                    (Ok(data), Some(_)) => self.packed = data,
                    (Err(_), _) => {}
                },
                Some(Err(_)) => return Poll::Ready(Some(Err(Broken::Off))),
                None => self.ended = true,
            }
        }
    }
}
