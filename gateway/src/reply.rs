//! The bodies of replies.

use std::convert::Infallible;

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_TYPE, TRAILER};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, BodyStream, Either, Empty, Full, StreamBody};
use hyper::body::Frame;

/// A reply's body: whole in memory, or a stream. A stream of messages says in its last frame why it
/// ended; one of bytes that mean nothing to us can only be cut off.
pub(crate) type Body = Either<Full<Bytes>, UnsyncBoxBody<Bytes, Cut>>;

/// The reply has no good end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the upstream broke off")]
pub(crate) struct Cut;

/// About how many headers a reply has.
const HEADERS: usize = 16;

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

pub(crate) fn empty() -> Body {
    Either::Left(Full::default())
}

pub(crate) fn whole(content: Bytes) -> Body {
    Either::Left(Full::new(content))
}

pub(crate) fn no_content() -> Response<Body> {
    let mut response = Response::new(empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// The answer to OPTIONS: what a path has.
pub(crate) fn options(allow: &[Method]) -> Response<Body> {
    let mut response = no_content();
    response.headers_mut().insert(ALLOW, listed(allow));
    response
}

/// Methods as `allow` has them (RFC 9110, section 10.2.1).
pub(crate) fn listed(methods: &[Method]) -> HeaderValue {
    let names: Vec<_> = methods.iter().map(Method::as_str).collect();
    HeaderValue::try_from(names.join(", ")).expect("methods are tokens of visible ASCII")
}

pub(crate) fn json(status: StatusCode, json: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(whole(json.into()));
    *response.status_mut() = status;
    // Room for what every reply carries, so that it is made once.
    let mut headers = HeaderMap::with_capacity(HEADERS);
    headers.insert(CONTENT_TYPE, JSON);
    *response.headers_mut() = headers;
    response
}

/// Marks a reply whose messages have to leave at once.
#[derive(Clone, Copy)]
pub(crate) struct Streamed;

pub(crate) fn stream(
    content_type: &'static str,
    frames: impl futures::Stream<Item = Bytes> + Send + 'static,
) -> Response<Body> {
    use futures::StreamExt as _;
    let frames = frames.map(|bytes| Ok(Frame::data(bytes)));
    let mut response = Response::new(Either::Right(UnsyncBoxBody::new(StreamBody::new(frames))));
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.extensions_mut().insert(Streamed);
    response
}

/// Bytes as they come.
pub(crate) fn pieces(
    content_type: HeaderValue,
    pieces: impl futures::Stream<Item = Result<Bytes, Cut>> + Send + 'static,
) -> Response<Body> {
    use futures::TryStreamExt as _;
    let pieces = StreamBody::new(pieces.map_ok(Frame::data));
    let mut response = Response::new(Either::Right(UnsyncBoxBody::new(pieces)));
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response.extensions_mut().insert(Streamed);
    response
}

/// Frames of data, and perhaps trailers at the end.
pub(crate) fn frames(
    content_type: HeaderValue,
    headers: HeaderMap,
    frames: impl futures::Stream<Item = Frame<Bytes>> + Send + 'static,
) -> Response<Body> {
    use futures::StreamExt as _;
    let frames = StreamBody::new(frames.map(Ok));
    let mut response = Response::new(Either::Right(UnsyncBoxBody::new(frames)));
    *response.headers_mut() = headers;
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}

/// A whole reply with trailers behind it.
pub(crate) fn with_trailers(response: Response<Body>, trailers: HeaderMap) -> Response<Body> {
    use futures::StreamExt as _;
    if trailers.is_empty() {
        return response;
    }
    let (mut head, body) = response.into_parts();
    for name in trailers.keys() {
        head.headers
            .append(TRAILER, HeaderValue::from(name.clone()));
    }
    let trailers = futures::stream::once(std::future::ready(Ok(Frame::trailers(trailers))));
    // A stream, since HTTP/1.1 has no trailers behind a body whose length is said.
    let body = match body {
        Either::Left(whole) => {
            let whole = whole.map_err(|never: Infallible| match never {});
            StreamBody::new(BodyStream::new(whole).chain(trailers)).boxed_unsync()
        }
        Either::Right(stream) => {
            StreamBody::new(BodyStream::new(stream).chain(trailers)).boxed_unsync()
        }
    };
    Response::from_parts(head, Either::Right(body))
}

/// The reply to HEAD: the headers of the reply to GET (RFC 9110 section 9.3.2).
pub(crate) fn without_body(mut response: Response<Body>) -> Response<Body> {
    let has_body = response.status() != StatusCode::NOT_MODIFIED;
    if let Some(length) = response.body().size_hint().exact().filter(|_| has_body) {
        let headers = response.headers_mut();
        headers
            .entry(CONTENT_LENGTH)
            .or_insert(HeaderValue::from(length));
    }
    let empty = Empty::new().map_err(|never: Infallible| match never {});
    response.map(|_| Either::Right(empty.boxed_unsync()))
}
