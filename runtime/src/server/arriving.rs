//! A stream of messages from the client: one that has begun must come to its end in time.

use std::future::Future as _;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::Frame;
use net::coding::Coding;
use tokio::sync::oneshot;
use tokio::time::Sleep;
use tonic::body::Body;
use tonic::{Code, Status};

use super::compression::{packing, unpack};
use super::receive::{PREFIX, Receiving, too_large, too_slow};
use crate::status::{Problem, Reason};

pub(super) struct Arriving {
    inner: Body,
    receiving: Receiving,
    /// What compressed messages are in, if any may come.
    coding: Option<Coding>,
    /// What came and has not been looked at.
    came: Bytes,
    /// Of a message that has begun, what came before its length was known.
    prefix: Vec<u8>,
    /// Bytes of it that have not come.
    missing: usize,
    /// What it is compressed in.
    packing: Option<Coding>,
    /// Those of its bytes that have come, if it is.
    packed: BytesMut,
    timer: Option<Pin<Box<Sleep>>>,
    /// Hears why the stream broke, before the handler does.
    broken: Option<oneshot::Sender<Status>>,
}

impl Arriving {
    pub(super) fn new(
        inner: Body,
        receiving: Receiving,
        coding: Option<Coding>,
        broken: oneshot::Sender<Status>,
    ) -> Arriving {
        Arriving {
            inner,
            receiving,
            coding,
            came: Bytes::new(),
            prefix: Vec::new(),
            missing: 0,
            packing: None,
            packed: BytesMut::new(),
            timer: None,
            broken: Some(broken),
        }
    }

    /// Takes a part of what came, of one message at most, since many small ones may become many large
    /// ones. Gives it as it was before it was compressed: nothing as long as more has to come for that.
    fn step(&mut self) -> Result<Bytes, Status> {
        let part = match self.missing {
            0 => self.prefix_part()?,
            _ => self.message_part(),
        };
        let plain = match self.packing {
            None => part,
            Some(_) if !self.is_between() => return Ok(Bytes::new()),
            Some(coding) => {
                let packed = mem::take(&mut self.packed).freeze();
                unpack(coding, &packed, &mut self.receiving)?
            }
        };
        if self.is_between() {
            self.timer = None;
            self.receiving.hold(0)?;
        }
        Ok(plain)
    }

    /// A message that has begun is held in its full length: the decoder makes room for it at once.
    fn prefix_part(&mut self) -> Result<Bytes, Status> {
        let left = PREFIX - self.prefix.len();
        let part = self.came.split_to(left.min(self.came.len()));
        self.prefix.extend_from_slice(&part);
        if let [flags, length @ ..] = &self.prefix[..] {
            self.packing = packing(*flags, self.coding)?;
            if let Ok(length) = length.try_into() {
                self.missing = u32::from_be_bytes(length) as usize;
                self.prefix.clear();
                if self.missing > self.receiving.limit() {
                    return Err(too_large(self.receiving.limit()));
                }
                self.receiving.hold(self.missing)?;
            }
        }
        Ok(part)
    }

    fn message_part(&mut self) -> Bytes {
        let part = self.came.split_to(self.missing.min(self.came.len()));
        self.missing -= part.len();
        if self.packing.is_some() {
            self.packed.extend_from_slice(&part);
        }
        part
    }

    fn is_between(&self) -> bool {
        self.missing == 0 && self.prefix.is_empty()
    }

    /// Whether something is kept here that the handler has not seen.
    fn is_waiting(&self) -> bool {
        !self.came.is_empty() || self.packing.is_some() && !self.is_between()
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        if self.is_between() {
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
        self.packing = None;
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
                    Ok(plain) if plain.is_empty() => {}
                    Ok(plain) => return Poll::Ready(Some(Ok(Frame::data(plain)))),
                    Err(status) => return this.fail(status),
                }
            }
            match Pin::new(&mut this.inner).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => this.came = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                Poll::Ready(None) if this.is_waiting() => return this.fail(cut_short()),
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
    let message = "the stream ended in the middle of a message";
    Problem::new(Reason::MalformedRequest, Code::InvalidArgument, message).into()
}
