//! The caller's deadline, by our own timer, also over streams.

use std::time::Duration;

use http::{Request, Response};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::body::Body;

use super::filter::{Filter, Next};
use super::observe::Incoming;
use super::stream::StreamedBody;
use crate::client::parse_timeout;
use crate::metadata::GRPC_TIMEOUT;
use crate::status::Problem;

/// When the caller stops waiting: in the extensions of the request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Deadline(pub(super) Instant);

#[derive(Clone)]
pub(super) struct Deadlines {
    default: Duration,
    drain: CancellationToken,
}

impl Deadlines {
    pub(super) fn new(default: Duration, drain: CancellationToken) -> Deadlines {
        Deadlines { default, drain }
    }
}

impl Filter for Deadlines {
    async fn filter<N: Next>(&self, mut request: Request<Body>, next: &N) -> Response<Body> {
        let method = Incoming::of(&request).method.as_ref();
        let streams = method.is_some_and(|method| method.server_streaming);
        let timeout = request.headers().get(GRPC_TIMEOUT).and_then(parse_timeout);
        let timeout = timeout.or((!streams).then_some(self.default));
        // A timeout of years is none.
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let response = match deadline {
            None => next.run(request).await,
            Some(deadline) => {
                request.extensions_mut().insert(Deadline(deadline));
                match tokio::time::timeout_at(deadline, next.run(request)).await {
                    Ok(response) => response,
                    Err(_) => return tonic::Status::from(Problem::deadline_exceeded()).into_http(),
                }
            }
        };
        if !streams {
            return response;
        }
        let drain = self.drain.clone().cancelled_owned();
        response.map(|inner| Body::new(StreamedBody::new(inner, deadline, drain)))
    }
}
