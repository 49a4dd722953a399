//! Calls whose messages pass through as frames.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use net::client::ResponseBody;
use net::coding::Coding;
use runtime::status::Problem;
use tonic::{Code, Status};

use super::envelope::Envelopes;
use super::status;
use super::step::Step;
use crate::body::{Allowance, Broken, Content, Held};
use crate::failure::Failure;
use crate::lifetime::Lifetime;
use crate::metadata;

/// Why a stream of requests was broken off, for the reply to tell.
pub(super) type Refused = Arc<Mutex<Option<Failure>>>;

/// A stream of requests, piece by piece as the upstream takes it.
pub(super) struct Requests<S> {
    body: Content,
    step: S,
    held: Held,
    refused: Refused,
    ended: bool,
}

impl<S: Step> Requests<S> {
    /// The coding is that of the whole body.
    pub(super) fn new(
        body: Incoming,
        coding: Option<Coding>,
        allowance: Allowance,
        step: S,
    ) -> (Self, Refused) {
        let Allowance { pace, held } = allowance;
        let refused = Refused::default();
        let requests = Self {
            body: Content::packed(body, coding, pace),
            step,
            held,
            refused: refused.clone(),
            ended: false,
        };
        (requests, refused)
    }

    fn step(&mut self, piece: Option<Bytes>) -> Result<Bytes, Status> {
        let stepped = self.step.step(piece).and_then(|frames| {
            let held = self.body.held() + self.step.held();
            self.held.set(held).map(|()| frames)
        });
        stepped.map_err(|failure| self.refuse(failure))
    }

    fn refuse(&mut self, failure: Failure) -> Status {
        *lock(&self.refused) = Some(failure);
        self.ended = true;
        Status::cancelled("the request was refused")
    }
}

impl<S: Step> Body for Requests<S> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        while !self.ended {
            let has_begun = self.step.has_begun();
            let piece = match ready!(self.body.poll_piece(context, has_begun)) {
                Some(Ok(data)) => self.step(Some(data)),
                Some(Err(Broken::Off)) => {
                    self.ended = true;
                    Err(Status::cancelled("the client went away"))
                }
                Some(Err(Broken::Refused(failure))) => Err(self.refuse(failure)),
                None => {
                    self.ended = true;
                    self.step(None)
                }
            };
            match piece {
                Ok(piece) if piece.is_empty() => {}
                piece => return Poll::Ready(Some(piece.map(Frame::data))),
            }
        }
        Poll::Ready(None)
    }
}

/// What comes back: frames as they are, and how it ended.
pub(super) struct Replies {
    body: Option<ResponseBody>,
    /// Of a stream; a single reply has its deadline.
    lifetime: Option<Lifetime>,
    refused: Refused,
    /// The upstream had said OK before any message.
    said_ok: bool,
}

/// A part of what comes back.
#[derive(Debug)]
pub(super) enum Reply {
    /// Bytes of frames, cut anywhere.
    Data(Bytes),
    /// The last part.
    End(End),
}

/// How a call ended.
#[derive(Debug, Default)]
pub(super) struct End {
    /// Why it was not done.
    pub(super) failure: Option<Failure>,
    /// The trailing metadata.
    pub(super) metadata: HeaderMap,
}

impl Replies {
    /// Takes the reply apart: the leading metadata and what follows.
    pub(super) fn of(
        response: http::Response<ResponseBody>,
        lifetime: Option<Lifetime>,
        refused: Refused,
    ) -> (HeaderMap, Self) {
        let (head, body) = response.into_parts();
        let replies = Self {
            body: Some(body),
            lifetime,
            refused,
            said_ok: status::read(&head.headers).is_some(),
        };
        (head.headers, replies)
    }

