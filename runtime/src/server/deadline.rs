//! The caller's deadline, by our own timer.

use std::time::Duration;

use http::{Request, Response};
use tokio::time::Instant;
use tonic::body::Body;

use super::filter::{Filter, Next};
use super::observe::Incoming;
use crate::client::parse_timeout;
use crate::metadata::GRPC_TIMEOUT;
use crate::status::Problem;

/// When the caller stops waiting: in the extensions of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(pub(super) Instant);

#[derive(Clone)]
pub(super) struct Deadlines {
    default: Duration,
}

impl Deadlines {
    pub(super) fn new(default: Duration) -> Deadlines {
        Deadlines { default }
    }
}

impl Filter for Deadlines {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        let method = Incoming::of(&request).method.as_ref();
        let streams = method.is_some_and(|method| method.is_streaming());
        let timeout = request.headers().get(GRPC_TIMEOUT).and_then(parse_timeout);
        let timeout = timeout.or((!streams).then_some(self.default));
        // A timeout of years is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let Some(deadline) = deadline else {
            return next.run(request).await;
        };
        request.extensions_mut().insert(Deadline(deadline));
        match tokio::time::timeout_at(deadline, next.run(request)).await {
            Ok(response) => response,
            Err(_) => tonic::Status::from(Problem::deadline_exceeded()).into_http(),
        }
    }
}
