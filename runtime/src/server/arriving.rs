//! A stream of messages from the client: one that has begun must come to its end in time.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::Frame;
use tokio::sync::oneshot;
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use super::receive::{PREFIX, Receiving, too_large, too_slow};

pub(super) struct Arriving {
    inner: Body,
    receiving: Receiving,
    /// Of a message that has begun, what came before its length was known.
    prefix: Vec<u8>,
    /// Bytes of it that have not come.
    missing: usize,
    timer: Option<Pin<Box<Sleep>>>,
    /// Hears why the stream broke, before the handler does.
    broken: Option<oneshot::Sender<Status>>,
}

impl Arriving {
    pub(super) fn new(
        inner: Body,
        receiving: Receiving,
        broken: oneshot::Sender<Status>,
    ) -> Arriving {
        Arriving {
            inner,
            receiving,
            prefix: Vec::new(),
            missing: 0,
            timer: None,
            broken: Some(broken),
        }
    }

    /// Follows the messages through the bytes. A message that has begun is held in its full length:
    /// the decoder makes room for it at once.
    fn see(&mut self, mut data: &[u8]) -> Result<(), Status> {
        let began = !self.is_between();
        let mut ended = false;
        while !data.is_empty() {
            let take;
            if self.missing > 0 {
                take = self.missing.min(data.len());
                self.missing -= take;
            } else {
                take = (PREFIX - self.prefix.len()).min(data.len());
                self.prefix.extend_from_slice(&data[..take]);
                if let [_, length @ ..] = &self.prefix[..]
                    && let Ok(length) = length.try_into()
                {
                    self.missing = u32::from_be_bytes(length) as usize;
                    self.prefix.clear();
                    if self.missing > self.receiving.limit() {
                        return Err(too_large(self.receiving.limit()));
                    }
                    self.receiving.hold(self.missing)?;
                }
            }
            data = &data[take..];
            ended |= self.is_between();
        }
        if self.is_between() {
            self.timer = None;
            return self.receiving.hold(0);
        }
        if !began || ended {
            let timer = tokio::time::sleep(self.receiving.timeout());
            self.timer = Some(Box::pin(timer));
        }
        Ok(())
    }

    fn is_between(&self) -> bool {
        self.missing == 0 && self.prefix.is_empty()
    }

    fn fail(&mut self, status: Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.inner = Body::empty();
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
        let polled = Pin::new(&mut this.inner).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let seen = frame.data_ref().map_or(Ok(()), |data| this.see(data));
                match seen {
                    Ok(()) => polled,
                    Err(status) => this.fail(status),
                }
            }
            Poll::Pending => {
                let timer = this.timer.as_mut();
                match timer.is_some_and(|timer| timer.as_mut().poll(context).is_ready()) {
                    true => this.fail(too_slow(this.receiving.timeout())),
                    false => Poll::Pending,
                }
            }
            Poll::Ready(_) => polled,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }
}
