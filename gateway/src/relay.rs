//! Calls whose frames pass through as they are: no message is decoded, and compressed ones stay so. Those
//! in JSON are transcoded, frame by frame. gRPC and gRPC-Web are two ways to it.

use std::sync::Arc;

use bytes::Bytes;
use futures::Stream;
use futures::future::Either;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use tonic::Code;

use crate::admitted::Admitted;
use crate::body::Incoming;
use crate::call::codec::Codec;
use crate::call::coding::{accepted, coding};
use crate::call::replies::{Replies, Reply};
use crate::call::transcoded::{Reading, ReplyMessages, RequestMessages};
use crate::failure::{Failure, Problem, Reason, Voice};
use crate::metadata;
use crate::policy::Served;
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::envelope::{self, Sizes};
use crate::wire::status;

const ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The method of a request of gRPC or gRPC-Web, and how its messages are written; `None` if no such
/// method is served.
pub(crate) fn method(
    routing: &Routing,
    head: &Parts,
    subtype: &[u8],
) -> Result<Option<(Arc<Served>, Codec)>, Failure> {
    if head.method != Method::POST {
        return Err(Failure::method_not_allowed(&[Method::POST]));
    }
    let Some(codec) = Codec::of_grpc(subtype) else {
        let message = "messages are +json, +proto, or protobuf with nothing after the name";
        return Err(Failure::unsupported_content(message));
    };
    let served = routing.policies.method(head.uri.path());
    Ok(served.map(|served| (served.clone(), codec)))
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

/// Steps 12 to 14: the headers of the reply, and the rest.
pub(crate) async fn call(
    (served, codec): &(Arc<Served>, Codec),
    admitted: &Admitted<'_>,
    head: &Parts,
    sent: RequestBody,
) -> Result<(HeaderMap, impl Stream<Item = Reply> + Send + use<>), Failure> {
    Ok(match codec {
        Codec::Proto => {
            let (headers, replies) = through(served, admitted, head, sent).await?;
            (headers, Either::Left(replies.parts()))
        }
        Codec::Json => {
            let call = Box::pin(transcoded(served, admitted, head, sent));
            let (headers, replies) = call.await?;
            (headers, Either::Right(replies.parts()))
        }
    })
}

/// A call whose frames pass through.
async fn through(
    served: &Served,
    admitted: &Admitted<'_>,
    head: &Parts,
    sent: RequestBody,
) -> Result<(HeaderMap, Replies), Failure> {
    let limit = admitted.message_limit(Codec::Proto);
    let mut call = admitted.call(&head.headers)?;
    pass_codings(&head.headers, call.metadata.as_mut());
    Ok(returned(match sent {
        RequestBody::Stream(body) if served.is_client_streaming() => {
            let sizes = Sizes::of_at_most(limit);
            admitted.stream(&call, body, None, sizes).await?
        }
        sent => {
            let frames = whole(admitted, head, sent, Codec::Proto).await?;
            if !served.is_client_streaming() {
                envelope::single(&frames, limit)?;
            }
            admitted.frames(&call, frames).await?
        }
    }))
}

/// A call in JSON.
async fn transcoded(
    served: &Arc<Served>,
    admitted: &Admitted<'_>,
    head: &Parts,
    sent: RequestBody,
) -> Result<(HeaderMap, ReplyMessages), Failure> {
    let codec = Codec::Json;
    let reading = Reading {
        served: served.clone(),
        codec,
        coding: coding(head.headers.get(ENCODING))?,
        limit: admitted.message_limit(codec),
    };
    let call = admitted.call(&head.headers)?;
    let (mut headers, replies) = returned(match sent {
        RequestBody::Stream(body) if served.is_client_streaming() => {
            let messages = RequestMessages::of(reading);
            admitted.stream(&call, body, None, messages).await?
        }
        sent => {
            let body = whole(admitted, head, sent, codec).await?;
            let frames = match served.is_client_streaming() {
                true => RequestMessages::of(reading).all(body)?,
                false => reading.only(&body)?,
            };
            admitted.frames(&call, frames).await?
        }
    });
    let packing = accepted(&head.headers.get_all(ACCEPT_ENCODING));
    if let Some(coding) = packing {
        headers.insert(ENCODING, HeaderValue::from_static(coding.name()));
    }
    let (served, limit) = (served.clone(), admitted.reply_limit());
    let replies = ReplyMessages::of(served, codec, replies, packing, limit);
    Ok((headers, replies))
}

/// What the client sends, if it is not taken as it comes.
async fn whole(
    admitted: &Admitted<'_>,
    head: &Parts,
    sent: RequestBody,
    codec: Codec,
) -> Result<Bytes, Failure> {
    match sent {
        RequestBody::Stream(body) => {
            let read = admitted.message(&head.headers, body, codec).await?;
            Ok(read.content)
        }
        RequestBody::Whole(frames) => Ok(frames),
    }
}

/// The leading metadata as clients learn it, and the rest.
fn returned((received, replies): (HeaderMap, Replies)) -> (HeaderMap, Replies) {
    let mut headers = metadata::returned(&received);
    if let Some(coding) = received.get(ENCODING) {
        headers.insert(ENCODING, coding.clone());
    }
    (headers, replies)
}

/// Which compression the messages have, and which the client reads: between it and the upstream.
fn pass_codings(headers: &HeaderMap, to: &mut HeaderMap) {
    for name in [ENCODING, ACCEPT_ENCODING] {
        if let Some(value) = headers.get(&name) {
            to.insert(name, value.clone());
        }
    }
}
