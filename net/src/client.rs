//! The one client stack of gRPC: it sends frames, for generated clients and for gateways alike.
//!
//! From the outside in: measure -> deadline, by our own timer -> credentials -> one retry of what was
//! provably not handled -> choice of two endpoints by pending requests, among those that are in -> the
//! breaker of the endpoint -> a free stream of an HTTP/2 connection, plain or in TLS, of those for calls or
//! those for streams. Beside the calls, endpoints may be asked how they are. What was perhaps handled is
//! never sent again here: whether it may be, and how often, is for a gateway to know.

mod along;
mod call;
mod config;
mod connection;
mod credentials;
mod endpoints;
mod error;
mod exchange;
mod failure;
mod gather;
mod health;
mod link;
mod outgoing;
mod request;
mod response;
mod standing;
mod target;

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, Request, Response};
use http_body_util::BodyExt as _;
use tokio::time::Instant;
use tonic::Status;
use tracing::{Instrument as _, Span};

pub use along::Along;
pub use call::Call;
pub use config::EndpointConfig;
pub use credentials::Credentials;
pub use error::{ChannelError, Describe, Lost};
pub use health::{Health, HealthChecks};
pub use response::ResponseBody;

use crate::address::Address;
use crate::in_process::InProcess;
use crate::metadata::GRPC_STATUS;
use crate::random::Random;
use crate::readiness::Readiness;
use crate::telemetry::{ClientMetrics, EndpointMetrics, RECORDED, Trace};
use crate::tls;
use endpoints::Endpoints;
use failure::Failure;
use request::{BoxError, Outgoing, Pool, RequestBody};
use standing::Peers;

/// Calls to one service. Every failure is an answer with a gRPC status, so the channel itself never
/// fails.
#[derive(Clone, Debug)]
pub struct Channel(Arc<Stack>);

#[derive(Debug)]
struct Stack {
    service: Arc<str>,
    caller: &'static str,
    authority: Authority,
    credentials: Option<Arc<dyn Credentials>>,
    describe: Describe,
    longest: Option<Duration>,
    metrics: ClientMetrics,
    counted: EndpointMetrics,
    endpoints: Option<Endpoints>,
    /// Instead of endpoints.
    in_process: Option<InProcess>,
}

/// What a channel is made of, before it knows where it goes.
pub struct Unconnected {
    /// Name of the service that is called.
    pub service: Arc<str>,
    /// Name of the service that calls.
    pub caller: &'static str,
    /// What proves to the service who calls.
    pub credentials: Option<Arc<dyn Credentials>>,
    /// What callers are told of a call that came to nothing on its way.
    pub describe: Describe,
    /// Whom servers at `https` are believed by, and what is shown to them; without it, the system's
    /// authorities, and nothing.
    pub tls: Option<tls::Client>,
    /// How long a call without any deadline may take, unless the reply is a stream.
    pub longest: Option<Duration>,
    /// Where calls are measured.
    pub metrics: ClientMetrics,
    /// For the choice among endpoints.
    pub random: Random,
    /// What is known of how they are.
    pub health: Health,
    /// What is made of those that fail, and of new ones.
    pub failing: EndpointConfig,
}

impl Unconnected {
    /// A channel to an address; without one, its calls are UNAVAILABLE.
    pub fn to(self, address: Option<Address>) -> Channel {
        let counted = self.metrics.endpoints(self.caller, &self.service);
        let peers = Peers::new(self.failing, counted.clone());
        let in_process = address.as_ref().and_then(|it| it.in_process.clone());
        Channel(Arc::new(Stack {
            authority: outgoing::authority(&self.service),
            in_process,
            endpoints: address.filter(|it| it.in_process.is_none()).map(|address| {
                let tls = address.is_tls().then(|| self.tls.unwrap_or_default());
                Endpoints::new(address, tls, self.random, self.health, peers)
            }),
            counted,
            service: self.service,
            caller: self.caller,
            credentials: self.credentials,
            describe: self.describe,
            longest: self.longest,
            metrics: self.metrics,
        }))
    }
}

