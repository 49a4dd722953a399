//! The body of a request as it comes, whoever drops it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Version;
use http::header::EXPECT;
use http::request::Parts;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming as Unguarded;
use tokio::time::timeout;

use crate::access_log::Received;
use crate::config::Requests;

/// A client that sends nothing for so long is no longer sending.
const PAUSE: Duration = Duration::from_secs(2);

/// The body of a request. What is still to come when it is dropped comes, and is forgotten, beside a
/// reply that did not wait for it: HTTP/1.1 would close the connection on a client that is still
/// sending, which then never reads the reply (RFC 9112, section 9.6). Nothing is awaited of who asked
/// whether to send it (`Expect`), nor more than a body may have.
pub(crate) struct Incoming {
    /// Until it is dropped.
    body: Option<Unguarded>,
    lingers: Option<Bounds>,
    /// Who counts what has come, if anybody does.
    received: Option<Received>,
}

/// Of what is left.
#[derive(Clone, Copy)]
struct Bounds {
    bytes: usize,
    time: Duration,
}

impl Incoming {
    pub(crate) fn new(
        head: &Parts,
        body: Unguarded,
        limits: &Requests,
        received: Option<Received>,
    ) -> Self {
        let ends_by_itself = head.version >= Version::HTTP_2 || head.headers.contains_key(EXPECT);
        let bounds = Bounds {
            bytes: limits.body_limit,
            time: limits.patience(),
        };
        Self {
            body: Some(body),
            lingers: (!ends_by_itself).then_some(bounds),
            received,
        }
    }

    /// Nothing more is taken of it: who sends it costs too much.
    pub(crate) fn cut(&mut self) {
        self.lingers = None;
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let polled = Pin::new(body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let (Some(data), Some(received)) = (frame.data_ref(), &self.received)
        {
            received.add(data.len());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let (Some(body), Some(bounds)) = (self.body.take(), self.lingers) else {
            return;
        };
        if body.is_end_stream() {
            return;
        }
        tokio::spawn(timeout(bounds.time, async move {
            let mut body = Limited::new(body, bounds.bytes);
            while let Ok(Some(Ok(_))) = timeout(PAUSE, body.frame()).await {}
        }));
    }
}
