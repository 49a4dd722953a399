//! REST and JSON, by the contract's `google.api.http`.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use transcoder::{Matched, Route, RouteMatch};

use super::{Protocol, Recognition, Request};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::Reply;
use crate::call::codec::Codec;
use crate::call::replies::{Messages, Replies};
use crate::call::requests::Refused;
use crate::exchange::Target;
use crate::failure::{Failure, InsteadOf, Problem};
use crate::guard::Opening;
use crate::last_good;
use crate::metadata::{Passage, Passing};
use crate::policy::Policy;
use crate::profile::{Profile, Unrouted};
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope;
use crate::wire::framing::{Framing, last_event_id};
use crate::wire::said::Metadata;

mod body;
mod declared;
pub(crate) mod error;
mod json;
mod raw;
mod requests;
mod stream;

pub(crate) use declared::DECLARED;
use requests::Framed;
use stream::Live;

/// The protocol.
pub(crate) struct Rest;

/// A request by a route.
pub(crate) struct Call {
    matched: Matched,
    /// The body is a form that belongs to the query.
    is_form: bool,
}

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
/// The method that a form asks for by this header, rather than POST.
const OVERRIDE: &str = "x-http-method-override";

impl Protocol for Rest {
    type Request = Call;

    fn recognise(routing: &Routing, head: &Parts, _: Option<&[u8]>) -> Recognition<Call> {
        match find(routing, head) {
            Recognition::Request(call) => Recognition::Request(call),
            // Such a path may be a method of another protocol.
            _ => Recognition::Foreign,
        }
    }

    fn otherwise(routing: &Routing, head: &Parts) -> Recognition<Call> {
        find(routing, head)
    }
}

/// What the path and the method come to.
fn find(routing: &Routing, head: &Parts) -> Recognition<Call> {
    let (profile, path) = (&routing.profile, head.uri.path());
    let is_form = profile.takes_forms_as_queries && is_form(head);
    let named = is_form.then(|| head.headers.get(OVERRIDE)).flatten();
    let method =
        named.and_then(|name| Method::from_bytes(&name.as_bytes().to_ascii_uppercase()).ok());
    let is_overridden = method.is_some();
    let method = method.as_ref().unwrap_or(&head.method);
    match routing.transcoder.route(method, path) {
        RouteMatch::Found(matched) if is_endless_head(&matched, method) => {
            let allow = [Method::GET, Method::OPTIONS];
            profile.method_not_allowed(&allow).into()
        }
        RouteMatch::Found(matched) => Recognition::Request(Call {
            is_form: is_overridden || is_form_of_query(profile, &matched, head),
            matched,
        }),
        RouteMatch::NotFound => Recognition::Foreign,
        RouteMatch::MethodNotAllowed { allow }
            if *method == Method::OPTIONS && profile.unrouted == Unrouted::Explained =>
        {
            Recognition::Answer(Box::new(reply::options(&allow)))
        }
        RouteMatch::MethodNotAllowed { .. }
            if is_form
                && !is_overridden
                && let RouteMatch::Found(matched) =
                    routing.transcoder.route(&Method::GET, path) =>
        {
            Recognition::Request(Call { matched, is_form })
        }
        RouteMatch::MethodNotAllowed { allow } => profile.method_not_allowed(&allow).into(),
    }
}

/// A form as grpc-gateway takes it for a query: POST, and the media type without parameters.
fn is_form(head: &Parts) -> bool {
    let content_type = head.headers.get(CONTENT_TYPE);
    head.method == Method::POST
        && content_type.is_some_and(|name| name == "application/x-www-form-urlencoded")
}

/// A form that the route has no other place for: Go's `http.Request.ParseForm`.
fn is_form_of_query(profile: &Profile, matched: &Matched, head: &Parts) -> bool {
    profile.takes_forms_as_queries
        && matches!(matched.route().body(), transcoder::Body::None)
        && [Method::POST, Method::PUT, Method::PATCH].contains(&head.method)
        && head.headers.get(CONTENT_TYPE).is_some_and(body::is_form)
}

/// A stream has no headers that could be told without it.
fn is_endless_head(matched: &Matched, method: &Method) -> bool {
    *method == Method::HEAD && matched.route().is_server_streaming()
}