impl<B> tower::Service<Request<B>> for Channel
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    /// What is known of the call may be among the request's extensions.
    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let channel = self.clone();
        let known = request.extensions_mut().remove::<Call>();
        let call = known.unwrap_or_else(|| Call::unary(request.uri().path()));
        Box::pin(async move { Ok(channel.send(request, call).await) })
    }
}

impl Channel {
    /// The name of the service that is called.
    pub fn service(&self) -> &str {
        &self.0.service
    }

    /// Asks every endpoint how it is, again and again, for ever, for all channels that share the
    /// [`Health`]. What is not well is told to `readiness`, and to the log where it changes.
    pub async fn ask_health(&self, checks: &HealthChecks, readiness: &Readiness) {
        match &self.0.endpoints {
            Some(endpoints) => {
                endpoints
                    .ask_health(self.service(), checks, readiness)
                    .await
            }
            None => std::future::pending().await,
        }
    }

    /// Sends a request whose metadata is complete but for what HTTP/2 and the call's deadline, trace
    /// and credentials add.
    pub fn send<B>(
        &self,
        request: Request<B>,
        call: Call,
    ) -> impl Future<Output = Response<ResponseBody>> + Send
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.0.send(request, call)
    }
}

impl Stack {
    async fn send<B>(&self, request: Request<B>, call: Call) -> Response<ResponseBody>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (parts, body) = request.into_parts();
        let (span, trace) = self.span(&call.method, call.trace);
        let mut record = self
            .metrics
            .calls
            .start(self.caller, call.method, span.clone());
        let longest = self.longest.filter(|_| !call.server_streaming);
        let deadline = outgoing::deadline(&parts.headers, call.deadline, longest);
        let sent = async {
            let mut headers = parts.headers;
            outgoing::set(&mut headers, deadline, trace.as_ref());
            self.prove(&mut headers, call.needs_credentials).await?;
            let outgoing = Outgoing {
                uri: self.uri(parts.uri.path_and_query())?,
                headers,
                body: match call.client_streaming {
                    true => RequestBody::stream(body),
                    false => RequestBody::whole(collect(body).await?),
                },
                pool: match call.client_streaming || call.server_streaming {
                    true => Pool::Streams,
                    false => Pool::Calls,
                },
            };
            self.attempts(outgoing, deadline).await
        };
        // In its place: whoever takes a future by value keeps it twice.
        let sent = pin!(sent.instrument(span.clone()));
        match self.within(deadline, sent).await {
            Ok(response) => {
                if response.headers().contains_key(GRPC_STATUS) {
                    record.end_with(response.headers());
                    if let Some(instead) = self.disbelieved(response.headers()) {
                        return instead.into_http();
                    }
                }
                response.map(|body| body.observed(record, deadline, self.describe))
            }
            Err(status) => {
                record.end(status.code());
                let lost = Lost::of(&status);
                let mut response = status.into_http();
                if let Some(lost) = lost {
                    response.extensions_mut().insert(lost);
                }
                response
            }
        }
    }

    /// Sends the request, a second time elsewhere if the first was provably not handled.
    async fn attempts(
        &self,
        mut outgoing: Outgoing,
        deadline: Option<Instant>,
    ) -> Result<Response<ResponseBody>, Status> {
        if let Some(server) = &self.in_process {
            let body = outgoing.body.take();
            let request = outgoing.request(body).map(tonic::body::Body::new);
            return match server.answer(request).await {
                Ok(response) => Ok(response.map(ResponseBody::in_process)),
                Err(why) => Err(self.failed(&why.into(), deadline)),
            };
        }
        let no_address = || self.describe.status(ChannelError::NoAddress(&self.service));
        let endpoints = self.endpoints.as_ref().ok_or_else(no_address)?;
        let pool = outgoing.pool;
        let again = outgoing.body.again();
        let body = outgoing.body.take();
        let first = endpoints
            .pick(pool, None)
            .await
            .map_err(|why| self.failed(&why, deadline))?;
        let (why, body) = match (first.send(outgoing.request(body), deadline).await, again) {
            // A callee whose clock or keys are wrong believes nobody: others do.
            (Ok((reply, _)), Some(body)) if self.disbelieved(reply.headers()).is_some() => {
                ("the credentials are not believed".to_owned(), body)
            }
            (Ok((response, held)), _) => {
                return Ok(response.map(|body| ResponseBody::new(body, held)));
            }
            (Err(Failure::NotHandled(why) | Failure::Goodbye(why)), Some(body)) => (why, body),
            (Err(failure), _) => return Err(self.failed(&failure, deadline)),
        };
        self.counted.retried();
        tracing::debug!(
            why,
            service = &*self.service,
            "not handled, trying once more"
        );
        // In a box: most calls need no room for a second one.
        let second = Box::pin(async move {
            let second = endpoints.pick(pool, Some(&first)).await?;
            drop(first);
            second.send(outgoing.request(body), deadline).await
        });
        match second.await {
            Ok((response, held)) => Ok(response.map(|body| ResponseBody::new(body, held))),
            Err(failure) => Err(self.failed(&failure, deadline)),
        }
    }

    fn failed(&self, failure: &Failure, deadline: Option<Instant>) -> Status {
        let is_unknown = matches!(failure, Failure::Unknown(_) | Failure::Reset(_));
        if is_unknown && outgoing::is_over(deadline) {
            return self.describe.status(ChannelError::DeadlineExceeded);
        }
        if matches!(failure, Failure::Tripped) {
            // The log has it from the calls before.
            self.counted.refused();
            return self.describe.status(ChannelError::Tripped(&self.service));
        }
        tracing::warn!(service = &*self.service, why = failure.why(), "call failed");
        self.describe
            .status(ChannelError::Unavailable(&self.service))
    }

    async fn prove(&self, headers: &mut HeaderMap, needed: bool) -> Result<(), Status> {
        let Some(credentials) = &self.credentials else {
            return Ok(());
        };
        let value = match credentials.at_hand() {
            Some(value) => Some(value),
            None if needed => credentials.get().await?,
            None => None,
        };
        if let Some(mut value) = value {
            // All calls of a connection have it, so it travels once and is then named by an index:
            // written out, it would cost more than anything else that a call carries. Nobody can
            // guess a signature by how well it compresses (RFC 7541, section 7.1.3).
            value.set_sensitive(false);
            headers.insert(credentials.header(), value);
        }
        Ok(())
    }

    /// What the caller is told instead of a reply by which the callee did not believe the credentials.
    fn disbelieved(&self, reply: &HeaderMap) -> Option<Status> {
        let credentials = self.credentials.as_ref()?;
        credentials.refused(&self.service, reply)
    }

    fn uri(&self, path: Option<&PathAndQuery>) -> Result<Uri, Status> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = path.cloned();
        Uri::from_parts(parts).map_err(|error| Status::internal(error.to_string()))
    }

    /// Of a recorded trace, a span of its own; log lines have that of the call in progress.
    fn span(&self, method: &str, trace: Option<Trace>) -> (Span, Option<Trace>) {
        if !trace.as_ref().is_some_and(Trace::is_recorded) {
            return (Span::none(), trace);
        }
        let span = tracing::info_span!(
            target: RECORDED,
            "call",
            otel.name = method,
            otel.kind = "client",
            otel.status_code = tracing::field::Empty,
            error.r#type = tracing::field::Empty,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = tracing::field::Empty,
            server.address = &*self.service,
            service.name = self.caller,
        );
        let trace = trace.map(|trace| trace.adopt(&span));
        (span, trace)
    }

    async fn within<T>(
        &self,
        deadline: Option<Instant>,
        future: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        match deadline {
            None => future.await,
            Some(deadline) => tokio::time::timeout_at(deadline, future)
                .await
                .unwrap_or_else(|_| Err(self.describe.status(ChannelError::DeadlineExceeded))),
        }
    }
}

async fn collect<B>(body: B) -> Result<Bytes, Status>
where
    B: http_body::Body<Data = Bytes, Error: Into<BoxError>>,
{
    let collected = body
        .collect()
        .await
        .map_err(|error| Status::from_error(error.into()))?;
    Ok(collected.to_bytes())
}
