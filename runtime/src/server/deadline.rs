//! The caller's deadline, by our own timer, and a longest one where the caller names none.

use std::time::Duration;

use http::{Request, Response};
use net::metadata::GRPC_TIMEOUT;
use net::metadata::parse_timeout;
use tokio::time::Instant;
use tonic::body::Body;

use super::filter::{Filter, Next};
use super::observe::Incoming;
use crate::status::Problem;

/// When the caller stops waiting: in the extensions of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(pub(super) Instant);

#[derive(Clone)]
pub(super) struct Deadlines {
    default: Duration,
    longest: Duration,
}

impl Deadlines {
    pub(super) fn new(default: Duration, longest: Duration) -> Deadlines {
        Deadlines { default, longest }
    }
}

impl Filter for Deadlines {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        let method = Incoming::of(&request).method.as_ref();
        let streams = method.is_some_and(|method| method.is_streaming());
        let asked = request.headers().get(GRPC_TIMEOUT).and_then(parse_timeout);
        let begins = asked.unwrap_or(match streams {
            true => self.longest,
            false => self.default,
        });
        let begins = Instant::now() + begins.min(self.longest);
        // A stream lasts as long as its caller wants, but no longer than others until it begins. A
        // timeout of years is none.
        let deadline = match (streams, asked) {
            (true, asked) => asked.and_then(|timeout| Instant::now().checked_add(timeout)),
            (false, _) => Some(begins),
        };
        if let Some(deadline) = deadline {
            request.extensions_mut().insert(Deadline(deadline));
        }
        match tokio::time::timeout_at(begins, next.run(request)).await {
            Ok(response) => response,
            Err(_) => tonic::Status::from(Problem::deadline_exceeded()).into_http(),
        }
    }
}
