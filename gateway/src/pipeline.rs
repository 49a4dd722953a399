//! The way of a request.
//!
//! | # | step | why here |
//! |---|---|---|
//! | 1 | connection limits and timeouts, TLS (`connection`) | before a byte is understood, only the socket can be bounded |
//! | 2 | compression (`compression`) | wraps every reply, whoever made it |
//! | 3 | request id | everything after it, and every log line, can name the request |
//! | 4 | trace and metrics | sees all that follows, refusals too |
//! | 5 | security headers | on every reply that a browser may read, refusals and pages too |
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
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;

use futures::FutureExt as _;
use http::header::{CONNECTION, ORIGIN};
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, Version};
use hyper::body::Incoming as Unguarded;
use net::metadata::REQUEST_ID;
use tokio::time::Instant;
use tonic::Code;
use tracing::Instrument as _;

use crate::access_log::Entry;
use crate::audience::ANONYMOUS;
use crate::body::Incoming;
use crate::door::Door;
use crate::exchange::{Exchange, Target};
use crate::failure::{Failure, Problem, Reason};
use crate::guard::are_presented;
use crate::peer::Peer;
use crate::protocol::rest::error::{self, problem};
use crate::protocol::{self, Handle, Recognition, recognise};
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::{client_address, cors, host, limits, request_id, security_headers};

mod admission;

use admission::{Arrival, admit};

/// Steps 3 to 6; the reply passes them in the opposite direction.
pub(crate) async fn answer(
    door: Arc<Door>,
    peer: Peer,
    request: Request<Unguarded>,
) -> Result<Response<Body>, Infallible> {
    let (mut head, body) = request.into_parts();
    let passage = &door.routing.passage;
    passage.passing.name_host(&mut head);
    let web = &door.settings.web;
    let (is_head, origin) = (
        head.method == Method::HEAD,
        head.headers.get(ORIGIN).cloned(),
    );
    let version = head.version;
    let wants_problems = problem::is_wanted(&head.headers);
    let request_id = request_id::of(&head.headers, || door.fresh_id());
    let client = client_address::of(peer.address, &head.headers, &web.trusted_proxies);
    let is_trusted = web.is_trusted(peer.address);
    let mut exchange = Exchange::begin(&door.kept.metrics, &head, is_trusted, client, &request_id);
    let span = exchange.span().clone();
    let writer = door.kept.access_log.as_ref();
    let writer = writer.filter(|_| door.settings.access_log.is_on());
    let entry = writer.map(|writer| {
        let ids = (&request_id, exchange.trace().id());
        let secret = door.routing.guard_parameter;
        Entry::begin(writer, &head, door.clock.now(), client, ids, secret)
    });
    let received = entry.as_ref().map(|entry| entry.received().clone());
    let body = Incoming::new(&head, body, &door.settings.requests, received);

    let arrival = Arrival {
        peer,
        client,
        request_id: request_id.clone(),
        began: Instant::now(),
        trace: exchange.trace().clone(),
        entry: entry.clone(),
    };
    let routed = {
        // In its place, since what is wrapped is moved.
        let routed = pin!(route(&door, head, body, arrival, &mut exchange));
        let routed = AssertUnwindSafe(routed).catch_unwind();
        routed.instrument(span).await
    };
    let mut response = match routed {
        Ok(response) => response,
        Err(_) => error::response(&panicked(), &door.routing),
    };
    if wants_problems {
        response = problem::instead(response, &request_id);
    }
    let is_unread = response.extensions_mut().remove::<Unread>().is_some();
    let headers = response.headers_mut();
    cors::allow(
        &web.cors_origins,
        origin.as_ref(),
        &passage.reply_rules,
        headers,
    );
    security_headers::add(headers, door.is_over_tls());
    let id = HeaderValue::try_from(&*request_id).expect("request ids are visible ASCII");
    headers.insert(REQUEST_ID, id);
    if is_unread && version < Version::HTTP_2 {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    exchange.end(response.status());
    if is_head {
        response = reply::without_body(response);
    }
    if let Some(entry) = entry {
        entry.replies(&response);
        // It goes on with the body.
        response.extensions_mut().insert(entry);
    }
    Ok(response)
}

/// Marks a reply to a request whose body is not read to its end: the connection takes no further one.
#[derive(Clone, Copy)]
struct Unread;

/// Step 7: who speaks what.
async fn route(
    door: &Door,
    head: Parts,
    body: Incoming,
    arrival: Arrival,
    exchange: &mut Exchange,
) -> Response<Body> {
    let routing = &door.routing;
    if let Err(failure) = host::check(&head) {
        return error::response(&failure, routing);
    }
    let rules = &routing.passage.request_rules;
    if let Some(response) = cors::preflight(&head.method, &head.headers, rules) {
        return response;
    }
    match recognise(routing, &head) {
        Recognition::Request(request) => {
            let by = Steps {
                door,
                head,
                body,
                arrival,
                exchange,
            };
            request.handled(by).await
        }
        Recognition::Answer(response) => *response,
        Recognition::Refused(failure) => error::response(&failure, routing),
        Recognition::Foreign => match routing.fallback.answer(head, &routing.profile).await {
            Ok(response) => response,
            Err(failure) => error::response(&failure, routing),
        },
    }
}

/// Steps 8 to 14.
struct Steps<'a> {
    door: &'a Door,
    head: Parts,
    body: Incoming,
    arrival: Arrival,
    exchange: &'a mut Exchange,
}

impl Handle for Steps<'_> {
    async fn handle(self, request: impl protocol::Request) -> Response<Body> {
        let Self {
            door,
            head,
            body,
            arrival,
            exchange,
        } = self;
        let routing = &*door.routing;
        let target = request.target(routing);
        exchange.is_for(&target);
        let entry = arrival.entry.clone();
        if let Some(entry) = &entry {
            entry.calls(request.protocol(), called(&request, &target, routing));
        }
        let mut standings = Vec::with_capacity(2);
        let admitted = admit(door, &request, &head, arrival, &mut standings).await;
        let caller = admitted
            .as_ref()
            .ok()
            .and_then(|it| it.context.caller.as_ref());
        exchange.is_of(caller.map_or(ANONYMOUS, |caller| caller.class()));
        let served = match admitted {
            Ok(admitted) => request.serve(admitted, &head, body).await,
            Err(failure) => Err(failure),
        };
        let mut response = served.unwrap_or_else(|failure| {
            exchange.failed(&failure);
            if let Some(entry) = &entry {
                entry.came_to(failure.code());
            }
            let opening = request.opening(&routing.profile, &head);
            let failure = match are_presented(&head, opening, routing.guard_parameter) {
                true => failure,
                false => failure.of_nobody(),
            };
            let refused = request.refuse(routing, &head, &failure);
            let mut response = refused.unwrap_or_else(|| error::response(&failure, routing));
            if failure.is_unread() {
                response.extensions_mut().insert(Unread);
            }
            response
        });
        limits::announce(&standings, response.headers_mut());
        response
    }
}

/// What the access log calls what a request calls: the route, and who has it.
fn called<'a>(
    request: &impl protocol::Request,
    target: &Target<'a>,
    routing: &'a Routing,
) -> Option<(&'a Arc<str>, &'a str)> {
    let (Target::Route(name) | Target::Method(name)) = target else {
        return None;
    };
    let upstream = request.policy(routing).upstream;
    let upstream = routing.policies.upstreams.get(upstream)?;
    Some((*name, upstream.as_str()))
}

/// The panic itself is in the log, by the process's panic hook.
fn panicked() -> Failure {
    Problem::new(Reason::Internal, Code::Internal, "internal error").into()
}
