//! The one client stack: under the generated clients, and under the edge, which sends frames.
//!
//! From the outside in: metadata of the call in progress -> measure -> deadline, by our own timer
//! -> one retry of what was provably not handled -> choice of two endpoints by pending requests
//! -> a free stream of an HTTP/2 connection, of those for calls or those for streams. A retry budget has its place at `attempts`, a breaker at
//! `Endpoints::pick`.

mod body;
mod connection;
mod endpoints;
mod exchange;
mod failure;
mod gather;
mod link;
mod outgoing;

use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::uri::{Authority, PathAndQuery, Scheme, Uri};
use http::{HeaderMap, Method as HttpMethod, Request, Response, Version};
use http_body_util::BodyExt as _;
use tokio::time::Instant;
use tonic::Status;
use tracing::{Instrument as _, Span};

pub use body::ResponseBody;
pub use outgoing::{of_one_call, parse_timeout, write_timeout};

use crate::call::CallContext;
use crate::contract::Contract;
use crate::identity::Identity;
use crate::mesh::Address;
use crate::metadata::{GRPC_STATUS, WORKLOAD_AUTHORIZATION};
use crate::random::Random;
use crate::status::{self, Problem};
use crate::telemetry::{CallMetrics, RECORDED, Trace};
use body::RequestBody;
use endpoints::{Endpoints, Pool};
use failure::Failure;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Calls to one service of the mesh. Every failure is an answer with a gRPC status, so the
/// channel itself never fails.
#[derive(Clone, Debug)]
pub struct Channel(Arc<Stack>);

#[derive(Debug)]
struct Stack {
    service: Arc<str>,
    caller: &'static str,
    authority: Authority,
    identity: Option<Identity>,
    contract: Arc<Contract>,
    metrics: CallMetrics,
    endpoints: Option<Endpoints>,
}

/// What a channel is made of, before it knows where it goes.
pub struct Unconnected {
    /// Name of the service that is called.
    pub service: Arc<str>,
    /// Name of the service that calls.
    pub caller: &'static str,
    /// Whose workload token goes along; none goes without an identity.
    pub identity: Option<Identity>,
    /// What the methods' contracts say.
    pub contract: Arc<Contract>,
    /// Where calls are measured.
    pub metrics: CallMetrics,
    /// For the choice among endpoints.
    pub random: Random,
}