impl Request for Call {
    fn protocol(&self) -> &'static str {
        "rest"
    }

    fn policy<'a>(&'a self, routing: &'a Routing) -> &'a Policy {
        routing.policies.of(self.matched.route())
    }

    fn target<'a>(&'a self, routing: &'a Routing) -> Target<'a> {
        Target::Route(&self.policy(routing).name)
    }

    fn opening(&self, profile: &Profile, head: &Parts) -> Opening {
        match self.matched.route().is_server_streaming() {
            false => Opening::Call,
            true if framing(profile, &head.headers) == Framing::ServerSentEvents => {
                Opening::EventSource
            }
            true => Opening::Stream,
        }
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let matched = &self.matched;
        let (route, headers) = (matched.route(), &head.headers);
        if route.is_client_streaming() {
            return Box::pin(self.serve_stream(admitted, head, body)).await;
        }
        let message = match self.is_form {
            true => body::query(&admitted, matched, head, body).await?,
            false => body::message(&admitted, matched, head, body).await?,
        };
        let message = resume(admitted.policy, headers, message)?;
        let call = admitted.call(headers)?;
        if route.is_server_streaming() {
            let frame = envelope::write(0, &message);
            let frames = Box::pin(call.frames(frame));
            let reply = call.in_time(frames).await;
            let reply = reply.map_err(|status| Failure::from(status).instead(streamed(route)))?;
            let (lifetime, entry) = (admitted.lifetime(), admitted.context.entry.clone());
            let (leading, replies) = Replies::of(reply, Some(lifetime), Refused::default(), entry);
            return Box::pin(self.stream(&admitted, headers, leading, replies)).await;
        }
        let last = admitted.last_good(head, &message);
        match call.unary(message).await {
            Ok(Reply { metadata, message }) => {
                if let Some(last) = last {
                    last.keep(&message);
                }
                answer(&admitted, route, head, &metadata, &message)
            }
            Err(refusal) => {
                let code = refusal.status.code();
                if let Some((message, age)) = last.and_then(|last| last.instead_of(code)) {
                    let nothing = Metadata::default();
                    let mut response = answer(&admitted, route, head, &nothing, &message)?;
                    last_good::mark(response.headers_mut(), age, code);
                    return Ok(response);
                }
                Err(Failure::of_upstream(refusal, route))
            }
        }
    }

    fn refuse(&self, routing: &Routing, head: &Parts, failure: &Failure) -> Option<Response<Body>> {
        let mut response = error::response(failure, routing);
        let passage = &routing.passage;
        Some(match failure.beside() {
            Some(metadata) => tell(passage, &head.headers, metadata, response),
            // Where these are trailing ones, a stream has no place for them.
            None if passage.passing == Passing::Prefixed => response,
            None => {
                passage.reply(failure.metadata(), response.headers_mut());
                response
            }
        })
    }
}

impl Call {
    /// A call whose client sends several messages. The next one is read when the upstream takes.
    async fn serve_stream(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let matched = &self.matched;
        let (route, headers) = (matched.route(), &head.headers);
        let (leading, replies) = match route.takes_http_body() {
            true => body::upload(&admitted, matched, head, body).await?,
            false => {
                let coding = crate::body::coding(headers)?;
                let (query, limit) = (head.uri.query(), admitted.message_limit(Codec::Json));
                let any = admitted.routing().profile.takes_any_media_type;
                let framed = Framed::new(headers, any, query, matched.clone(), limit)?;
                let call = admitted.call(headers)?;
                admitted.stream(&call, body, coding, framed).await?
            }
        };
        if route.is_server_streaming() {
            return self.stream(&admitted, headers, leading, replies).await;
        }
        let limit = admitted.reply_limit();
        let reply = Messages::of_at_most(limit, replies).only().await;
        let reply = reply.map_err(|failure| failure.after(&leading))?;
        let metadata = Metadata {
            leading,
            trailing: HeaderMap::new(),
        };
        answer(&admitted, route, head, &metadata, &reply)
    }

