//! In front of servers that are not Tradewind's, nobody notices that there is a gateway.

use std::io::{Read as _, Write as _};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use edge::generic::Access;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::Message as _;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

use crate::fixture::{Fixture, bare, settings};
use crate::generic::{Book, before, of_library};
use crate::upstream::{Answer, Seen, Upstream, frame};

const GET_BOOK: &str = "/library.v1.Library/GetBook";
const BOOK: &str = "/v1/shelves/1/books/2";
const SAID: &str = "a cable is löse";

async fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Fixture {
    before(Upstream::start(answer).await, Access::Public, |_| ()).await
}

fn post(fixture: &Fixture, content_type: &str) -> RequestBuilder {
    let client = reqwest::Client::builder().no_proxy();
    let client = client.http2_prior_knowledge().build().unwrap();
    let request = client.post(fixture.url(GET_BOOK));
    request.header("content-type", content_type)
}

async fn asked(fixture: &Fixture, content_type: &str, body: Vec<u8>) -> Response {
    let request = post(fixture, content_type).body(body);
    request.send().await.unwrap()
}

/// The details of an error: a Book in `google.rpc.Status`.
fn details() -> Vec<u8> {
    let book = Book {
        name: "of the server".to_owned(),
        pages: 1,
    };
    let any = prost_types::Any {
        type_url: "type.googleapis.com/library.v1.Book".to_owned(),
        value: book.encode_to_vec(),
    };
    let status = tonic_types::Status {
        code: Code::Internal as i32,
        message: SAID.to_owned(),
        details: vec![any],
    };
    status.encode_to_vec()
}

fn failed(code: Code, details: Vec<u8>) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("x-told", "beside".parse().unwrap());
    Status::with_details_and_metadata(code, SAID, details.into(), metadata)
}

#[tokio::test]
async fn errors_of_the_server_come_word_for_word() {
    for code in [
        Code::Internal,
        Code::Unknown,
        Code::DataLoss,
        Code::NotFound,
    ] {
        for details in [Vec::new(), details()] {
            let said = details.clone();
            let fixture = start(move |_| Answer::Error(failed(code, said.clone()))).await;

            let empty = frame(&[]).to_vec();
            for content_type in ["application/grpc", "application/grpc-web"] {
                let told = asked(&fixture, content_type, empty.clone()).await;
                let status = Status::from_header_map(told.headers()).unwrap();
                assert_eq!((status.code(), status.message()), (code, SAID));
                assert_eq!(status.details(), details, "{content_type}");
                assert_eq!(told.headers()["x-told"], "beside");
            }

            let told = asked(&fixture, "application/json", b"{}".to_vec()).await;
            assert_eq!(told.headers()["trailer-x-told"], "beside");
            let error: Value = told.json().await.unwrap();
            let name = format!("{code:?}").to_lowercase();
            let found = error["code"].as_str().unwrap().replace('_', "");
            assert_eq!((found, &error["message"]), (name, &SAID.into()));
            let values = error["details"].as_array();
            let values: Option<Vec<Value>> =
                values.map(|all| all.iter().map(|one| one["value"].clone()).collect());
            let status = tonic_types::Status::decode(&*details).unwrap();
            let expected = status.details.iter().map(|any| &any.value);
            let expected: Vec<Value> = expected
                .map(|value| STANDARD_NO_PAD.encode(value).into())
                .collect();
            assert_eq!(values.unwrap_or_default(), expected, "{error}");

            let told = fixture.get(BOOK).await;
            let error: Value = told.json().await.unwrap();
            let error = &error["error"];
            assert_eq!(error["message"], SAID);
            let found = error["status"].as_str().unwrap().replace('_', "");
            assert_eq!(found.to_lowercase(), format!("{code:?}").to_lowercase());
            let names = error["details"].as_array();
            let names: Option<Vec<_>> =
                names.map(|all| all.iter().map(|one| one["name"].clone()).collect());
            let expected: Vec<Value> = match details.is_empty() {
                true => Vec::new(),
                false => vec!["of the server".into()],
            };
            assert_eq!(names.unwrap_or_default(), expected, "{error}");
        }
    }
}

#[tokio::test]
async fn refusals_of_the_gateway_have_a_code_and_a_message_alone() {
    let fixture = start(|_| Answer::Message(Vec::new())).await;
    let large = vec![0; (1 << 20) + 1];
    for content_type in ["application/grpc", "application/grpc-web"] {
        let told = asked(&fixture, content_type, frame(&large).to_vec()).await;
        let status = Status::from_header_map(told.headers()).unwrap();
        assert_eq!(status.code(), Code::ResourceExhausted);
        assert_eq!(status.details(), b"");
    }
    let request = post(&fixture, "application/json").body("{}");
    let request = request.header("connect-protocol-version", "2");
    let error: Value = request.send().await.unwrap().json().await.unwrap();
    assert_eq!(error["code"], "invalid_argument");
    assert_eq!(error.get("details"), None);
    let told = bare(fixture.get("/nothing").await).await;
    assert_eq!(told, (404, "NOT_FOUND".to_owned()));
}

