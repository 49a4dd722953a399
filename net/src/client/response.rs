//! The body of a reply.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Body, Frame};
use tokio::time::{Instant, Sleep};
use tonic::{Code, Status};

use super::endpoints::Reservation;
use super::error::{ChannelError, Describe};
use super::exchange::Incoming;
use super::outgoing;
use super::request::BoxError;
use crate::telemetry::CallRecord;

/// What comes back. It counts as pending at its endpoint until it has ended, and ends with
/// DEADLINE_EXCEEDED when the call's time is over.
#[derive(Default)]
pub struct ResponseBody {
    incoming: Option<Coming>,
    /// What it takes until then.
    held: Option<Reservation>,
    record: Option<CallRecord>,
    deadline: Option<Instant>,
    describe: Describe,
    timer: Option<Pin<Box<Sleep>>>,
}

/// Where it comes from.
enum Coming {
    ByConnection(Incoming),
    InProcess(tonic::body::Body),
}

impl Coming {
    fn poll_frame(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let frame = match self {
            Coming::ByConnection(body) => ready!(Pin::new(body).poll_frame(context))
                .map(|frame| frame.map_err(BoxError::from)),
            Coming::InProcess(body) => ready!(Pin::new(body).poll_frame(context))
                .map(|frame| frame.map_err(BoxError::from)),
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Coming::ByConnection(body) => body.is_end_stream(),
            Coming::InProcess(body) => body.is_end_stream(),
        }
    }
}

impl ResponseBody {
    pub(super) fn new(incoming: Incoming, held: Reservation) -> ResponseBody {
        ResponseBody {
            incoming: Some(Coming::ByConnection(incoming)),
            held: Some(held),
            ..ResponseBody::default()
        }
    }

    pub(super) fn in_process(body: tonic::body::Body) -> ResponseBody {
        ResponseBody {
            incoming: Some(Coming::InProcess(body)),
            ..ResponseBody::default()
        }
    }

    pub(super) fn observed(
        self,
        record: CallRecord,
        deadline: Option<Instant>,
        describe: Describe,
    ) -> ResponseBody {
        ResponseBody {
            record: Some(record),
            deadline,
            describe,
            ..self
        }
    }

    /// Ends the body; says with what to whoever measures.
    fn end(&mut self, trailers: Option<&HeaderMap>, code: Code) {
        if let Some(mut record) = self.record.take() {
            match trailers {
                Some(trailers) => record.end_with(trailers),
                None => record.end(code),
            }
        }
        (self.incoming, self.held, self.timer) = (None, None, None);
    }

    fn is_late(&mut self, context: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else {
            return false;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        timer.as_mut().poll(context).is_ready()
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let body = self.get_mut();
        let Some(incoming) = &mut body.incoming else {
            return Poll::Ready(None);
        };
        match incoming.poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(trailers) = frame.trailers_ref() {
                    body.end(Some(trailers), Code::Unknown);
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                let (code, why) = match outgoing::is_over(body.deadline) {
                    true => (Code::DeadlineExceeded, ChannelError::DeadlineExceeded),
                    false => (Code::Unavailable, ChannelError::Broken),
                };
                tracing::debug!(%error, ?code, "a reply was broken off");
                body.end(None, code);
                Poll::Ready(Some(Err(body.describe.status(why))))
            }
            Poll::Ready(None) => {
                body.end(None, Code::Unknown);
                Poll::Ready(None)
            }
            Poll::Pending if body.is_late(context) => {
                body.end(None, Code::DeadlineExceeded);
                Poll::Ready(Some(Err(body
                    .describe
                    .status(ChannelError::DeadlineExceeded))))
            }
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Coming::is_end_stream)
    }
}

impl fmt::Debug for ResponseBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseBody")
    }
}