    /// Messages to the client, in the framing that it likes best.
    async fn stream(
        &self,
        admitted: &Admitted<'_>,
        headers: &HeaderMap,
        leading: HeaderMap,
        replies: Replies,
    ) -> Result<Response<Body>, Failure> {
        let routing = admitted.routing();
        let framing = framing(&routing.profile, headers);
        let messages = Messages::of_at_most(admitted.reply_limit(), replies);
        let route = self.matched.route().clone();
        let instead_of = streamed(&route);
        let begun = match route.gives_http_body() {
            true => {
                let (success, deadline) = (admitted.policy.success, admitted.deadline);
                let routing = routing.clone();
                Box::pin(raw::stream(routing, route, success, messages, deadline)).await
            }
            false => {
                let is_resumed = framing == Framing::ServerSentEvents
                    && admitted.policy.sequence.can_resume()
                    && last_event_id(headers).is_some();
                let heartbeat = admitted.settings().requests.heartbeat;
                let live = Live::begin(routing.clone(), route, framing, heartbeat, messages).await;
                live.map(|live| match is_resumed && live.is_over() {
                    // An EventSource connects again until it is told so (HTML standard, 9.2.2).
                    true => reply::no_content(),
                    false => live.reply(headers),
                })
            }
        };
        let begun = begun.map_err(|failure| failure.instead(instead_of).after(&leading));
        let mut response = begun?;
        routing.passage.reply(&leading, response.headers_mut());
        Ok(response)
    }
}

/// The framing of a stream to the client: what it likes best, where it may choose.
fn framing(profile: &Profile, headers: &HeaderMap) -> Framing {
    let framing = profile.framing;
    framing.unwrap_or_else(|| Framing::wanted(headers))
}

/// What a stream of a route consists of.
fn streamed(route: &Route) -> InsteadOf {
    match route.gives_http_body() {
        true => InsteadOf::Pieces,
        false => InsteadOf::Messages,
    }
}

/// A reply of one message.
fn answer(
    admitted: &Admitted<'_>,
    route: &Route,
    head: &Parts,
    metadata: &Metadata,
    message: &Bytes,
) -> Result<Response<Body>, Failure> {
    let Policy {
        success,
        validators,
        ..
    } = admitted.policy;
    let success = *success;
    let (content, response) = match route.gives_http_body() {
        true => (
            message.clone(),
            raw::whole(route, success, message.clone())?,
        ),
        false => {
            let json = route.response(message);
            let json = Bytes::from(json.map_err(|error| Problem::internal(&error))?);
            (json.clone(), reply::json(success, json))
        }
    };
    let is_of_nobody = admitted.is_of_nobody();
    let response = validators.conclude(head, is_of_nobody, message, &content, response)?;
    let passage = &admitted.routing().passage;
    Ok(tell(passage, &head.headers, metadata, response))
}

/// A reply with what the upstream said beside its message.
fn tell(
    passage: &Passage,
    headers: &HeaderMap,
    metadata: &Metadata,
    mut response: Response<Body>,
) -> Response<Body> {
    let passing = passage.passing;
    let Metadata { leading, trailing } = metadata;
    passage.reply(leading, response.headers_mut());
    match passing {
        Passing::Listed => passage.reply(trailing, response.headers_mut()),
        Passing::Prefixed if takes_trailers(headers) => {
            response = reply::with_trailers(response, passing.trailers(trailing));
        }
        Passing::Prefixed => {}
        Passing::Everything => {
            let alone = leading.is_empty();
            if alone {
                passage.reply(trailing, response.headers_mut());
            }
            let is_success = response.status().is_success();
            let headers = response.headers_mut();
            if is_success {
                headers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
                headers.insert(GRPC_MESSAGE, HeaderValue::from_static(""));
            }
        }
    }
    response
}

fn takes_trailers(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(TE).iter();
    values.any(|value| {
        let text = value.to_str().unwrap_or_default().to_ascii_lowercase();
        text.contains("trailers")
    })
}

/// An EventSource that connects again says which event it saw last.
fn resume(policy: &Policy, headers: &HeaderMap, message: Bytes) -> Result<Bytes, Failure> {
    let Some(last) = last_event_id(headers).filter(|_| policy.sequence.can_resume()) else {
        return Ok(message);
    };
    let after = last.to_str().ok().and_then(|text| text.parse().ok());
    let after = after.ok_or_else(|| Failure::malformed("last-event-id: expected an integer"))?;
    Ok(policy.sequence.resume(message, after))
}