    /// The next part; `None` after the end.
    pub(super) async fn next(&mut self) -> Option<Reply> {
        let body = self.body.as_mut()?;
        let lifetime = self.lifetime.as_ref();
        let over = async {
            match lifetime {
                Some(lifetime) => lifetime.over().await,
                None => std::future::pending().await,
            }
        };
        let end = tokio::select! {
            biased;
            failure = over => End { failure: Some(failure), ..End::default() },
            frame = body.frame() => match frame {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Some(Reply::Data(data)),
                    Err(frame) => End::of(&frame.into_trailers().unwrap_or_default()),
                },
                Some(Err(status)) => End::failed(status),
                None if self.said_ok => End::default(),
                None => End::failed(Problem::unavailable("the end of the reply")),
            },
        };
        self.body = None;
        Some(Reply::End(end.unless(&self.refused)))
    }

    /// All parts.
    pub(super) fn parts(self) -> impl Stream<Item = Reply> + Send {
        futures::stream::unfold(self, |mut replies| async move {
            replies.next().await.map(|reply| (reply, replies))
        })
    }
}

/// The messages of what comes back. It holds no more than one, and what came with it.
pub(super) struct Messages {
    replies: Replies,
    envelopes: Envelopes,
}

impl Messages {
    /// Of at most `limit` bytes each.
    pub(super) fn of_at_most(limit: usize, replies: Replies) -> Self {
        let envelopes = Envelopes::of_at_most(limit);
        Self { replies, envelopes }
    }

    /// The next one; `None` at the end. Nothing is lost if this is dropped before it completes. After
    /// a failure there is nothing more to come.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match self.envelopes.next()? {
                Some((0, message)) => return Ok(Some(message)),
                Some(_) => return Err(broken("a compressed message that nobody asked for")),
                None => {}
            }
            match self.replies.next().await {
                Some(Reply::Data(data)) => self.envelopes.push(&data),
                Some(Reply::End(End {
                    failure: Some(failure),
                    ..
                })) => return Err(failure),
                Some(Reply::End(_)) if !self.envelopes.is_empty() => {
                    return Err(broken("a message that is not whole"));
                }
                Some(Reply::End(_)) | None => return Ok(None),
            }
        }
    }

    /// The only one.
    pub(super) async fn only(mut self) -> Result<Bytes, Failure> {
        let first = self.next().await?;
        let first = first.ok_or_else(|| broken("no message came back"))?;
        match self.next().await? {
            None => Ok(first),
            Some(_) => Err(broken("more than one message came back")),
        }
    }
}

/// A fault of the upstream.
fn broken(what: &str) -> Failure {
    Problem::internal(&Status::internal(what)).into()
}

impl End {
    fn of(trailers: &HeaderMap) -> Self {
        let status = status::read(trailers)
            .unwrap_or_else(|| Problem::unavailable("the end of the reply").into());
        let failure = (status.code() != Code::Ok).then(|| Failure::from(status));
        Self {
            failure,
            metadata: metadata::returned(trailers),
        }
    }

    pub(super) fn failed(failure: impl Into<Failure>) -> Self {
        Self {
            failure: Some(failure.into()),
            metadata: HeaderMap::new(),
        }
    }

    /// If the request was broken off here, that is why the upstream did not go on.
    fn unless(mut self, refused: &Refused) -> Self {
        if self.failure.is_some()
            && let Some(refused) = lock(refused).take()
        {
            self.failure = Some(refused);
        }
        self
    }

    /// As gRPC tells it.
    pub(super) fn into_trailers(self) -> HeaderMap {
        let mut trailers = self.metadata;
        match self.failure {
            Some(failure) => status::write(failure.status(), &mut trailers),
            None => status::write_ok(&mut trailers),
        }
        trailers
    }
}

/// The failure of a call, or rather of its request if that was broken off here.
pub(super) fn failed(status: Status, refused: &Refused) -> Failure {
    let refused = lock(refused).take();
    refused.unwrap_or_else(|| Failure::from(status))
}

pub(super) fn lock(refused: &Refused) -> std::sync::MutexGuard<'_, Option<Failure>> {
    refused.lock().unwrap_or_else(PoisonError::into_inner)
}