impl Unconnected {
    /// A channel to an address; without one, its calls are UNAVAILABLE.
    pub fn to(self, address: Option<Address>) -> Channel {
        // The name is only what servers see; addresses are resolved apart.
        let authority = Authority::try_from(&*self.service)
            .unwrap_or_else(|_| Authority::from_static("service.invalid"));
        Channel(Arc::new(Stack {
            authority,
            endpoints: address.map(|address| Endpoints::new(address, self.random)),
            service: self.service,
            caller: self.caller,
            identity: self.identity,
            contract: self.contract,
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

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move {
            let call = CallContext::current();
            Ok(channel.send(request, call.as_ref()).await)
        })
    }
}

impl Channel {
    /// Sends a request as a part of `call`, as the `Service` does as a part of the call in progress.
    pub async fn send<B>(
        &self,
        request: Request<B>,
        call: Option<&CallContext>,
    ) -> Response<ResponseBody>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        self.0.call(request, call).await
    }
}

/// A request that can be sent twice.
struct Outgoing {
    uri: Uri,
    headers: HeaderMap,
    body: RequestBody,
    pool: Pool,
}

impl Outgoing {
    fn request(&self, body: RequestBody) -> Request<RequestBody> {
        let mut request = Request::new(body);
        *request.method_mut() = HttpMethod::POST;
        *request.version_mut() = Version::HTTP_2;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

impl Stack {
    async fn call<B>(
        &self,
        request: Request<B>,
        call: Option<&CallContext>,
    ) -> Response<ResponseBody>
    where
        B: http_body::Body<Data = Bytes, Error: Into<BoxError>> + Send + 'static,
    {
        let (parts, body) = request.into_parts();
        let method = self.contract.method(parts.uri.path());
        let name: Arc<str> = match method {
            Some(method) => method.name.clone(),
            None => parts.uri.path().trim_start_matches('/').into(),
        };
        let (span, trace) = self.span(&name, call);
        let mut record = self.metrics.start(self.caller, name, span.clone());
        let server_streams = method.is_some_and(|method| method.server_streaming);
        let deadline = outgoing::deadline(&parts.headers, call, server_streams);
        let sent = async {
            let public = method.is_some_and(|method| {
                matches!(method.access, Some(crate::contract::Access::Public))
            });
            let mut headers = parts.headers;
            outgoing::set(&mut headers, call, deadline, trace.as_ref());
            self.prove_workload(&mut headers, public).await?;
            let client_streams = method.is_some_and(|method| method.client_streaming);
            let outgoing = Outgoing {
                uri: self.uri(parts.uri.path_and_query())?,
                headers,
                body: match client_streams {
                    true => RequestBody::stream(body),
                    false => RequestBody::whole(collect(body).await?),
                },
                pool: match client_streams || server_streams {
                    true => Pool::Streams,
                    false => Pool::Calls,
                },
            };
            self.attempts(outgoing).await
        };
        // In its place: whoever takes a future by value keeps it twice.
        let sent = pin!(sent.instrument(span.clone()));
        match within(deadline, sent).await {
            Ok(mut response) => {
                if response.headers().contains_key(GRPC_STATUS) {
                    record.end_with(response.headers());
                    if self.identity.is_some()
                        && let Some(ours) = status::unproved(&self.service, response.headers())
                    {
                        response = ours.into_http();
                    }
                }
                response.map(|body| body.observed(record, deadline))
            }
            Err(status) => {
                record.end(status.code());
                status.into_http()
            }
        }
    }

    /// Sends the request, a second time elsewhere if the first was provably not handled.
    async fn attempts(&self, mut outgoing: Outgoing) -> Result<Response<ResponseBody>, Status> {
        let unavailable = || Status::from(Problem::unavailable(&self.service));
        let endpoints = self.endpoints.as_ref().ok_or_else(unavailable)?;
        let pool = outgoing.pool;
        let again = outgoing.body.again();
        let body = std::mem::replace(&mut outgoing.body, RequestBody::whole(Bytes::new()));
        let first = endpoints
            .pick(pool, None)
            .await
            .map_err(|why| self.failed(&why))?;
        let failure = match first.send(outgoing.request(body)).await {
            Ok(response) => return Ok(response),
            Err(failure) => failure,
        };
        let (Failure::NotHandled(why) | Failure::Goodbye(why), Some(body)) = (&failure, again)
        else {
            return Err(self.failed(&failure));
        };
        tracing::debug!(
            why,
            service = &*self.service,
            "not handled, trying once more"
        );
        // In a box: most calls need no room for a second one.
        Box::pin(async move {
            let second = endpoints.pick(pool, Some(&first)).await?;
            drop(first);
            second.send(outgoing.request(body)).await
        })
        .await
        .map_err(|failure| self.failed(&failure))
    }

    fn failed(&self, failure: &Failure) -> Status {
        tracing::warn!(service = &*self.service, why = failure.why(), "call failed");
        Problem::unavailable(&self.service)
            .metadata("service", &self.service)
            .into()
    }

    async fn prove_workload(&self, headers: &mut HeaderMap, public: bool) -> Result<(), Status> {
        let Some(identity) = &self.identity else {
            return Ok(());
        };
        let token = match identity.own_token_now() {
            Some(token) => Some(token),
            None if public => None,
            None => Box::pin(identity.own_token()).await?,
        };
        if let Some(mut token) = token {
            // All calls of a connection have it, so it travels once and is then named by an index:
            // written out, it would cost more than anything else that a call carries. Nobody can
            // guess a signature by how well it compresses (RFC 7541, section 7.1.3).
            token.set_sensitive(false);
            headers.insert(WORKLOAD_AUTHORIZATION, token);
        }
        Ok(())
    }

    fn uri(&self, path: Option<&PathAndQuery>) -> Result<Uri, Status> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = path.cloned();
        Uri::from_parts(parts).map_err(|error| Status::internal(error.to_string()))
    }

    /// Of a recorded trace, a span of its own; log lines have that of the call in progress.
    fn span(&self, method: &str, call: Option<&CallContext>) -> (Span, Option<Trace>) {
        // To servers outside of the mesh a trace that nobody records is none: as "not sampled" it
        // would switch off their own tracing.
        let is_told = |trace: &Trace| self.identity.is_some() || trace.has_span();
        let trace = call
            .map(|call| &call.trace)
            .filter(|trace| is_told(trace))
            .cloned();
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
}

async fn within<T>(
    deadline: Option<Instant>,
    future: impl Future<Output = Result<T, Status>>,
) -> Result<T, Status> {
    match deadline {
        None => future.await,
        Some(deadline) => tokio::time::timeout_at(deadline, future)
            .await
            .unwrap_or_else(|_| Err(Problem::deadline_exceeded().into())),
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
