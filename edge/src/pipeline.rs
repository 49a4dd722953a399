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
//! | 7 | route: 404, 405, OPTIONS | cheap, and what follows depends on the route |
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
use http::header::{HeaderName, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response};
use hyper::body::Incoming;
use runtime::call::{CallContext, Caller};
use runtime::metadata::REQUEST_ID;
use runtime::status::{Problem, Reason};
use tokio::time::Instant;
use tonic::Code;
use tracing::Instrument as _;
use transcoder::{Matched, RouteMatch};

use crate::authentication::authenticate;
use crate::call::Call;
use crate::client_address::limited_as;
use crate::door::Door;
use crate::exchange::Exchange;
use crate::failure::Failure;
use crate::limits::{Limiter, Standing};
use crate::policy::Policy;
use crate::reply::{self, Body};
use crate::stream::{Framing, Live, last_event_id};
use crate::{
    Upstreams, body, client_address, cors, deadline, limits, metadata, request_id, security_headers,
};

/// Steps 3 to 6; the reply passes them in the opposite direction.
pub(crate) async fn answer(
    door: Arc<Door>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let edge = door.edge.clone();
    let web = &edge.settings.web;
    let (is_head, origin) = (
        head.method == Method::HEAD,
        head.headers.get(ORIGIN).cloned(),
    );
    let request_id = request_id::of(&head.headers, &edge.node);
    let client = client_address::of(peer, &head.headers, web);
    let mut exchange = Exchange::begin(&edge, &head, peer, client, &request_id);
    let span = exchange.span().clone();

    let arrival = Arrival {
        client,
        request_id: request_id.clone(),
        began: Instant::now(),
    };
    let routed = route(&door, head, body, arrival, &mut exchange);
    let mut response = match AssertUnwindSafe(routed)
        .catch_unwind()
        .instrument(span)
        .await
    {
        Ok(response) => response,
        Err(_) => panicked().response(&edge.transcoder),
    };

    let headers = response.headers_mut();
    cors::allow(&web.cors_origins, origin.as_ref(), headers);
    security_headers::add(headers, web.behind_tls);
    let id = HeaderValue::try_from(&*request_id).expect("request ids are visible ASCII");
    headers.insert(HeaderName::from_static(REQUEST_ID), id);
    exchange.end(response.status());
    Ok(if is_head {
        reply::without_body(response)
    } else {
        response
    })
}

/// What is known of a request when it has arrived.
struct Arrival {
    client: IpAddr,
    request_id: Arc<str>,
    began: Instant,
}

/// Step 7, and the answers that need no further ones.
async fn route(
    door: &Arc<Door>,
    head: Parts,
    body: Incoming,
    arrival: Arrival,
    exchange: &mut Exchange,
) -> Response<Body> {
    let edge = &door.edge;
    if let Some(response) = cors::preflight(&head.method, &head.headers) {
        return response;
    }
    let matched = match edge.transcoder.route(&head.method, head.uri.path()) {
        RouteMatch::Found(matched) => matched,
        RouteMatch::NotFound => return edge.pages.answer(edge, head).await,
        RouteMatch::MethodNotAllowed { allow } if head.method == Method::OPTIONS => {
            let allow: Vec<_> = allow.iter().map(Method::as_str).collect();
            return reply::options(&allow.join(", "));
        }
        RouteMatch::MethodNotAllowed { allow } => {
            return Failure::method_not_allowed(&allow).response(&edge.transcoder);
        }
    };
    exchange.is_for(matched.route());
    let mut standings = Vec::with_capacity(2);
    let admitted = admit(door, head, body, &matched, arrival, &mut standings).await;
    let mut response = admitted.unwrap_or_else(|failure| {
        exchange.failed(failure.status());
        failure.response(&edge.transcoder)
    });
    limits::announce(&standings, response.headers_mut());
    response
}

