//! The way of a request.
//!
//! | # | step | why here |
//! |---|---|---|
//! | 1 | connection limits and timeouts (`connection`) | before a byte is understood, only the socket can be bounded |
//! | 2 | compression (`compression`) | wraps every reply, whoever made it |
//! | 3 | request id | everything after it, and every log line, can name the request |
//! | 4 | trace and metrics | sees all that follows, refusals too |
//! | 5 | security headers | on every reply, refusals and pages too |
//! | 6 | CORS | a page must be able to read also why it was refused; a preflight needs no more than this |
//! | 7 | protocol and route: 404, 405, OPTIONS | cheap, and what follows depends on them |
//! | 8 | address limit | before anything that costs: signatures, bodies, upstreams |
//! | 9 | authentication: 401 | before anything is said about the request's content |
//! | 10 | access: 403 | as 9; the services would say so too, but later |
//! | 11 | user limit | needs 9; not charged to who may not call |
//! | 12 | body limit: 413, 415 | memory only for callers who passed all of the above |
//! | 13 | transcode: 400 | needs the body |
//! | 14 | upstream call | what it was all for |

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures::FutureExt as _;
use http::header::{CONNECTION, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use runtime::call::{CallContext, Caller};
use runtime::metadata::REQUEST_ID;
use runtime::status::{Problem, Reason};
use runtime::telemetry::Trace;
use tokio::time::Instant;
use tonic::Code;
use tracing::Instrument as _;

use crate::authentication::{Authenticated, authenticate};
use crate::call::Call;
use crate::client_address::limited_as;
use crate::door::Door;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::lifetime::Lifetime;
use crate::limits::{Limiter, Standing, Who};
use crate::policy::Policy;
use crate::protocol::{Protocol, Recognised, recognise};
use crate::reply::{self, Body};
use crate::{
    Upstreams, body, client_address, cors, deadline, limits, metadata, problem, request_id,
    security_headers,
};

/// Steps 3 to 6; the reply passes them in the opposite direction.
pub(crate) async fn answer(
    door: Arc<Door>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (mut head, body) = request.into_parts();
    let edge = door.edge.clone();
    edge.profile.passing.name_host(&mut head);
    let web = &edge.settings.web;
    let (is_head, origin) = (
        head.method == Method::HEAD,
        head.headers.get(ORIGIN).cloned(),
    );
    let version = head.version;
    let wants_problems = problem::is_wanted(&head.headers);
    let request_id = request_id::of(&head.headers, &edge.node);
    let client = client_address::of(peer, &head.headers, web);
    let mut exchange = Exchange::begin(&edge, &head, peer, client, &request_id);
    let span = exchange.span().clone();

    let arrival = Arrival {
        peer,
        client,
        request_id: request_id.clone(),
        began: Instant::now(),
        trace: exchange.trace().clone(),
    };
    // In a box, since what is wrapped is moved, and this is large.
    let routed = Box::pin(route(&door, head, body, arrival, &mut exchange));
    let mut response = match AssertUnwindSafe(routed)
        .catch_unwind()
        .instrument(span)
        .await
    {
        Ok(response) => response,
        Err(_) => panicked().response(&edge),
    };
    if wants_problems {
        response = problem::instead(response, &request_id);
    }

    let is_broken_off =
        response.status() == StatusCode::PAYLOAD_TOO_LARGE && version < Version::HTTP_2;
    let headers = response.headers_mut();
    let rules = &edge.settings.metadata.reply_header;
    cors::allow(&web.cors_origins, origin.as_ref(), rules, headers);
    security_headers::add(headers, web.behind_tls);
    let id = HeaderValue::try_from(&*request_id).expect("request ids are visible ASCII");
    headers.insert(REQUEST_ID, id);
    if is_broken_off {
        // The rest of the body is not read: this connection takes no further request (RFC 9112,
        // section 9.6).
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    exchange.end(response.status());
    Ok(if is_head {
        reply::without_body(response)
    } else {
        response
    })
}

/// Bytes around a message, of gRPC's or Connect's envelope.
const ENVELOPE: usize = 5;

/// What is known of a request when it has arrived.
struct Arrival {
    peer: IpAddr,
    client: IpAddr,
    request_id: Arc<str>,
    began: Instant,
    trace: Trace,
}

/// Step 7: who speaks what.
async fn route(
    door: &Arc<Door>,
    head: Parts,
    body: Incoming,
    arrival: Arrival,
    exchange: &mut Exchange,
) -> Response<Body> {
    let edge = &door.edge;
    let requests = &edge.settings.requests;
    let rules = &edge.settings.metadata.request_header;
    if let Some(response) = cors::preflight(&head.method, &head.headers, rules) {
        body::discard(&head, body, requests);
        return response;
    }
    match recognise(edge, &head) {
        Recognised::Rest(rest) => {
            exchange.is_for(&edge.policies.of(rest.matched.route()).name);
            handle(door, rest, head, body, arrival, exchange).await
        }
        // Boxed, so that a request of REST does not make room for all of them.
        Recognised::Grpc(call) => {
            exchange.calls(&call.0.policy.name);
            Box::pin(handle(door, call, head, body, arrival, exchange)).await
        }
        Recognised::GrpcWeb(call) => {
            exchange.calls(&call.served.policy.name);
            Box::pin(handle(door, call, head, body, arrival, exchange)).await
        }
        Recognised::Connect(call) => {
            exchange.calls(&call.served.policy.name);
            Box::pin(handle(door, call, head, body, arrival, exchange)).await
        }
        Recognised::ConnectStream(call) => {
            exchange.calls(&call.served.policy.name);
            Box::pin(handle(door, call, head, body, arrival, exchange)).await
        }
        Recognised::WebSocket(stream) => {
            exchange.is_for(&edge.policies.of(stream.0.route()).name);
            Box::pin(handle(door, stream, head, body, arrival, exchange)).await
        }
        Recognised::Reflection(question) => {
            Box::pin(handle(door, question, head, body, arrival, exchange)).await
        }
        Recognised::Answer(response) => {
            body::discard(&head, body, requests);
            response
        }
        Recognised::Page => {
            body::discard(&head, body, requests);
            edge.pages.answer(edge, head).await
        }
    }
}

/// Steps 8 to 14.
async fn handle(
    door: &Arc<Door>,
    request: impl Protocol,
    head: Parts,
    body: Incoming,
    arrival: Arrival,
    exchange: &mut Exchange,
) -> Response<Body> {
    let mut standings = Vec::with_capacity(2);
    let admitted = admit(door, &request, &head, arrival, &mut standings).await;
    let served = match admitted {
        Ok(admitted) => request.serve(admitted, &head, body).await,
        Err(failure) => {
            body::discard(&head, body, &door.edge.settings.requests);
            Err(failure)
        }
    };
    let mut response = served.unwrap_or_else(|failure| {
        exchange.failed(failure.status());
        request.refuse(&door.edge, &head, &failure)
    });
    limits::announce(&standings, response.headers_mut());
    response
}

/// A request whose caller may make it.
pub(crate) struct Admitted<'a> {
    pub(crate) door: &'a Arc<Door>,
    pub(crate) policy: &'a Policy,
    caller: Option<Authenticated>,
    context: CallContext,
    peer: IpAddr,
    /// When an answer, or the beginning of one, has to be there.
    pub(crate) deadline: Instant,
}

/// Steps 8 to 11.
async fn admit<'a>(
    door: &'a Arc<Door>,
    request: &'a impl Protocol,
    head: &Parts,
    arrival: Arrival,
    standings: &mut Vec<Standing>,
) -> Result<Admitted<'a>, Failure> {
    let edge = &door.edge;
    let Arrival {
        peer,
        client,
        request_id,
        began,
        trace,
    } = arrival;
    let policy = request.policy(edge);
    let asked = deadline::asked(&head.headers)?.map(|asked| began + asked);
    let latest = began + edge.settings.requests.request_timeout;
    let deadline = asked.map_or(latest, |asked| asked.min(latest));

    let address = Who::Address(limited_as(client));
    count(edge.address_limit.as_deref(), address, standings).await?;

    let mut context = CallContext {
        deadline: Some(deadline),
        caller: Caller::default(),
        request_id,
        idempotency_key: None,
        client_address: Some(client),
        user_agent: metadata::user_agent(&head.headers).map(Arc::from),
        user_token: None,
        trace,
        span: tracing::Span::current(),
    };
    let tickets = request.takes_tickets();
    let caller = authenticate(edge, policy, head, tickets, &context).await?;
    context.caller.user = caller.as_ref().map(|caller| caller.user.clone());
    runtime::server::allow(&policy.access, &context.caller)?;
    if let Some(caller) = &caller {
        let user = Who::User(caller.user.id);
        count(edge.user_limit.as_deref(), user, standings).await?;
    }
    if let (Upstreams::Mesh, Some(caller)) = (edge.upstreams, &caller) {
        context.user_token = Some(caller.token.clone());
    }
    if policy.is_streaming {
        // A stream lives as long as both ends want, unless the client says otherwise.
        context.deadline = asked;
    }
    Ok(Admitted {
        door,
        policy,
        caller,
        context,
        peer,
        deadline,
    })
}

