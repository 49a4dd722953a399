//! gRPC-Web (github.com/grpc/grpc, doc/PROTOCOL-WEB.md): gRPC for clients that see no trailers and,
//! in its text form, no bytes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt as _;
use http::Response;
use http::request::Parts;
use hyper::body::Frame;

use super::{Protocol, Recognition, Request};
use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::call::replies::{End, Reply};
use crate::failure::{Failure, Voice};
use crate::policy::{Policy, Served};
use crate::relay::{self, RequestBody};
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope;

mod declared;
mod frames;

/// The flag of a frame that holds the trailers.
const TRAILERS: u8 = 0x80;

pub(crate) use declared::DECLARED;

/// The protocol.
pub(crate) struct GrpcWeb;

/// A call.
pub(crate) struct Call {
    method: (Arc<Served>, Codec),
    /// Everything is base64.
    is_text: bool,
}

impl Protocol for GrpcWeb {
    type Request = Call;

    fn recognise(routing: &Routing, head: &Parts, subtype: Option<&[u8]>) -> Recognition<Call> {
        let Some(subtype) = subtype else {
            return Recognition::Foreign;
        };
        let (subtype, is_text) = match subtype.split_at_checked(5) {
            Some((text, subtype)) if text.eq_ignore_ascii_case(b"-text") => (subtype, true),
            _ => (subtype, false),
        };
        match relay::method(routing, head, subtype) {
            Ok(Some(method)) => Recognition::Request(Call { method, is_text }),
            Ok(None) => Recognition::Answer(Box::new(relay::not_served(head, &routing.voice))),
            Err(failure) => Recognition::refused(&failure, routing),
        }
    }
}

impl Request for Call {
    fn protocol(&self) -> &'static str {
        "grpc-web"
    }

    fn policy<'a>(&'a self, _: &'a Routing) -> &'a Policy {
        &self.method.0.policy
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let sent = match self.is_text {
            true => {
                let text = admitted.text(&head.headers, body).await?;
                let no_base64 = |_| Failure::malformed("the body is no base64");
                RequestBody::Whole(frames::decode(&text.content).map_err(no_base64)?.into())
            }
            false => RequestBody::Stream(body),
        };
        let (headers, replies) = relay::call(&self.method, &admitted, head, sent).await?;
        let (is_text, voice) = (self.is_text, admitted.routing().voice);
        let parts = replies.map(move |reply| {
            let bytes = match reply {
                Reply::Data(data) => data,
                Reply::End(end) => trailers(end, &voice),
            };
            Frame::data(match is_text {
                true => STANDARD.encode(bytes).into(),
                false => bytes,
            })
        });
        let content_type = relay::content_type(&head.headers);
        Ok(reply::frames(content_type, headers, parts))
    }

    fn refuse(&self, routing: &Routing, head: &Parts, failure: &Failure) -> Option<Response<Body>> {
        Some(relay::refusal(&head.headers, failure, &routing.voice))
    }
}

/// The frame of the trailers.
fn trailers(end: End, voice: &Voice) -> Bytes {
    envelope::write(TRAILERS, &frames::lines(&end.into_trailers(voice)))
}
