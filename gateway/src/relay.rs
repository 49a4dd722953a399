//! Calls whose frames pass through as they are: no message is decoded, and compressed ones stay so.
//! gRPC and gRPC-Web are two ways to it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response};
use hyper::body::Incoming;
use net::client::ResponseBody;
use tonic::Code;

use crate::admitted::{Admitted, Form};
use crate::call::replies::Replies;
use crate::call::requests::{self, Refused, Requests};
use crate::failure::{Failure, Problem, Reason, Voice};
use crate::lifetime::Lifetime;
use crate::metadata;
use crate::policy::Served;
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope::{self, Sizes};
use crate::wire::status;

/// What a media type says after `application/grpc`: nothing, or that messages are protobuf.
fn is_proto(subtype: &[u8]) -> bool {
    let end = subtype.iter().position(|byte| *byte == b';');
    let subtype = &subtype[..end.unwrap_or(subtype.len())];
    let subtype = subtype.trim_ascii_end();
    subtype.is_empty() || subtype.eq_ignore_ascii_case(b"+proto")
}

/// The method of a request of gRPC or gRPC-Web; `None` if no such method is served.
pub(crate) fn method(
    routing: &Routing,
    head: &Parts,
    subtype: &[u8],
) -> Result<Option<Arc<Served>>, Failure> {
    if head.method != Method::POST {
        return Err(Failure::method_not_allowed(&[Method::POST]));
    }
    if !is_proto(subtype) {
        let message = "messages are protobuf: +proto, or nothing after the name";
        return Err(Failure::unsupported_content(message));
    }
    Ok(routing.policies.method(head.uri.path()).cloned())
}

/// UNIMPLEMENTED: no such method is served.
pub(crate) fn not_served(head: &Parts, voice: &Voice) -> Response<Body> {
    let message = format!("{} is not served", head.uri.path());
    let problem = Problem::new(Reason::Unimplemented, Code::Unimplemented, message);
    refusal(&head.headers, &problem.into(), voice)
}

/// Trailers-only: the status in the headers.
pub(crate) fn refusal(request: &HeaderMap, failure: &Failure, voice: &Voice) -> Response<Body> {
    let mut response = Response::new(reply::empty());
    let headers = response.headers_mut();
    headers.extend(failure.metadata().clone());
    headers.insert(CONTENT_TYPE, content_type(request));
    status::write(&failure.told(voice), headers);
    response
}

/// As the request's.
pub(crate) fn content_type(request: &HeaderMap) -> HeaderValue {
    let grpc = HeaderValue::from_static("application/grpc");
    request.get(CONTENT_TYPE).cloned().unwrap_or(grpc)
}

/// What the client sends.
pub(crate) enum RequestBody {
    /// As it comes.
    Stream(Incoming),
    /// The frames of all messages.
    Whole(Bytes),
}

/// Steps 12 to 14 of a call whose frames pass through: the headers of its reply, and the rest.
pub(crate) async fn call(
    served: &Served,
    admitted: &Admitted<'_>,
    head: &Parts,
    sent: RequestBody,
) -> Result<(HeaderMap, Replies), Failure> {
    let limit = admitted.message_limit(Form::Wire);
    let call = admitted.call(&head.headers)?;
    let coding = codings(&head.headers);
    let lifetime = || admitted.policy.is_streaming().then(|| admitted.lifetime());
    let sent = match sent {
        RequestBody::Stream(body) if served.is_client_streaming() => {
            let sizes = Sizes::of_at_most(limit);
            let (requests, refused) = Requests::new(body, None, admitted.allowance(), sizes);
            let response = admitted
                .while_allowed(Box::pin(call.stream(coding, requests)))
                .await?
                .map_err(|status| requests::failed(status, &refused))?;
            return Ok(reply_of(response, lifetime(), refused));
        }
        RequestBody::Stream(body) => {
            let read = admitted.message(&head.headers, body, Form::Wire).await?;
            read.content
        }
        RequestBody::Whole(frames) => frames,
    };
    if !served.is_client_streaming() {
        envelope::single(&sent, limit)?;
    }
    let response = admitted
        .while_allowed(Box::pin(call.frames(coding, sent)))
        .await??;
    Ok(reply_of(response, lifetime(), Refused::default()))
}

fn reply_of(
    response: Response<ResponseBody>,
    lifetime: Option<Lifetime>,
    refused: Refused,
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