/// Calls a method in every protocol, and gives the deadlines that the server heard of.
async fn deadlines(fixture: &Fixture, timeout: Option<&str>) -> Vec<Option<String>> {
    let with = |request: RequestBuilder| match timeout {
        Some(timeout) => request.header("grpc-timeout", timeout),
        None => request,
    };
    let lines = fixture.request("POST", "/v1/shelves/1/books:add");
    let lines = lines.header("content-type", "application/x-ndjson");
    let empty = frame(&[]).to_vec();
    for request in [
        post(fixture, "application/grpc").body(empty.clone()),
        post(fixture, "application/grpc-web").body(empty),
        post(fixture, "application/json").body("{}"),
        fixture.request("GET", BOOK),
        lines.body("{}\n"),
    ] {
        assert_eq!(with(request).send().await.unwrap().status(), 200);
    }
    let calls = fixture.upstream.calls();
    let timeout = |call: &Seen| call.metadata("grpc-timeout").map(str::to_owned);
    calls.iter().map(timeout).collect()
}

#[tokio::test]
async fn the_server_hears_of_a_deadline_only_if_somebody_asked_for_one() {
    let with = async |timeout: Option<Duration>| {
        let mut settings = settings();
        settings.requests.request_timeout = timeout;
        let upstream = Upstream::start(|_| Answer::Message(Vec::new())).await;
        of_library(upstream, settings, |_| ()).await
    };
    for none in [None, Some(Duration::ZERO)] {
        assert_eq!(deadlines(&with(none).await, None).await, vec![None; 5]);
        let asked = deadlines(&with(none).await, Some("1H")).await;
        assert!(asked.iter().all(Option::is_some), "{asked:?}");
    }
    let by_operator = deadlines(&with(Some(Duration::from_secs(60))).await, None).await;
    let (stream, others) = by_operator.split_last().unwrap();
    assert!(others.iter().all(Option::is_some), "{others:?}");
    assert_eq!(*stream, None, "a stream lasts as long as both ends want");
}

#[tokio::test]
async fn what_led_a_reply_that_fails_goes_along_with_the_error_of_connect() {
    let leading = HeaderMap::from_iter([(
        HeaderName::from_static("x-led"),
        HeaderValue::from_static("first"),
    )]);
    let fixture = start(move |_| Answer::Late(leading.clone(), failed(Code::Aborted, Vec::new())));
    let fixture = fixture.await;
    let told = asked(&fixture, "application/json", b"{}".to_vec()).await;
    assert_eq!(told.headers()["x-led"], "first");
    assert_eq!(told.headers()["trailer-x-told"], "beside");
    assert_eq!(told.headers()["content-type"], "application/json");
    assert_eq!(told.json::<Value>().await.unwrap()["code"], "aborted");
}

