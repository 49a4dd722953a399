//! A stream of messages from the client: each is taken in and checked as the one of a unary request
//! is, and one that has begun must come to its end in time.

use std::future::Future as _;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use net::coding::Coding;
use tokio::sync::oneshot;
use tokio::time::Sleep;
use tonic::body::Body;
use tonic::{Code, Status};

use super::receive::{PREFIX, Receiving, too_large, too_slow};
use super::validation::{accept, unpacked};
use crate::contract::Method;
use crate::status::{Problem, Reason};

pub(super) struct Arriving {
    inner: Body,
    method: Arc<Method>,
    receiving: Receiving,
    /// What compressed messages are in, if any may come.
    coding: Option<Coding>,
    /// What came and has not been looked at.
    came: Bytes,
    /// What has come of a message that has begun, with its prefix.
    begun: BytesMut,
    /// Messages that the handler has been given.
    given: u64,
    timer: Option<Pin<Box<Sleep>>>,
    /// Hears why the stream broke, before the handler does.
    broken: Option<oneshot::Sender<Status>>,
}

impl Arriving {
    pub(super) fn new(
        inner: Body,
        method: Arc<Method>,
        receiving: Receiving,
        coding: Option<Coding>,
        broken: oneshot::Sender<Status>,
    ) -> Arriving {
        Arriving {
            inner,
            method,
            receiving,
            coding,
            came: Bytes::new(),
            begun: BytesMut::new(),
            given: 0,
            timer: None,
            broken: Some(broken),
        }
    }

    /// Takes a part of what came, of one message at most, since many small ones may become many large
    /// ones. Gives the message as the handler gets it, once it is whole.
    fn step(&mut self) -> Result<Option<Bytes>, Status> {
        let known = self.length();
        self.take(PREFIX);
        let Some(length) = self.length() else {
            return Ok(None);
        };
        if known.is_none() {
            if length > self.receiving.limit() {
                return Err(too_large(self.receiving.limit()));
            }
            // Held in its full length: room is made for it at once.
            self.receiving.hold(length)?;
            self.begun.reserve(length);
        }
        self.take(PREFIX + length);
        if self.begun.len() < PREFIX + length {
            return Ok(None);
        }
        let body = mem::take(&mut self.begun).freeze();
        let body = unpacked(body, self.coding, &mut self.receiving)?;
        let which = self.given;
        let body = accept(body, &self.method).map_err(|problem| problem.of_message(which))?;
        self.given += 1;
        self.timer = None;
        self.receiving.hold(0)?;
        Ok(Some(body))
    }

    /// The length of the message that has begun, if it has come.
    fn length(&self) -> Option<usize> {
        let [_, length @ ..] = self.begun.first_chunk::<PREFIX>()?;
        Some(u32::from_be_bytes(*length) as usize)
    }

    /// Takes what came into the message, up to so many bytes of it.
    fn take(&mut self, bytes: usize) {
        let left = bytes.saturating_sub(self.begun.len());
        let part = self.came.split_to(left.min(self.came.len()));
        self.begun.extend_from_slice(&part);
    }

    /// Whether something is kept here that the handler has not seen.
    fn is_waiting(&self) -> bool {
        !self.came.is_empty() || !self.begun.is_empty()
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if self.begun.is_empty() {
            return false;
        }
        let timeout = self.receiving.timeout();
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        timer.as_mut().poll(context).is_ready()
    }

    fn fail(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.inner = Body::empty();
        self.came = Bytes::new();
        self.begun = BytesMut::new();
        self.timer = None;
        if let Some(broken) = self.broken.take() {
            // The stream may be over already.
            let _ = broken.send(status.clone());
        }
        Poll::Ready(Some(Err(status)))
    }
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        loop {
            while !this.came.is_empty() {
                match this.step() {
                    Ok(None) => {}
                    Ok(Some(message)) => return Poll::Ready(Some(Ok(Frame::data(message)))),
                    Err(status) => return this.fail(status),
                }
            }
            match Pin::new(&mut this.inner).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) if frame.is_data() => {
                    this.came = frame.into_data().unwrap_or_default();
                }
                // A stream that the client broke off would look to the handler as one that has come
                // to its end: to hyper CANCEL is an end, to tonic's decoder CANCELLED is.
                Poll::Ready(Some(Err(_))) => return this.fail(cut_short()),
                Poll::Ready(_) if this.is_waiting() => return this.fail(cut_short()),
                Poll::Ready(None) if !this.inner.is_end_stream() => return this.fail(cut_short()),
                Poll::Pending if this.is_late(context) => {
                    return this.fail(too_slow(this.receiving.timeout()));
                }
                polled => return polled,
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream() && !self.is_waiting()
    }
}

fn cut_short() -> Status {
    let message = "the stream was broken off before its end";
    Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message).into()
}
