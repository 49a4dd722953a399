//! gRPC as it is (gRPC over HTTP/2).

use std::sync::Arc;

use futures::StreamExt as _;
use http::request::Parts;
use http::{Response, StatusCode, Version};
use hyper::body::Frame;

use super::{Protocol, Recognition, Request};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::call::replies::Reply;
use crate::failure::Failure;
use crate::policy::{Policy, Served};
use crate::relay::{self, RequestBody};
use crate::reply::{self, Body};
use crate::routing::Routing;

mod declared;

pub(crate) use declared::DECLARED;

/// The protocol.
pub(crate) struct Grpc;

/// A call.
pub(crate) struct Call((Arc<Served>, Codec));

impl Protocol for Grpc {
    type Request = Call;

    fn recognise(routing: &Routing, head: &Parts, subtype: Option<&[u8]>) -> Recognition<Call> {
        let Some(subtype) = subtype else {
            return Recognition::Foreign;
        };
        if head.version != Version::HTTP_2 {
            return Failure::malformed("gRPC needs HTTP/2; gRPC-Web and Connect do not")
                .with_http(StatusCode::HTTP_VERSION_NOT_SUPPORTED)
                .into();
        }
        match relay::method(routing, head, subtype) {
            Ok(Some(method)) => Recognition::Request(Call(method)),
            Ok(None) => Recognition::Answer(Box::new(relay::not_served(head, &routing.voice))),
            Err(failure) => Recognition::refused(&failure, routing),
        }
    }
}

impl Request for Call {
    fn protocol(&self) -> &'static str {
        "grpc"
    }

    fn policy<'a>(&'a self, _: &'a Routing) -> &'a Policy {
        &self.0.0.policy
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let (headers, replies) =
            relay::call(&self.0, &admitted, head, RequestBody::Stream(body)).await?;
        let voice = admitted.routing().voice;
        let frames = replies.map(move |reply| match reply {
            Reply::Data(data) => Frame::data(data),
            Reply::End(end) => Frame::trailers(end.into_trailers(&voice)),
        });
        let content_type = relay::content_type(&head.headers);
        Ok(reply::frames(content_type, headers, frames))
    }

    fn refuse(&self, routing: &Routing, head: &Parts, failure: &Failure) -> Option<Response<Body>> {
        Some(relay::refusal(&head.headers, failure, &routing.voice))
    }
}