#[tokio::test]
async fn a_call_of_one_message_with_none_or_two_is_not_implemented() {
    let fixture = start(|_| Answer::Message(Vec::new())).await;
    let two = [frame(&[]), frame(&[])].concat();
    let cut = frame(&[0; 9])[..9].to_vec();
    for (frames, code) in [
        (Vec::new(), Code::Unimplemented),
        (two, Code::Unimplemented),
        (cut, Code::InvalidArgument),
    ] {
        for content_type in ["application/grpc", "application/grpc-web"] {
            let told = asked(&fixture, content_type, frames.clone()).await;
            let status = Status::from_header_map(told.headers()).unwrap();
            assert_eq!(status.code(), code, "{content_type}");
        }
    }
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn what_is_no_call_at_the_path_of_a_method_is_told_by_http_alone() {
    let fixture = start(|_| Answer::Message(Vec::new())).await;
    let refused = async |method: &str, path: &str, content_type: &str| {
        let request = fixture.request(method, path);
        let request = request.header("content-type", content_type);
        let request = request.header("connect-protocol-version", "1").body("{}");
        let told = request.send().await.unwrap();
        let (status, headers) = (told.status().as_u16(), told.headers().clone());
        assert_eq!(headers.get("content-type"), None, "{method} {path}");
        assert_eq!(told.bytes().await.unwrap(), "", "{method} {path}");
        (status, headers)
    };
    for content_type in [
        "image/jpeg",
        "application/connect+json",
        "application/connect+what",
    ] {
        let (status, headers) = refused("POST", GET_BOOK, content_type).await;
        assert_eq!(status, 415, "{content_type}");
        assert!(headers.contains_key("accept-post"), "{headers:?}");
    }
    for (method, content_type) in [
        ("GET", "application/json"),
        ("PUT", "application/json"),
        ("DELETE", "application/connect+json"),
        ("DELETE", "application/grpc-web"),
    ] {
        let (status, headers) = refused(method, GET_BOOK, content_type).await;
        assert_eq!((status, &headers["allow"]), (405, &"POST".parse().unwrap()));
    }
    let nothing = "/library.v1.Library/Nothing";
    assert_eq!(refused("POST", nothing, "application/json").await.0, 404);
    assert_eq!(
        refused("POST", GET_BOOK, "application/grpc-web+what")
            .await
            .0,
        415
    );
}

#[tokio::test]
async fn a_packed_message_in_no_coding_is_a_fault_in_connect() {
    let fixture = start(|_| Answer::Message(Vec::new())).await;
    let request = fixture.request("POST", "/library.v1.Library/WatchSeats");
    let request = request.header("content-type", "application/connect+json");
    let packed = [1, 0, 0, 0, 2, b'{', b'}'].to_vec();
    let told = request.body(packed).send().await.unwrap();
    let end = told.text().await.unwrap();
    assert!(end.contains(r#""code":"internal""#), "{end}");
}

/// The messages of frames, and the status in the last one of gRPC-Web.
fn unframed(mut rest: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((header, after)) = rest.split_first_chunk::<5>() {
        let length = u32::from_be_bytes(header[1..].try_into().unwrap()) as usize;
        frames.push((header[0], after[..length].to_vec()));
        rest = &after[length..];
    }
    frames
}

#[tokio::test]
async fn grpc_and_grpc_web_may_have_their_messages_in_json() {
    let fixture = start(|seen| {
        let Book { name, .. } = seen.decode();
        let book = |pages| Book {
            name: name.clone(),
            pages,
        };
        match seen.path.ends_with("/WatchSeats") {
            true => Answer::messages([book(1), book(2)]),
            false => Answer::message(&book(3)),
        }
    })
    .await;
    let name = "n".repeat(1000);
    let json = serde_json::json!({ "name": name }).to_string();
    let shelf = serde_json::json!({ "shelf": name }).to_string();
    let expected = |pages: &str| serde_json::json!({"name": name, "pages": pages});
    let read = |message: &[u8]| serde_json::from_slice::<Value>(message).unwrap();

    for content_type in ["application/grpc+json", "application/grpc-web+json"] {
        let told = asked(&fixture, content_type, frame(json.as_bytes()).to_vec()).await;
        assert_eq!(told.headers()["content-type"], content_type);
        let frames = unframed(&told.bytes().await.unwrap());
        assert_eq!((frames[0].0, read(&frames[0].1)), (0, expected("3")));
        let call = fixture.upstream.last_call();
        assert_eq!(call.metadata("content-type"), Some("application/grpc"));

        // Packed in both directions.
        let mut packed = frame(&gzip(json.as_bytes())).to_vec();
        packed[0] = 1;
        let request = post(&fixture, content_type).body(packed);
        let request = request.header("grpc-encoding", "gzip");
        let request = request.header("grpc-accept-encoding", "br,gzip");
        let told = request.send().await.unwrap();
        assert_eq!(told.headers()["grpc-encoding"], "gzip");
        let frames = unframed(&told.bytes().await.unwrap());
        assert_eq!(
            (frames[0].0, read(&gunzip(&frames[0].1))),
            (1, expected("3"))
        );
        assert_eq!(fixture.upstream.last_call().metadata("grpc-encoding"), None);

        let client = reqwest::Client::builder().no_proxy();
        let client = client.http2_prior_knowledge().build().unwrap();
        let request = client.post(fixture.url("/library.v1.Library/WatchSeats"));
        let request = request.header("content-type", content_type);
        let told = request.body(frame(shelf.as_bytes())).send().await.unwrap();
        let frames = unframed(&told.bytes().await.unwrap());
        let seats = frames.iter().filter(|(flags, _)| *flags == 0);
        let seats: Vec<_> = seats.map(|(_, message)| read(message)).collect();
        assert_eq!(seats, [expected("1"), expected("2")]);

        let told = asked(&fixture, content_type, frame(b"{\"nope\": 1}").to_vec()).await;
        assert_eq!(told.headers()["grpc-status"], "3", "{content_type}");
    }
    // Base64 of all.
    let text = base64::engine::general_purpose::STANDARD.encode(frame(json.as_bytes()));
    let told = asked(
        &fixture,
        "application/grpc-web-text+json",
        text.into_bytes(),
    )
    .await;
    assert_eq!(told.status(), 200);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(bytes);
    decoder.read_to_end(&mut unpacked).unwrap();
    unpacked
}
