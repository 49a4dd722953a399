//! REST and JSON, by the contract's `google.api.http`.

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Method, Response};
use hyper::body::Incoming;
use runtime::status::Problem;
use transcoder::{Matched, RouteMatch};

use super::Protocol;
use crate::Edge;
use crate::failure::Failure;
use crate::pipeline::Admitted;
use crate::policy::Policy;
use crate::reply::{self, Body};

mod json;
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
        let takes_body = !matches!(route.body(), transcoder::Body::None);
        let body = admitted.body(headers, body).await?;
        if takes_body && !body.is_empty() {
            json::check_type(headers)?;
        }
        let message = matched
            .request(head.uri.query(), &body)
            .map_err(|error| Failure::unfit(error, route))?;
        let message = resume(admitted.policy, headers, message)?;
        let call = admitted.call(headers)?;
        if route.is_server_streaming() {
            let framing = Framing::wanted(headers);
            let upstream = call.server_streaming(message).await?;
            let lifetime = admitted.lifetime();
            let door = admitted.door.clone();
            let live = Live::begin(door, route.clone(), framing, upstream, lifetime).await?;
            return Ok(reply::stream(framing.content_type(), live.frames()));
        }
        let reply = call
            .unary(message)
            .await
            .map_err(|status| Failure::of_upstream(status, route))?;
        let json = route
            .response(&reply)
            .map_err(|error| Problem::internal(&error))?;
        Ok(reply::json(admitted.policy.success, json))
    }

    fn refuse(&self, edge: &Edge, _: &Parts, failure: &Failure) -> Response<Body> {
        failure.response(&edge.transcoder)
    }
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
