//! REST and JSON, by the contract's `google.api.http`.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use hyper::body::Incoming;
use runtime::status::Problem;
use transcoder::{Matched, Route, RouteMatch};

use super::upstream::{self, Messages, Refused, Replies, Requests};
use super::{Protocol, envelope};
use crate::Edge;
use crate::body::Content;
use crate::call::Reply;
use crate::failure::Failure;
use crate::metadata;
use crate::pipeline::Admitted;
use crate::policy::Policy;
use crate::reply::{self, Body};

mod body;
mod json;
mod raw;
mod requests;
mod stream;

use stream::{Framing, Live, last_event_id};

/// A request by a route.
pub(crate) struct Rest(pub(crate) Matched);

/// What a path and a method come to.
pub(crate) enum Found {
    /// A request.
    Request(Rest),
    /// Nothing more to do.
    Answer(Response<Body>),
    /// No route has the path.
    Nothing,
}

/// Finds the route.
pub(crate) fn find(edge: &Edge, head: &Parts) -> Found {
    match edge.transcoder.route(&head.method, head.uri.path()) {
        RouteMatch::Found(matched) if is_endless_head(&matched, &head.method) => {
            let allow = [Method::GET, Method::OPTIONS];
            Found::Answer(Failure::method_not_allowed(&allow).response(&edge.transcoder))
        }
        RouteMatch::Found(matched) => Found::Request(Rest(matched)),
        RouteMatch::NotFound => Found::Nothing,
        RouteMatch::MethodNotAllowed { allow } if head.method == Method::OPTIONS => {
            let allow: Vec<_> = allow.iter().map(Method::as_str).collect();
            Found::Answer(reply::options(&allow.join(", ")))
        }
        RouteMatch::MethodNotAllowed { allow } => {
            Found::Answer(Failure::method_not_allowed(&allow).response(&edge.transcoder))
        }
    }
}

/// A stream has no headers that could be told without it.
fn is_endless_head(matched: &Matched, method: &Method) -> bool {
    *method == Method::HEAD && matched.route().is_server_streaming()
}

impl Protocol for Rest {
    fn policy<'a>(&'a self, edge: &'a Edge) -> &'a Policy {
        edge.policies.of(self.0.route())
    }

    fn takes_tickets(&self) -> bool {
        self.0.route().is_server_streaming()
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let Self(matched) = self;
        let (route, headers) = (matched.route(), &head.headers);
        if route.is_client_streaming() {
            return Box::pin(self.serve_stream(admitted, head, body)).await;
        }
        let message = body::message(&admitted, matched, head, body).await?;
        let message = resume(admitted.policy, headers, message)?;
        let call = admitted.call(headers)?;
        if route.is_server_streaming() {
            let frame = envelope::write(0, &message);
            let frames = Box::pin(call.frames(HeaderMap::new(), frame));
            let reply = call.in_time(frames).await?;
            let (leading, replies) =
                Replies::of(reply, Some(admitted.lifetime()), Refused::default());
            return Box::pin(self.stream(&admitted, headers, leading, replies)).await;
        }
        let Reply { metadata, message } = call
            .unary(message)
            .await
            .map_err(|status| Failure::of_upstream(status, route))?;
        answer(&admitted, route, &metadata, message)
    }

    fn refuse(&self, edge: &Edge, _: &Parts, failure: &Failure) -> Response<Body> {
        let mut response = failure.response(&edge.transcoder);
        let rules = &edge.settings.metadata.reply_header;
        metadata::apply(rules, failure.metadata(), response.headers_mut());
        response
    }
}

impl Rest {
    /// A call whose client sends several messages. The next one is read when the upstream takes.
    async fn serve_stream(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let Self(matched) = self;
        let (route, headers) = (matched.route(), &head.headers);
        let (leading, replies) = match route.takes_http_body() {
            true => body::upload(&admitted, matched, head, body).await?,
            false => {
                let content = Content::packed(body, crate::body::coding(headers)?);
                let (query, limit) = (head.uri.query(), admitted.message_limit());
                let framed = requests::framed(headers, query, matched.clone(), limit)?;
                let (requests, refused) = Requests::new(content, framed);
                let call = admitted.call(headers)?;
                let reply = admitted
                    .while_allowed(call.stream(HeaderMap::new(), requests))
                    .await?
                    .map_err(|status| upstream::failed(status, &refused))?;
                Replies::of(reply, Some(admitted.lifetime()), refused)
            }
        };
        if route.is_server_streaming() {
            return self.stream(&admitted, headers, leading, replies).await;
        }
        let limit = admitted.reply_limit();
        let reply = Messages::of_at_most(limit, replies).only().await?;
        answer(&admitted, route, &leading, reply)
    }

    /// Messages to the client, in the framing that it likes best.
    async fn stream(
        &self,
        admitted: &Admitted<'_>,
        headers: &HeaderMap,
        leading: HeaderMap,
        replies: Replies,
    ) -> Result<Response<Body>, Failure> {
        let framing = Framing::wanted(headers);
        let messages = Messages::of_at_most(admitted.reply_limit(), replies);
        let (door, route) = (admitted.door.clone(), self.0.route().clone());
        let mut response = match route.gives_http_body() {
            true => {
                let (success, deadline) = (admitted.policy.success, admitted.deadline);
                Box::pin(raw::stream(route, success, messages, deadline)).await?
            }
            false => {
                let live = Live::begin(door, route, framing, messages).await?;
                live.reply(headers)
            }
        };
        let rules = &admitted.door.edge.settings.metadata.reply_header;
        metadata::apply(rules, &leading, response.headers_mut());
        Ok(response)
    }
}

/// A reply of one message.
fn answer(
    admitted: &Admitted<'_>,
    route: &Route,
    metadata: &HeaderMap,
    message: Bytes,
) -> Result<Response<Body>, Failure> {
    let success = admitted.policy.success;
    let mut response = match route.gives_http_body() {
        true => raw::whole(route, success, message)?,
        false => {
            let json = route.response(&message);
            reply::json(success, json.map_err(|error| Problem::internal(&error))?)
        }
    };
    let rules = &admitted.door.edge.settings.metadata.reply_header;
    metadata::apply(rules, metadata, response.headers_mut());
    Ok(response)
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
