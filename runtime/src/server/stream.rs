//! Streamed replies end at the deadline, at the shutdown, and at a panic: with a status.

use std::future::Future as _;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::WaitForCancellationFutureOwned;
use tonic::body::Body;
use tonic::{Code, Status};

use crate::status::{Problem, Reason};

pub(super) struct StreamedBody {
    inner: Option<Body>,
    deadline: Option<Pin<Box<Sleep>>>,
    drain: Pin<Box<WaitForCancellationFutureOwned>>,
}

impl StreamedBody {
    pub(super) fn new(
        inner: Body,
        deadline: Option<Instant>,
        drain: WaitForCancellationFutureOwned,
    ) -> StreamedBody {
        let deadline = deadline.map(|deadline| Box::pin(tokio::time::sleep_until(deadline)));
        StreamedBody {
            inner: Some(inner),
            deadline,
            drain: Box::pin(drain),
        }
    }

    /// Ends the stream with trailers.
    fn end(&mut self, status: &Status) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        self.inner = None;
        let mut trailers = HeaderMap::new();
        Poll::Ready(Some(
            status
                .add_header(&mut trailers)
                .map(|()| Frame::trailers(trailers)),
        ))
    }
}

impl http_body::Body for StreamedBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(inner) = &mut self.inner else {
            return Poll::Ready(None);
        };
        let poll = AssertUnwindSafe(|| Pin::new(inner).poll_frame(context));
        match std::panic::catch_unwind(poll) {
            Ok(Poll::Pending) => {}
            Ok(ready) => return ready,
            Err(panic) => return self.end(&super::panics::answer(&*panic)),
        }
        let late = |timer: &mut Pin<Box<Sleep>>| timer.as_mut().poll(context).is_ready();
        if self.deadline.as_mut().is_some_and(late) {
            return self.end(&Problem::deadline_exceeded().into());
        }
        if self.drain.as_mut().poll(context).is_ready() {
            let problem = Problem::new(
                Reason::Overloaded,
                Code::Unavailable,
                "the server is shutting down; the stream goes on elsewhere",
            );
            return self.end(&problem.retry_after(Duration::from_millis(100)).into());
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.inner
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }
}
