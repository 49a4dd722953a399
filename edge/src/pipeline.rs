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
//! | 7 | host: 400; protocol and route: 404, 405, OPTIONS | cheap, and what follows depends on them |
//! | 8 | address limit | before anything that costs: signatures, bodies, upstreams |
//! | 9 | authentication: 401 | before anything is said about the request's content |
//! | 10 | access: 403 | as 9; the services would say so too, but later |
//! | 11 | user limit, open streams | needs 9; not charged to who may not call |
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
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming;
use net::metadata::REQUEST_ID;
use net::room::Most;
use net::telemetry::Trace;
use runtime::call::{CallContext, Caller};
use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tonic::Code;
use tracing::Instrument as _;

use crate::authentication::{Authenticated, are_presented, authenticate};
use crate::body::{Allowance, Held, Pace, Whole};
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
use crate::streams::Open;
use crate::{
    Upstreams, body, client_address, cors, deadline, host, limits, metadata, problem, request_id,
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
    let is_unread = response.extensions_mut().remove::<Unread>().is_some();
    let headers = response.headers_mut();
    let rules = &edge.settings.metadata.reply_header;
    cors::allow(&web.cors_origins, origin.as_ref(), rules, headers);
    security_headers::add(headers, web.behind_tls);
    let id = HeaderValue::try_from(&*request_id).expect("request ids are visible ASCII");
    headers.insert(REQUEST_ID, id);
    if is_unread && version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    exchange.end(response.status());
    Ok(if is_head {
        reply::without_body(response)
    } else {
        response
    })
}

/// Marks a reply to a request whose body is not read to its end: the connection takes no further one.
#[derive(Clone, Copy)]
struct Unread;

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
    if let Err(failure) = host::check(&head) {
        body::discard(&head, body, requests);
        return failure.response(edge);
    }
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
        let failure = match are_presented(&head, request.tickets(&door.edge, &head)) {
            true => failure,
            false => failure.of_nobody(),
        };
        let mut response = request.refuse(&door.edge, &head, &failure);
        if failure.is_unread() {
            response.extensions_mut().insert(Unread);
        }
        response
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
    /// As limits count it.
    client: IpAddr,
    /// If it is a stream, its places among those that are open.
    open: Option<Arc<Open>>,
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

    let limited = limited_as(client);
    let address = Who::Address(limited);
    count(edge.address_limit.as_deref(), address, standings).await?;

    let mut context = CallContext {
        deadline: Some(deadline),
        caller: Caller::default(),
        method: None,
        request_id,
        idempotency_key: None,
        request_hash: None,
        preconditions: None,
        client_address: Some(client),
        user_agent: metadata::user_agent(&head.headers).map(Arc::from),
        user_token: None,
        trace,
        span: tracing::Span::current(),
    };
    let tickets = request.tickets(edge, head);
    let caller = authenticate(edge, policy, head, tickets, &context).await?;
    context.caller.user = caller.as_ref().map(|caller| caller.user.clone());
    runtime::server::allow(&policy.access, &context.caller)?;
    if let Some(caller) = &caller {
        let user = Who::User(caller.user.id);
        count(edge.user_limit.as_deref(), user, standings).await?;
    }
    let open = match policy.is_streaming {
        true => {
            let user = caller.as_ref().map(|caller| caller.user.id);
            let open = edge.streams.open(limited, user, &edge.settings.streams)?;
            Some(Arc::new(open))
        }
        false => None,
    };
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
        client: limited,
        open,
        deadline,
    })
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Wire,
}

impl Admitted<'_> {
    /// Step 12: the body whole, and unpacked.
    pub(crate) async fn body(&self, headers: &HeaderMap, body: Incoming) -> Result<Bytes, Failure> {
        let limit = self.message_limit(Form::Json);
        let coding = body::coding(headers)?;
        let mut whole = self.read(headers, body, limit).await?;
        match coding {
            None => Ok(whole.content),
            Some(coding) => {
                let unpacked = whole.unpack(coding, limit)?;
                unpacked.ok_or_else(|| Failure::too_large(limit))
            }
        }
    }

    /// Most bytes of a message: as many as its contract allows, where it tells, and never more than a
    /// body may have. The servers of others may take what their contract does not allow.
    pub(crate) fn message_limit(&self, form: Form) -> usize {
        let edge = &self.door.edge;
        let limit = edge.settings.requests.body_limit;
        let largest = match (edge.upstreams, form) {
            (Upstreams::Others { .. }, _) => None,
            (Upstreams::Mesh, Form::Wire) => self.policy.largest.0,
            (Upstreams::Mesh, Form::Json) => self.policy.largest.1,
        };
        largest.map_or(limit, |largest| largest.min(limit))
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
        form: Form,
    ) -> Result<Whole, Failure> {
        let limit = self.message_limit(form);
        let read = self.read(headers, body, limit + ENVELOPE).await;
        read.map_err(|failure| failure.of_message(limit))
    }

    /// Step 12: the same in base64, of a message on the wire.
    pub(crate) async fn text(&self, headers: &HeaderMap, body: Incoming) -> Result<Whole, Failure> {
        let limit = self.message_limit(Form::Wire);
        let text = (limit + ENVELOPE).div_ceil(3) * 4 + ENVELOPE;
        let read = self.read(headers, body, text).await;
        read.map_err(|failure| failure.of_message(limit))
    }

    async fn read(
        &self,
        headers: &HeaderMap,
        body: Incoming,
        limit: usize,
    ) -> Result<Whole, Failure> {
        body::read(headers, body, limit, self.deadline, self.allowance()).await
    }

    /// What the body may take while it is read.
    pub(crate) fn allowance(&self) -> Allowance {
        let edge = &self.door.edge;
        let requests = &edge.settings.requests;
        let most = Most {
            total: requests.body_memory,
            each: requests.body_memory_per_address,
        };
        Allowance {
            pace: Pace::of(requests),
            held: Held::of(edge.bodies.share(Some(self.client), most)),
        }
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
        let mut metadata = metadata::forwarded(edge, headers, self.peer, key)?;
        self.policy.validators.pass_on(headers, metadata.as_mut());
        Ok(Call {
            door: self.door,
            policy: self.policy,
            context: self.context.clone(),
            metadata,
            deadline: self.deadline,
        })
    }

    /// Whether it is of no known user.
    pub(crate) fn is_of_nobody(&self) -> bool {
        self.caller.is_none()
    }

    /// How long a stream of this caller may last.
    pub(crate) fn lifetime(&self) -> Lifetime {
        Lifetime::of(self.door.clone(), self.caller.clone(), self.open.clone())
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
