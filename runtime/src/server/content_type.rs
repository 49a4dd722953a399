//! What is no gRPC is answered as HTTP is, with 415: nobody takes an error of gRPC, which is 200, for
//! success (gRPC over HTTP/2, Content-Type).

use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use tonic::body::Body;

use super::filter::{Filter, Next};

const GRPC: &str = "application/grpc";
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// What a request may hold, and how long it may take, to be answered after its end. One that is cut off
/// by the answer is not told what is wrong with its rest, and over HTTP/1.1 not even the answer.
const LONGEST: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Clone)]
pub(super) struct GrpcAlone;

impl Filter for GrpcAlone {
    async fn filter<N: Next>(&self, request: Request<Body>, next: &N) -> Response<Body> {
        if is_grpc(request.headers()) {
            return next.run(request).await;
        }
        let is_head = request.method() == Method::HEAD;
        let mut rest = Limited::new(request.into_body(), LONGEST);
        let end = async { while let Some(Ok(_)) = rest.frame().await {} };
        // Who is too slow is answered all the same.
        let _ = tokio::time::timeout(PATIENCE, end).await;
        let said = match is_head {
            true => Bytes::new(),
            false => Bytes::from_static(b"this port speaks gRPC: content-type: application/grpc\n"),
        };
        let mut response = Response::new(Body::new(Full::new(said)));
        *response.status_mut() = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        response.headers_mut().insert(CONTENT_TYPE, TEXT);
        response
    }
}

/// gRPC, of whatever format, and not gRPC-Web.
fn is_grpc(headers: &HeaderMap) -> bool {
    let name = headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    let split = name.and_then(|name| name.split_at_checked(GRPC.len()));
    split.is_some_and(|(begin, rest)| {
        begin.eq_ignore_ascii_case(GRPC.as_bytes())
            && matches!(rest.first(), None | Some(b'+' | b';' | b' '))
    })
}
