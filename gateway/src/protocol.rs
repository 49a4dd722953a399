//! What the port speaks. Each protocol is a folder of its own, which declares what it needs of the
//! rooms that serve them all, recognises its requests, reads and writes their messages, and gives
//! errors their form. To add one: its folder, and a line in [`protocols`] (and its `mod`).

use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::Response;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::exchange::Target;
use crate::failure::Failure;
use crate::guard::Opening;
use crate::policy::Policy;
use crate::profile::Profile;
use crate::reply::{self, Body};
use crate::routing::Routing;

/// Hands the list of all protocols to a macro: the type that each is, and its folder.
macro_rules! protocols {
    ($each:ident) => {
        $each! {
            // What most requests are is asked last, and the others take no room on its way.
            Rest = rest,
            // In the order in which they are asked: the longer of two media types first.
            GrpcWeb = grpc_web,
            Reflection = reflection,
            Grpc = grpc,
            Connect = connect,
            WebSocket = websocket,
        }
    };
}

pub(crate) mod connect;
pub(crate) mod declared;
pub(crate) mod grpc;
pub(crate) mod grpc_web;
pub(crate) mod reflection;
pub(crate) mod rest;
pub(crate) mod websocket;

/// A protocol.
pub(crate) trait Protocol {
    /// A request of it, which has found its method.
    type Request: Request;

    /// What a request is that says of itself that this is its protocol, or that has a route of it.
    /// `subtype` is what follows the media type that the protocol has declared, if the request has
    /// that.
    fn recognise(
        routing: &Routing,
        head: &Parts,
        subtype: Option<&[u8]>,
    ) -> Recognition<Self::Request>;

    /// The same of a request that no protocol has recognised.
    fn otherwise(_: &Routing, _: &Parts) -> Recognition<Self::Request> {
        Recognition::Foreign
    }
}

/// What a protocol makes of a request.
pub(crate) enum Recognition<R> {
    /// A request of this protocol.
    Request(R),
    /// Nothing more to do.
    Answer(Box<Response<Body>>),
    /// One that does not keep to it, told as errors of HTTP are.
    Refused(Box<Failure>),
    /// None of its own.
    Foreign,
}

impl<R> Recognition<R> {
    /// What was recognised, if anything was, as a request of any protocol.
    fn mapped<S>(self, any: impl FnOnce(R) -> S) -> Option<Recognition<S>> {
        match self {
            Self::Request(request) => Some(Recognition::Request(any(request))),
            Self::Answer(response) => Some(Recognition::Answer(response)),
            Self::Refused(failure) => Some(Recognition::Refused(failure)),
            Self::Foreign => None,
        }
    }
}

impl<R> From<Failure> for Recognition<R> {
    fn from(failure: Failure) -> Self {
        Self::Refused(Box::new(failure))
    }
}

impl<R> Recognition<R> {
    /// A refusal of HTTP's alone, in a protocol whose clients read nothing else of it.
    fn refused(failure: &Failure, routing: &Routing) -> Self {
        let voice = &routing.voice;
        let mut response = Response::new(reply::empty());
        *response.status_mut() = failure.http_status(voice);
        failure.explain(&failure.told(voice), voice, response.headers_mut());
        Self::Answer(Box::new(response))
    }
}

/// A request of one protocol, which has found its method.
pub(crate) trait Request: Send + Sync {
    /// What holds for the method.
    fn policy<'a>(&'a self, routing: &'a Routing) -> &'a Policy;

    /// What it is spoken in, as the access log calls it.
    fn protocol(&self) -> &'static str;

    /// What it is called.
    fn target<'a>(&'a self, routing: &'a Routing) -> Target<'a> {
        Target::Method(&self.policy(routing).name)
    }

    /// What it opens, perhaps by means that set no headers.
    fn opening(&self, _: &Profile, _: &Parts) -> Opening {
        Opening::Call
    }

    /// Steps 12 to 14, for a caller who may.
    fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> impl Future<Output = Result<Response<Body>, Failure>> + Send;

    /// The reply that tells why not, where it is another than that of HTTP.
    fn refuse(&self, _: &Routing, _: &Parts, _: &Failure) -> Option<Response<Body>> {
        None
    }
}

/// What to do with a request, whatever its protocol.
pub(crate) trait Handle: Send {
    fn handle(self, request: impl Request) -> impl Future<Output = Response<Body>> + Send;
}

macro_rules! any_request {
    ($usual:ident = $usual_room:ident, $($name:ident = $room:ident,)+) => {
        /// A request of any protocol.
        pub(crate) enum AnyRequest {
            $usual(<$usual_room::$usual as Protocol>::Request),
            $($name(<$room::$name as Protocol>::Request),)+
        }

        impl AnyRequest {
            /// Does it. In a box, so that none of them has to make room for the others.
            pub(crate) fn handled<'a>(
                self,
                by: impl Handle + 'a,
            ) -> BoxFuture<'a, Response<Body>> {
                match self {
                    Self::$usual(request) => by.handle(request).boxed(),
                    $(Self::$name(request) => by.handle(request).boxed(),)+
                }
            }
        }

        /// By what it says of itself, and then by its path. Where a path is a route and a method at
        /// once, only who says so calls the method. What is foreign to all is a page, if anything.
        pub(crate) fn recognise(routing: &Routing, head: &Parts) -> Recognition<AnyRequest> {
            let media_type = head.headers.get(CONTENT_TYPE).map(|name| name.as_bytes());
            $(
                let subtype = media_type.and_then(|name| $room::DECLARED.subtype(name));
                let found = $room::$name::recognise(routing, head, subtype);
                if let Some(found) = found.mapped(AnyRequest::$name) {
                    return found;
                }
            )+
            let found = $usual_room::$usual::recognise(routing, head, None);
            if let Some(found) = found.mapped(AnyRequest::$usual) {
                return found;
            }
            $(
                let found = $room::$name::otherwise(routing, head);
                if let Some(found) = found.mapped(AnyRequest::$name) {
                    return found;
                }
            )+
            let found = $usual_room::$usual::otherwise(routing, head);
            found.mapped(AnyRequest::$usual).unwrap_or(Recognition::Foreign)
        }
    };
}

protocols!(any_request);
