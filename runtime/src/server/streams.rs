//! How many streams there are, and how long they last: as long as their caller's right, and until the
//! server goes away.

use std::future::{Future, pending};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{Request, Response};
use net::clock::Clock;
use net::room::{Full, Most, Room, Share};
use opentelemetry::KeyValue;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tonic::{Code, Status};
use uuid::Uuid;

use super::arriving::Arriving;
use super::compression::sent;
use super::deadline::Deadline;
use super::filter::{Filter, Next};
use super::limits::ServerLimits;
use super::observe::Incoming;
use super::policy::Verified;
use super::receive::{Receiver, network};
use super::stream::StreamedBody;
use crate::contract::Method;
use crate::identity::{Revocations, VerifyError};
use crate::status::{Problem, Reason};

#[derive(Clone)]
pub(super) struct Streams {
    clock: Clock,
    revocations: Revocations,
    drain: CancellationToken,
    open: Room<Whose>,
    most: usize,
    most_per_user: usize,
    most_per_address: usize,
    receiver: Receiver,
}

/// Whose streams are counted together. A workload's own are not: one calls for many.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Whose {
    User(Uuid),
    Address(IpAddr),
}

impl Streams {
    pub(super) fn new(
        node: &crate::node::Node,
        drain: CancellationToken,
        limits: &ServerLimits,
        receiver: Receiver,
    ) -> Streams {
        let open = Room::new();
        let counted = open.clone();
        let labels = [KeyValue::new("service.name", node.name)];
        let about = [
            "rpc.server.open_streams",
            "{stream}",
            "Streams that are open at the service",
        ];
        node.telemetry.gauge(about, move |gauge| {
            gauge.observe(counted.total() as u64, &labels);
        });
        Streams {
            clock: node.clock.clone(),
            revocations: node.identity.revocations().clone(),
            drain,
            open,
            most: limits.max_concurrent_streams,
            most_per_user: limits.max_streams_per_user,
            most_per_address: limits.max_streams_per_address,
            receiver,
        }
    }

    /// A place for one stream more, as long as that lives. Strangers share a quarter of all: what is
    /// open to anybody takes nothing away from those who have a name.
    fn admit(&self, request: &Request<Body>) -> Result<Share<Whose>, Status> {
        let caller = request.extensions().get::<Verified>();
        let caller = caller.map(|verified| &verified.caller);
        let user = caller.and_then(|caller| caller.user.as_ref());
        let is_workload = caller.is_some_and(|caller| caller.workload.is_some());
        let (whose, total, each) = match user {
            Some(user) => (Some(Whose::User(user.id)), self.most, self.most_per_user),
            None if is_workload => (None, self.most, self.most),
            None => {
                let whose = Whose::Address(network(request));
                (Some(whose), self.most.div_ceil(4), self.most_per_address)
            }
        };
        let mut place = self.open.share(whose, Most { total, each });
        place.set(1).map(|()| place).map_err(|full| match full {
            Full::Total => {
                let message = "the server has as many streams open as it can";
                Problem::new(Reason::Overloaded, Code::Unavailable, message)
                    .retry_after(Duration::from_secs(1))
                    .into()
            }
            Full::Each => {
                let message = format!("{each} streams are open; close one of them first");
                Problem::new(Reason::TooManyStreams, Code::ResourceExhausted, message).into()
            }
        })
    }

    /// Follows what the client streams, within the bounds and rules of the contract; gives what tells
    /// that it broke them.
    fn follow(
        &self,
        request: Request<Body>,
        method: &Arc<Method>,
    ) -> (Request<Body>, BoxFuture<'static, Status>) {
        let (breaks, broken) = oneshot::channel();
        let receiving = self.receiver.receive(&request, method);
        let coding = sent(&request);
        let arriving = |body| Arriving::new(body, method.clone(), receiving, coding, breaks);
        let request = request.map(|body| Body::new(arriving(body)));
        let broken = async {
            match broken.await {
                Ok(status) => status,
                Err(_) => pending().await,
            }
        };
        (request, broken.boxed())
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
        let method = Incoming::of(&request).method.clone();
        let Some(method) = method.filter(|method| method.is_streaming()) else {
            return next.run(request).await;
        };
        let place = match self.admit(&request) {
            Ok(place) => place,
            Err(status) => return status.into_http(),
        };
        let (request, mut broken) = match method.client_streaming {
            true => self.follow(request, &method),
            false => (request, pending().boxed()),
        };
        let over = self.over(&request);
        // What broke is the answer, whatever the handler makes of it.
        let response = tokio::select! {
            biased;
            status = &mut broken => return status.into_http(),
            response = next.run(request) => response,
        };
        if let Some(status) = (&mut broken).now_or_never() {
            return status.into_http();
        }
        let over = async move {
            let _place = place;
            tokio::select! {
                status = broken => status,
                status = over => status,
            }
        };
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
