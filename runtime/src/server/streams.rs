//! How long streams last: as long as their caller's right, and until the server goes away.

use std::future::{Future, pending};
use std::time::Duration;

use chrono::DateTime;
use http::{Request, Response};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};

use super::deadline::Deadline;
use super::filter::{Filter, Next};
use super::observe::Incoming;
use super::policy::Verified;
use super::stream::StreamedBody;
use crate::clock::Clock;
use crate::identity::{Revocations, VerifyError};
use crate::status::{Problem, Reason};

#[derive(Clone)]
pub(super) struct Streams {
    clock: Clock,
    revocations: Revocations,
    drain: CancellationToken,
}

impl Streams {
    pub(super) fn new(node: &crate::node::Node, drain: CancellationToken) -> Streams {
        Streams {
            clock: node.clock.clone(),
            revocations: node.identity.revocations().clone(),
            drain,
        }
    }

    /// Completes when the stream has to end, with why: its caller's time is over, the caller has
    /// left or would have to show a new token, or the server stops.
    fn over(&self, request: &Request<Body>) -> impl Future<Output = Status> + Send + use<> {
        let extensions = request.extensions();
        let deadline = extensions.get().map(|Deadline(deadline)| *deadline);
        let verified = extensions.get::<Verified>();
        let expires = verified.and_then(|verified| self.instant(verified.expires?));
        let user = verified.and_then(|verified| verified.caller.user.as_ref());
        let session = user.map(|user| user.session_id);
        let (revocations, drain) = (self.revocations.clone(), self.drain.clone());
        async move {
            let revoked = async {
                match session {
                    Some(session) => revocations.revoked(session).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                () = until(deadline) => Problem::deadline_exceeded().into(),
                () = revoked => VerifyError::Revoked.into(),
                () = until(expires) => VerifyError::Expired.into(),
                () = drain.cancelled() => shutting_down(),
            }
        }
    }

    /// When a second since 1970 comes; none if never.
    fn instant(&self, second: i64) -> Option<Instant> {
        let left = DateTime::from_timestamp(second, 0)? - self.clock.now();
        Instant::now().checked_add(left.to_std().unwrap_or_default())
    }
}

impl Filter for Streams {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        let method = Incoming::of(&request).method.as_ref();
        if !method.is_some_and(|method| method.is_streaming()) {
            return next.run(request).await;
        }
        let over = self.over(&request);
        let response = next.run(request).await;
        response.map(|inner| Body::new(StreamedBody::new(inner, over)))
    }
}

async fn until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => pending().await,
    }
}

fn shutting_down() -> Status {
    let message = "the server is shutting down; the stream goes on elsewhere";
    Problem::new(Reason::Overloaded, Code::Unavailable, message)
        .retry_after(Duration::from_millis(100))
        .into()
}
