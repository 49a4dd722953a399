//! In front of servers that answer in HTTP, or with a status that is missing or out of place.

use bytes::Bytes;
use edge::generic::Access;
use http::{HeaderMap, HeaderValue, StatusCode};
use http_body_util::BodyExt as _;
use tonic::{Code, Status};

use crate::fixture::{Fixture, bare};
use crate::generic::before;
use crate::upstream::{Answer, Upstream, frame};

const BOOK: &str = "/v1/shelves/1/books/2";

/// In front of a server that answers so.
async fn start(
    http: u16,
    headers: HeaderMap,
    data: Option<Bytes>,
    trailers: Option<HeaderMap>,
) -> Fixture {
    let http = StatusCode::from_u16(http).unwrap();
    let answer = move |_: &_| Answer::Raw(http, headers.clone(), data.clone(), trailers.clone());
    before(Upstream::start(answer).await, Access::Public, |_| ()).await
}

/// The code that a client of gRPC hears, in the headers or behind them, and that of REST.
async fn heard(fixture: &Fixture) -> (Code, (u16, String)) {
    let code = heard_in_grpc(fixture).await;
    (code, bare(fixture.get(BOOK).await).await)
}

async fn heard_in_grpc(fixture: &Fixture) -> Code {
    let client = reqwest::Client::builder().no_proxy();
    let client = client.http2_prior_knowledge().build().unwrap();
    let request = client.post(fixture.url("/library.v1.Library/GetBook"));
    let request = request.header("content-type", "application/grpc");
    let response = request.body(frame(&[])).send().await.unwrap();
    let response = http::Response::<reqwest::Body>::from(response);
    let (head, body) = response.into_parts();
    let status = Status::from_header_map(&head.headers);
    let trailers = body.collect().await.unwrap().trailers().cloned();
    let status = status.or_else(|| Status::from_header_map(&trailers?));
    status.expect("every call ends with a status").code()
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.insert(*name, HeaderValue::from_static(value));
    }
    headers
}

const GRPC: (&str, &str) = ("content-type", "application/grpc");
const SAID: (&str, &str) = ("grpc-message", "no");

#[tokio::test]
async fn an_answer_in_http_is_the_code_that_grpc_has_for_it() {
    for (http, code, rest) in [
        (400, Code::Internal, (500, "INTERNAL")),
        (401, Code::Unauthenticated, (401, "UNAUTHENTICATED")),
        (403, Code::PermissionDenied, (403, "PERMISSION_DENIED")),
        (404, Code::Unimplemented, (501, "UNIMPLEMENTED")),
        (409, Code::Unknown, (500, "UNKNOWN")),
        (429, Code::Unavailable, (503, "UNAVAILABLE")),
        (500, Code::Unknown, (500, "UNKNOWN")),
        (502, Code::Unavailable, (503, "UNAVAILABLE")),
        (503, Code::Unavailable, (503, "UNAVAILABLE")),
        (504, Code::Unavailable, (503, "UNAVAILABLE")),
        (800, Code::Unknown, (500, "UNKNOWN")),
    ] {
        let text = headers(&[("content-type", "text/plain")]);
        let fixture = start(http, text, Some("no".into()), None).await;
        let expected = (code, (rest.0, rest.1.to_owned()));
        assert_eq!(heard(&fixture).await, expected, "{http}");
    }
}

#[tokio::test]
async fn a_status_beside_an_http_status_counts_more() {
    let fixture = start(502, headers(&[("grpc-status", "9"), SAID]), None, None).await;
    let expected = (400, "FAILED_PRECONDITION".to_owned());
    let expected = (Code::FailedPrecondition, expected);
    assert_eq!(heard(&fixture).await, expected);
}

#[tokio::test]
async fn what_has_another_media_type_is_no_grpc() {
    for media_type in [
        "image/jpeg",
        "application/grpc+json",
        "application/grpc-web",
        "application/grpc+proto2",
        "application/gr",
    ] {
        let said = headers(&[("content-type", media_type)]);
        let end = headers(&[("grpc-status", "0")]);
        let fixture = start(200, said, Some(frame(&[])), Some(end)).await;
        let expected = (Code::Unknown, (500, "UNKNOWN".to_owned()));
        assert_eq!(heard(&fixture).await, expected, "{media_type}");
    }
}

#[tokio::test]
async fn a_reply_may_write_its_media_type_as_a_request_may() {
    for media_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc;charset=utf-8",
        "application/grpc+proto;charset=utf-8",
        "application/grpc+proto ; charset=utf-8",
        "Application/GRPC+Proto",
    ] {
        let said = headers(&[("content-type", media_type)]);
        let end = headers(&[("grpc-status", "0")]);
        let fixture = start(200, said, Some(frame(&[])), Some(end)).await;
        assert_eq!(heard_in_grpc(&fixture).await, Code::Ok, "{media_type}");
        assert_eq!(fixture.get(BOOK).await.status(), 200, "{media_type}");
    }
}

#[tokio::test]
async fn the_status_is_that_of_the_end_or_of_a_reply_of_headers_alone() {
    let bare = headers(&[GRPC]);
    let told = headers(&[GRPC, ("grpc-status", "8"), SAID]);
    let end = |name, value| Some(headers(&[(name, value), SAID]));
    let (unknown, exhausted, failed) = (
        (Code::Unknown, 500, "UNKNOWN"),
        (Code::ResourceExhausted, 429, "RESOURCE_EXHAUSTED"),
        (Code::FailedPrecondition, 400, "FAILED_PRECONDITION"),
    );
    let message = Some(frame(&[]));
    for (headers, data, trailers, expected) in [
        (&told, None, None, exhausted),
        (&told, Some(Bytes::new()), None, exhausted),
        (&told, None, end("grpc-status", "9"), failed),
        (&told, message.clone(), None, unknown),
        (&bare, message, None, unknown),
        (&bare, None, end("x-other", "no"), unknown),
        (&bare, None, None, unknown),
    ] {
        let what = format!("{headers:?}, {data:?}, {trailers:?}");
        let fixture = start(200, headers.clone(), data, trailers).await;
        let (code, http, name) = expected;
        let expected = (code, (http, name.to_owned()));
        assert_eq!(heard(&fixture).await, expected, "{what}");
    }
}
