//! Streams over WebSocket (RFC 6455): one JSON message per text frame in both directions, and a close
//! frame that carries the status. Over HTTP/1.1, as browsers open one where there is no TLS.
//!
//! - The path and the query are those of the method's route, whatever HTTP method that has. A route
//!   that takes no body, and whose client sends no stream, is called at once; elsewhere each text
//!   frame is what the HTTP body would be.
//! - An empty text frame says that no more will come (half-close). A close frame breaks the call off.
//! - The close code is 1000 for OK and else 4000 + `google.rpc.Code`; the reason is
//!   `REASON: message`, cut to 123 bytes. The protocol's own codes stand for what is no call: 1003 for
//!   a binary frame, 1009 for a message that is too large.
//! - Of the subprotocols that a client offers, `json` is taken, if it is there.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use futures::future::BoxFuture;
use http::header::{
    CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version};
use hyper::upgrade::OnUpgrade;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tonic::Code;
use transcoder::{Matched, RouteMatch};

use super::{Protocol, Recognition, Request};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::exchange::Target;
use crate::failure::{Failure, Problem, Reason};
use crate::guard::Opening;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::{accept, cors};

mod close;
mod declared;
mod metered;
mod session;

pub(crate) use declared::DECLARED;
use session::Session;

/// The only version there is.
const VERSION: HeaderValue = HeaderValue::from_static("13");
const SUBPROTOCOL: &str = "json";

/// The protocol.
pub(crate) struct WebSocket;

/// A request to go on in it.
pub(crate) struct Handshake(Matched);

/// What goes on after the reply that switches protocols, on the connection's own task: so it holds
/// the connection's place, and ends with it.
#[derive(Clone)]
pub(crate) struct Upgraded(Arc<Mutex<Option<BoxFuture<'static, ()>>>>);

impl Upgraded {
    fn to(session: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::pin(session)))))
    }

    /// What goes on, for whoever asks first.
    pub(crate) fn take(&self) -> Option<BoxFuture<'static, ()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Whether the client wants to go on in this protocol.
fn is_wanted(head: &Parts) -> bool {
    let wants = |name: HeaderName, token: &str| {
        accept::weighed(&head.headers, name).any(|(value, _)| value == token)
    };
    head.headers.contains_key(UPGRADE)
        && head.version == Version::HTTP_11
        && head.method == Method::GET
        && wants(UPGRADE, "websocket")
        && wants(CONNECTION, "upgrade")
}

impl Protocol for WebSocket {
    type Request = Handshake;

    /// The stream that the request's path is, with whatever method its route has.
    fn recognise(routing: &Routing, head: &Parts, _: Option<&[u8]>) -> Recognition<Handshake> {
        if !is_wanted(head) {
            return Recognition::Foreign;
        }
        let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH];
        let streams = methods.iter().find_map(|method| {
            let RouteMatch::Found(matched) = routing.transcoder.route(method, head.uri.path())
            else {
                return None;
            };
            let route = matched.route();
            let streams = route.is_server_streaming() || route.is_client_streaming();
            streams.then_some(Handshake(matched))
        });
        streams.map_or(Recognition::Foreign, Recognition::Request)
    }
}

impl Request for Handshake {
    fn protocol(&self) -> &'static str {
        "websocket"
    }

    fn policy<'a>(&'a self, routing: &'a Routing) -> &'a Policy {
        routing.policies.of(self.0.route())
    }

    fn target<'a>(&'a self, routing: &'a Routing) -> Target<'a> {
        Target::Route(&self.policy(routing).name)
    }

    fn opening(&self, _: &Profile, _: &Parts) -> Opening {
        Opening::Stream
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        _: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let headers = &head.headers;
        if !cors::may_connect(&admitted.settings().web.cors_origins, headers) {
            let message = "pages of this origin may not connect";
            return Err(Problem::new(Reason::AccessDenied, Code::PermissionDenied, message).into());
        }
        let accepted = accepted(headers)?;
        let upgrade = head.extensions.get::<OnUpgrade>().cloned();
        let upgrade = upgrade.ok_or_else(|| Failure::malformed("the connection cannot switch"))?;
        let query = head.uri.query().map(str::to_owned);
        let session = Session::begin(&admitted, headers, self.0.clone(), query)?;
        let (lifetime, allowance) = (admitted.lifetime(), admitted.allowance());

        let mut response = Response::new(reply::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accepted);
        let mut offered = accept::weighed(&head.headers, SEC_WEBSOCKET_PROTOCOL);
        if offered.any(|(name, _)| name == SUBPROTOCOL) {
            let subprotocol = HeaderValue::from_static(SUBPROTOCOL);
            headers.insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        }
        let session = Upgraded::to(async move {
            if let Ok(upgraded) = upgrade.await {
                session.run(upgraded, lifetime, allowance).await;
            }
        });
        response.extensions_mut().insert(session);
        Ok(response)
    }
}

/// The answer to the client's key (RFC 6455, section 4.2.2).
fn accepted(headers: &HeaderMap) -> Result<HeaderValue, Failure> {
    if headers.get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(
            Failure::malformed("sec-websocket-version: the only one is 13")
                .with_http(StatusCode::UPGRADE_REQUIRED)
                .with_headers([(SEC_WEBSOCKET_VERSION, VERSION)]),
        );
    }
    let key = headers.get(SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let key = key.filter(|key| {
        let decoded = base64::engine::general_purpose::STANDARD.decode(key);
        decoded.is_ok_and(|nonce| nonce.len() == 16)
    });
    let key = key.ok_or_else(|| Failure::malformed("sec-websocket-key: expected 16 bytes"))?;
    Ok(HeaderValue::try_from(derive_accept_key(key)).expect("base64 is ASCII"))
}