impl Admitted<'_> {
    /// Step 12: the body whole, and unpacked.
    pub(crate) async fn body(&self, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Failure> {
        let limit = self.door.edge.settings.requests.body_limit;
        let coding = body::coding(headers)?;
        let content = body::read(headers, body, limit, self.deadline).await?;
        match coding {
            None => Ok(content),
            Some(coding) => {
                let unpacked = coding.unpack(&content, limit)?;
                unpacked.ok_or_else(|| Failure::too_large(limit))
            }
        }
    }

    /// Most bytes of a message.
    pub(crate) fn message_limit(&self) -> usize {
        self.door.edge.settings.requests.body_limit
    }

    /// Most bytes of a message that comes back.
    pub(crate) fn reply_limit(&self) -> usize {
        self.door.edge.settings.requests.reply_limit
    }

    /// Step 12: a body that is one message, perhaps in an envelope.
    pub(crate) async fn message(
        &self,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Bytes, Failure> {
        let limit = self.message_limit() + ENVELOPE;
        let read = body::read(headers, body, limit, self.deadline).await;
        read.map_err(|failure| failure.of_message(self.message_limit()))
    }

    /// Step 12: the same in base64.
    pub(crate) async fn text(&self, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Failure> {
        let limit = (self.message_limit() + ENVELOPE).div_ceil(3) * 4 + ENVELOPE;
        let read = body::read(headers, body, limit, self.deadline).await;
        read.map_err(|failure| failure.of_message(self.message_limit()))
    }

    /// Lets a call with streams go on as long as its caller may make it.
    pub(crate) async fn while_allowed<T>(
        &self,
        call: impl Future<Output = T>,
    ) -> Result<T, Failure> {
        if !self.policy.is_streaming {
            return Ok(call.await);
        }
        let lifetime = self.lifetime();
        tokio::select! {
            biased;
            failure = lifetime.over() => Err(failure),
            done = call => Ok(done),
        }
    }

    /// Step 14: the call that the client's headers ask for.
    pub(crate) fn call(&self, headers: &HeaderMap) -> Result<Call<'_>, Failure> {
        let edge = &self.door.edge;
        let key = metadata::idempotency_key(headers, self.policy, &edge.node, edge.upstreams)?;
        Ok(Call {
            door: self.door,
            policy: self.policy,
            context: self.context.clone(),
            metadata: metadata::forwarded(edge, headers, self.peer, key)?,
            deadline: self.deadline,
        })
    }

    /// How long a stream of this caller may last.
    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime::of(self.door.clone(), self.caller.clone())
    }
}

async fn count(
    limiter: Option<&Limiter>,
    who: Who,
    standings: &mut Vec<Standing>,
) -> Result<(), Failure> {
    let Some(limiter) = limiter else {
        return Ok(());
    };
    let standing = limiter.count(who).await;
    standings.push(standing);
    match standing.retry_after {
        Some(wait) => Err(Failure::rate_limited(standing.policy, wait)),
        None => Ok(()),
    }
}

/// The panic itself is in the log, by the process's panic hook.
fn panicked() -> Failure {
    Problem::new(Reason::Internal, Code::Internal, "internal error").into()
}
