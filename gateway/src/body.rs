//! The body of a request: of limited size, within the deadline, unpacked.

use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use futures::FutureExt as _;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body::Body as _;
use net::coding::{Coding, Unpacking};
use net::room::{Full, Share};
use tokio::time::{Instant, timeout_at};

use crate::failure::{Failure, Problem};

mod incoming;
mod pace;

pub(crate) use incoming::Incoming;
pub(crate) use pace::Pace;

/// What a request takes while it is on its way, besides its body.
const REQUEST: usize = 2048;

/// What a body may take while it is read: of time and of memory.
pub(crate) struct Allowance {
    pub(crate) pace: Pace,
    pub(crate) held: Held,
}

/// What one body takes of the memory that all have together, until it is dropped: what was received,
/// and unpacked, and has not been passed on.
pub(crate) struct Held(Share<IpAddr>);

impl Held {
    pub(crate) fn of(share: Share<IpAddr>) -> Self {
        Self(share)
    }

    /// So many bytes from now on.
    pub(crate) fn set(&mut self, bytes: usize) -> Result<(), Failure> {
        let full = |full| match full {
            Full::Total | Full::Each => Failure::no_memory(),
        };
        self.0.set(bytes + REQUEST).map_err(full)
    }
}

/// Reads it whole. A body that announces its size is refused before it is read. The limit holds for
/// what was sent, and again for what it becomes when it is unpacked.
pub(crate) async fn read(
    headers: &HeaderMap,
    body: Incoming,
    limit: usize,
    deadline: Instant,
    allowance: Allowance,
) -> Result<Whole, Failure> {
    let Allowance { pace, held } = allowance;
    let mut whole = Whole {
        content: Bytes::new(),
        held,
    };
    if body.is_end_stream() {
        return Ok(whole);
    }
    let announced = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > limit as u64) {
        return Err(Failure::too_large(limit));
    }
    let mut body = Content::plain(body, pace);
    let read = whole.read(&mut body, limit);
    match timeout_at(deadline, read).await {
        Ok(read) => read.map(|()| whole),
        Err(_) => Err(Problem::deadline_exceeded().into()),
    }
}

/// A body in memory.
pub(crate) struct Whole {
    pub(crate) content: Bytes,
    held: Held,
}

impl Whole {
    async fn read(&mut self, body: &mut Content, limit: usize) -> Result<(), Failure> {
        let mut come = BytesMut::new();
        loop {
            // Most bodies are there as a whole, and take nothing that others would have to go without.
            let there = poll_fn(|context| body.poll_piece(context, true)).now_or_never();
            let piece = match there {
                Some(piece) => piece,
                None => {
                    let held = self.held.set(come.capacity());
                    held.inspect_err(|_| body.body.cut())?;
                    poll_fn(|context| body.poll_piece(context, true)).await
                }
            };
            let Some(piece) = piece else { break };
            let piece = piece.map_err(|broken| match broken {
                // Nobody is left to read this, as a rule.
                Broken::Off => Failure::malformed("the body ended before its end"),
                Broken::Refused(failure) => failure,
            })?;
            if come.len() + piece.len() > limit {
                return Err(Failure::too_large(limit));
            }
            if come.is_empty() && body.is_over() {
                self.content = piece;
                return Ok(());
            }
            // Copied, since a piece keeps all that was received with it.
            come.extend_from_slice(&piece);
        }
        self.content = come.freeze();
        Ok(())
    }

    /// What it becomes when it is unpacked, of at most `limit` bytes: `None` beyond.
    pub(crate) fn unpack(
        &mut self,
        coding: Coding,
        limit: usize,
    ) -> Result<Option<Bytes>, Failure> {
        let (packed, held) = (&self.content, &mut self.held);
        coding.unpack(packed, limit, |unpacked| held.set(packed.len() + unpacked))
    }
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
    pace: Pace,
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
    /// It is not in the coding that it should be in, or comes too slowly.
    Refused(Failure),
}

impl Content {
    /// As it is.
    pub(crate) fn plain(body: Incoming, pace: Pace) -> Self {
        Self::packed(body, None, pace)
    }

    /// In that coding.
    pub(crate) fn packed(body: Incoming, coding: Option<Coding>, pace: Pace) -> Self {
        Self {
            body,
            pace,
            unpacking: coding.map(Unpacking::of),
            packed: Bytes::new(),
            ended: false,
        }
    }

    /// Bytes that were received and not given on, and what unpacks them.
    pub(crate) fn held(&self) -> usize {
        let unpacking = self.unpacking.as_ref().map_or(0, Unpacking::held);
        self.packed.len() + unpacking
    }

    /// Nothing comes any more.
    fn is_over(&self) -> bool {
        self.ended || self.body.is_end_stream()
    }

    /// The next piece. If something `has_begun` of which more has to come, it has to come in time.
    pub(crate) fn poll_piece(
        &mut self,
        context: &mut Context<'_>,
        has_begun: bool,
    ) -> Poll<Option<Result<Bytes, Broken>>> {
        loop {
            if let Some(unpacking) = &mut self.unpacking {
                match unpacking.step(&mut self.packed, self.ended) {
                    Ok(piece) if piece.is_empty() => {}
                    Ok(piece) => return Poll::Ready(Some(Ok(piece))),
                    Err(corrupt) => {
                        let refused = Broken::Refused(corrupt.into());
                        return Poll::Ready(Some(Err(refused)));
                    }
                }
            }
            if self.ended {
                return Poll::Ready(None);
            }
            if !has_begun {
                self.pace.rest();
            }
            match Pin::new(&mut self.body).poll_frame(context) {
                // Clients have nothing to say in trailers.
                Poll::Ready(Some(Ok(frame))) => match (frame.into_data(), &self.unpacking) {
                    (Ok(data), unpacking) => {
                        self.pace.came(data.len());
                        match unpacking {
                            None => return Poll::Ready(Some(Ok(data))),
                            Some(_) => self.packed = data,
                        }
                    }
                    (Err(_), _) => {}
                },
                Poll::Ready(Some(Err(_))) => return Poll::Ready(Some(Err(Broken::Off))),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending if !has_begun => return Poll::Pending,
                Poll::Pending => {
                    let over = self.pace.poll_over(context);
                    if over.is_ready() {
                        self.body.cut();
                    }
                    return over.map(|failure| Some(Err(Broken::Refused(failure))));
                }
            }
        }
    }
}
