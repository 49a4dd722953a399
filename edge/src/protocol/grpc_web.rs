//! gRPC-Web (github.com/grpc/grpc, doc/PROTOCOL-WEB.md): gRPC for clients that see no trailers and,
//! in its text form, no bytes.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt as _;
use http::Response;
use http::request::Parts;
use hyper::body::{Frame, Incoming};

use super::grpc::{self, Sent, Unfound};
use super::upstream::{End, Reply};
use super::{Protocol, Recognised, envelope};
use crate::Edge;
use crate::failure::Failure;
use crate::pipeline::Admitted;
use crate::policy::{Policy, Served};
use crate::reply::{self, Body};

mod frames;

/// The flag of a frame that holds the trailers.
const TRAILERS: u8 = 0x80;

/// A call.
pub(crate) struct GrpcWeb {
    pub(crate) served: Arc<Served>,
    /// Everything is base64.
    is_text: bool,
}

/// The call that a request with this media type (what follows `application/grpc-web`) is.
pub(super) fn recognise(edge: &Edge, head: &Parts, subtype: &[u8]) -> Recognised {
    let (subtype, is_text) = match subtype.split_at_checked(5) {
        Some((text, subtype)) if text.eq_ignore_ascii_case(b"-text") => (subtype, true),
        _ => (subtype, false),
    };
    match grpc::method(edge, head, subtype) {
        Ok(served) => Recognised::GrpcWeb(GrpcWeb { served, is_text }),
        Err(Unfound::Answer(response)) => Recognised::Answer(*response),
        Err(Unfound::Method) => {
            Recognised::Answer(grpc::refusal(&head.headers, &grpc::unimplemented(head)))
        }
    }
}

impl Protocol for GrpcWeb {
    fn policy<'a>(&'a self, _: &'a Edge) -> &'a Policy {
        &self.served.policy
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
                Sent::Whole(frames::decode(&text.content)?.into())
            }
            false => Sent::Stream(body),
        };
        let (headers, replies) = grpc::call(&self.served, &admitted, head, sent).await?;
        let is_text = self.is_text;
        let parts = replies.parts().map(move |reply| {
            let bytes = match reply {
                Reply::Data(data) => data,
                Reply::End(end) => trailers(end),
            };
            Frame::data(match is_text {
                true => STANDARD.encode(bytes).into(),
                false => bytes,
            })
        });
        let content_type = grpc::content_type(&head.headers);
        Ok(reply::frames(content_type, headers, parts))
    }

    fn refuse(&self, _: &Edge, head: &Parts, failure: &Failure) -> Response<Body> {
        grpc::refusal(&head.headers, failure)
    }
}

/// The frame of the trailers.
fn trailers(end: End) -> Bytes {
    envelope::write(TRAILERS, &frames::lines(&end.into_trailers()))
}
