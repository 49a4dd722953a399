//! gRPC as it is (gRPC over HTTP/2), passed through frame by frame: no message is decoded, and
//! compressed ones stay so.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version};
use hyper::body::{Frame, Incoming};
use runtime::status::{Problem, Reason};
use tonic::Code;

use super::envelope::{self, Sizes};
use super::upstream::{self, Replies, Reply, Requests};
use super::{Protocol, Recognised, reflection, status};
use crate::failure::Failure;
use crate::pipeline::{Admitted, Form};
use crate::policy::{Policy, Served};
use crate::reply::{self, Body};
use crate::{Edge, metadata};

/// What a media type says after `application/grpc`: nothing, or that messages are protobuf.
fn is_proto(subtype: &[u8]) -> bool {
    let end = subtype.iter().position(|byte| *byte == b';');
    let subtype = &subtype[..end.unwrap_or(subtype.len())];
    let subtype = subtype.trim_ascii_end();
    subtype.is_empty() || subtype.eq_ignore_ascii_case(b"+proto")
}

/// A call.
pub(crate) struct Grpc(pub(crate) Arc<Served>);

/// The call that a request with this media type (what follows `application/grpc`) is.
pub(super) fn recognise(edge: &Edge, head: &Parts, subtype: &[u8]) -> Recognised {
    if head.version != Version::HTTP_2 {
        let failure = Failure::malformed("gRPC needs HTTP/2; gRPC-Web and Connect do not")
            .with_http(StatusCode::HTTP_VERSION_NOT_SUPPORTED);
        return Recognised::Answer(failure.response(edge));
    }
    match method(edge, head, subtype) {
        Ok(served) => Recognised::Grpc(Grpc(served)),
        Err(Unfound::Answer(response)) => Recognised::Answer(*response),
        Err(Unfound::Method) => match reflection::question(edge, head.uri.path()) {
            Some(question) => Recognised::Reflection(question),
            None => Recognised::Answer(refusal(&head.headers, &unimplemented(head))),
        },
    }
}

/// Why a request is no call.
pub(super) enum Unfound {
    /// HTTP says why.
    Answer(Box<Response<Body>>),
    /// No such method is served.
    Method,
}

/// The method of a request of gRPC or gRPC-Web.
pub(super) fn method(edge: &Edge, head: &Parts, subtype: &[u8]) -> Result<Arc<Served>, Unfound> {
    let answer = |failure: Failure| {
        let response = failure.response(edge);
        Err(Unfound::Answer(Box::new(response)))
    };
    if head.method != Method::POST {
        return answer(Failure::method_not_allowed(&[Method::POST]));
    }
    if !is_proto(subtype) {
        let message = "messages are protobuf: +proto, or nothing after the name";
        return answer(Failure::unsupported_content(message));
    }
    let served = edge.policies.method(head.uri.path());
    served.cloned().ok_or(Unfound::Method)
}

/// UNIMPLEMENTED: no such method is served.
pub(super) fn unimplemented(head: &Parts) -> Failure {
    let message = format!("{} is not served", head.uri.path());
    Problem::new(Reason::Unimplemented, Code::Unimplemented, message).into()
}

/// Trailers-only: the status in the headers.
pub(super) fn refusal(request: &HeaderMap, failure: &Failure) -> Response<Body> {
    let mut response = Response::new(reply::empty());
    let headers = response.headers_mut();
    headers.extend(failure.metadata().clone());
    headers.insert(CONTENT_TYPE, content_type(request));
    status::write(failure.status(), headers);
    response
}

/// As the request's.
pub(super) fn content_type(request: &HeaderMap) -> HeaderValue {
    let grpc = HeaderValue::from_static("application/grpc");
    request.get(CONTENT_TYPE).cloned().unwrap_or(grpc)
}

/// What the client sends.
pub(super) enum Sent {
    /// As it comes.
    Stream(Incoming),
    /// The frames of all messages.
    Whole(Bytes),
}

/// Steps 12 to 14 of a call whose frames pass through: the headers of its reply, and the rest.
pub(super) async fn call(
    served: &Served,
    admitted: &Admitted<'_>,
    head: &Parts,
    sent: Sent,
) -> Result<(HeaderMap, Replies), Failure> {
    let limit = admitted.message_limit(Form::Wire);
    let call = admitted.call(&head.headers)?;
    let coding = codings(&head.headers);
    let lifetime = || admitted.policy.is_streaming.then(|| admitted.lifetime());
    let sent = match sent {
        Sent::Stream(body) if served.is_client_streaming() => {
            let sizes = Sizes::of_at_most(limit);
            let (requests, refused) = Requests::new(body, None, admitted.allowance(), sizes);
            let response = admitted
                .while_allowed(Box::pin(call.stream(coding, requests)))
                .await?
                .map_err(|status| upstream::failed(status, &refused))?;
            return Ok(reply_of(response, lifetime(), refused));
        }
        Sent::Stream(body) => {
            let read = admitted.message(&head.headers, body, Form::Wire).await?;
            read.content
        }
        Sent::Whole(frames) => frames,
    };
    if !served.is_client_streaming() {
        envelope::single(&sent, limit)?;
    }
    let response = admitted
        .while_allowed(Box::pin(call.frames(coding, sent)))
        .await??;
    Ok(reply_of(response, lifetime(), upstream::Refused::default()))
}

fn reply_of(
    response: Response<net::client::ResponseBody>,
    lifetime: Option<crate::lifetime::Lifetime>,
    refused: upstream::Refused,
) -> (HeaderMap, Replies) {
    let (received, replies) = Replies::of(response, lifetime, refused);
    let mut headers = metadata::returned(&received);
    if let Some(coding) = received.get("grpc-encoding") {
        headers.insert("grpc-encoding", coding.clone());
    }
    (headers, replies)
}

/// Which compression the messages have, and which the client reads: between it and the upstream.
fn codings(headers: &HeaderMap) -> HeaderMap {
    let mut codings = HeaderMap::new();
    for name in ["grpc-encoding", "grpc-accept-encoding"] {
        if let Some(value) = headers.get(name) {
            codings.insert(name, value.clone());
        }
    }
    codings
}

impl Protocol for Grpc {
    fn policy<'a>(&'a self, _: &'a Edge) -> &'a Policy {
        &self.0.policy
    }

    async fn serve(
        &self,
        admitted: Admitted<'_>,
        head: &Parts,
        body: Incoming,
    ) -> Result<Response<Body>, Failure> {
        let (headers, replies) = call(&self.0, &admitted, head, Sent::Stream(body)).await?;
        let frames = replies.parts().map(|reply| match reply {
            Reply::Data(data) => Frame::data(data),
            Reply::End(end) => Frame::trailers(end.into_trailers()),
        });
        Ok(reply::frames(content_type(&head.headers), headers, frames))
    }

    fn refuse(&self, _: &Edge, head: &Parts, failure: &Failure) -> Response<Body> {
        refusal(&head.headers, failure)
    }
}
