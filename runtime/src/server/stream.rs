//! The body of a streamed reply, which ends with a status when it is told to, and at a panic.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::HeaderMap;
use http_body::Frame;
use tonic::Status;
use tonic::body::Body;

pub(super) struct StreamedBody {
    inner: Option<Body>,
    over: BoxFuture<'static, Status>,
}

impl StreamedBody {
    /// The stream lasts until `over` completes, at the longest.
    pub(super) fn new<F>(inner: Body, over: F) -> StreamedBody
    where
        F: Future<Output = Status> + Send + 'static,
    {
        StreamedBody {
            inner: Some(inner),
            over: Box::pin(over),
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
        let this = &mut *self;
        let Some(inner) = &mut this.inner else {
            return Poll::Ready(None);
        };
        // First, since a stream that always has a message would never come to it.
        if let Poll::Ready(status) = this.over.as_mut().poll(context) {
            return self.end(&status);
        }
        let poll = AssertUnwindSafe(|| Pin::new(inner).poll_frame(context));
        match std::panic::catch_unwind(poll) {
            Ok(polled) => polled,
            Err(panic) => self.end(&super::panics::answer(&*panic)),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }
}