/// Steps 8 to 14.
async fn admit(
    door: &Arc<Door>,
    head: Parts,
    body: Incoming,
    matched: &Matched,
    arrival: Arrival,
    standings: &mut Vec<Standing>,
) -> Result<Response<Body>, Failure> {
    let edge = &door.edge;
    let Arrival {
        client,
        request_id,
        began,
    } = arrival;
    let (route, headers) = (matched.route(), &head.headers);
    let policy = edge.policies.of(route);
    let streaming = route.is_server_streaming();
    if streaming && head.method == Method::HEAD {
        return Err(Failure::method_not_allowed(&[Method::GET, Method::OPTIONS]));
    }
    let asked = deadline::asked(headers)?;
    let most = edge.settings.requests.request_timeout;
    let deadline = began + asked.unwrap_or(most).min(most);

    let key = limited_as(client).to_string();
    count(edge.address_limit.as_ref(), &key, standings).await?;

    let mut context = CallContext {
        deadline: Some(deadline),
        caller: Caller::default(),
        request_id,
        idempotency_key: None,
        client_address: Some(client),
        user_agent: metadata::user_agent(headers).map(Arc::from),
        user_token: None,
        span: tracing::Span::current(),
    };
    let caller = authenticate(edge, &policy.access, &head, streaming, &context).await?;
    context.caller.user = caller.as_ref().map(|caller| caller.user.clone());
    runtime::server::allow(&policy.access, &context.caller)?;
    if let Some(caller) = &caller {
        let key = caller.user.id.to_string();
        count(edge.user_limit.as_ref(), &key, standings).await?;
    }

    let limit = edge.settings.requests.body_limit;
    let takes_body = !matches!(route.body(), transcoder::Body::None);
    let body = body::read(headers, body, takes_body, limit, deadline).await?;
    let message = matched
        .request(head.uri.query(), &body)
        .map_err(|error| Failure::unfit(error, route))?;
    let message = resume(policy, headers, message)?;

    if let (Upstreams::Mesh, Some(caller)) = (edge.upstreams, &caller) {
        context.user_token = Some(caller.token.clone());
    }
    if streaming {
        // A stream lives as long as both ends want, unless the client says otherwise.
        context.deadline = asked.map(|asked| began + asked);
    }
    let key = metadata::idempotency_key(headers, policy, &edge.node)?;
    let metadata = metadata::forwarded(headers, key, edge.upstreams);
    let call = Call {
        door,
        policy,
        context,
        metadata,
        message,
        deadline,
    };
    if streaming {
        let framing = Framing::wanted(headers);
        let upstream = call.server_streaming().await?;
        let live = Live::begin(door.clone(), route.clone(), framing, upstream, caller).await?;
        return Ok(reply::stream(framing.content_type(), live.frames()));
    }
    let reply = call
        .unary()
        .await
        .map_err(|status| Failure::of_upstream(status, route))?;
    let json = route
        .response(&reply)
        .map_err(|error| Problem::internal(&error))?;
    Ok(reply::json(policy.success, json))
}

async fn count(
    limiter: Option<&Limiter>,
    key: &str,
    standings: &mut Vec<Standing>,
) -> Result<(), Failure> {
    let Some(limiter) = limiter else {
        return Ok(());
    };
    let standing = limiter.count(key).await;
    standings.push(standing);
    match standing.retry_after {
        Some(wait) => Err(Failure::rate_limited(standing.policy, wait)),
        None => Ok(()),
    }
}

/// An EventSource that connects again says which event it saw last.
fn resume(policy: &Policy, headers: &http::HeaderMap, message: Bytes) -> Result<Bytes, Failure> {
    let Some(last) = last_event_id(headers).filter(|_| policy.sequence.can_resume()) else {
        return Ok(message);
    };
    let after = last.to_str().ok().and_then(|text| text.parse().ok());
    let after = after.ok_or_else(|| Failure::malformed("last-event-id: expected an integer"))?;
    Ok(policy.sequence.resume(message, after))
}

/// The panic itself is in the log, by the process's panic hook.
fn panicked() -> Failure {
    Problem::new(Reason::Internal, Code::Internal, "internal error").into()
}
