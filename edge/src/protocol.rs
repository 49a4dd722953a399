//! What the port speaks. Each protocol has a room of its own, where a request is recognised, its
//! messages are read and written, and its errors get their form; what holds for all of them is in
//! `pipeline`.

use http::Response;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use hyper::body::Incoming;

use crate::Edge;
use crate::authentication::Tickets;
use crate::failure::Failure;
use crate::pipeline::Admitted;
use crate::policy::Policy;
use crate::reply::Body;

pub(crate) mod connect;
pub(crate) mod envelope;
pub(crate) mod grpc;
pub(crate) mod grpc_web;
pub(crate) mod reflection;
pub(crate) mod rest;
pub(crate) mod status;
mod step;
mod upstream;
pub(crate) mod websocket;

/// A request of one protocol, which has found its method.
pub(crate) trait Protocol: Sync {
    /// What holds for the method.
    fn policy<'a>(&'a self, edge: &'a Edge) -> &'a Policy;

    /// Which tickets may stand for the token: for clients that cannot set headers.
    fn tickets(&self, _: &Edge, _: &Parts) -> Tickets {
        Tickets::None
    }

    /// Steps 12 to 14, for a caller who may.
    fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send;

    /// The reply that tells why not.
    fn refuse(&self, edge: &Edge, head: &Parts, failure: &Failure) -> Response<Body>;
}

/// What a request is.
pub(crate) enum Recognised {
    /// A request by a route.
    Rest(rest::Rest),
    /// A call as of the mesh.
    Grpc(grpc::Grpc),
    /// A call of a browser's gRPC client.
    GrpcWeb(grpc_web::GrpcWeb),
    /// A unary call of Connect.
    Connect(connect::Unary),
    /// A call of Connect that streams.
    ConnectStream(connect::Stream),
    /// Streams over a WebSocket.
    WebSocket(websocket::WebSocket),
    /// A question of what there is to call.
    Reflection(reflection::Question),
    /// Nothing more to do.
    Answer(Response<Body>),
    /// None of them: a page, if anything.
    Page,
}

/// By the content type, and then by the path. Where a path is a route and a method at once, only who
/// says so speaks Connect.
pub(crate) fn recognise(edge: &Edge, head: &Parts) -> Recognised {
    if let Some(content_type) = head.headers.get(CONTENT_TYPE) {
        let name = content_type.as_bytes();
        if let Some(subtype) = after(name, b"application/grpc-web") {
            return grpc_web::recognise(edge, head, subtype);
        }
        if let Some(subtype) = after(name, b"application/grpc") {
            return grpc::recognise(edge, head, subtype);
        }
        if after(name, b"application/connect+").is_some() {
            return connect::stream(edge, head, name);
        }
    }
    if websocket::is_wanted(head)
        && let Some(stream) = websocket::find(edge, head)
    {
        return Recognised::WebSocket(stream);
    }
    let connect = || connect::unary(edge, head);
    if connect::is_named(head)
        && let Some(call) = connect()
    {
        return call;
    }
    match rest::find(edge, head) {
        rest::Found::Request(rest) => Recognised::Rest(rest),
        rest::Found::Answer(response) => connect().unwrap_or(Recognised::Answer(response)),
        rest::Found::Nothing => connect().unwrap_or(Recognised::Page),
    }
}

/// What follows a prefix, in whatever case it is written.
fn after<'a>(name: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = name.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}
