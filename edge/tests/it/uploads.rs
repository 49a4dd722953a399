//! Streams of messages from the client, in JSON, and packed bodies.

use std::convert::Infallible;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use edge::generic::Access;
use flate2::{Compression, write::GzEncoder};
use futures::channel::mpsc;
use reqwest::{Body, Client, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::fixture::{Fixture, an_order, error, reason, settings, shop};
use crate::generic::{Book, before};
use crate::upstream::{Answer, Seen, Upstream};

const ADD: &str = "/v1/shelves/1/books:add";
const ECHO: &str = "/v1/shelves/1/books:echo";
const LINES: &str = "application/x-ndjson";

/// Answers with the pages of all books that came.
fn sum(seen: &Seen) -> Answer {
    let books: Vec<Book> = seen.decode_all();
    let pages = books.iter().map(|book| book.pages).sum();
    let name = books.first().map(|book| book.name.clone());
    let name = name.unwrap_or_default();
    Answer::message(&Book { name, pages })
}

async fn library() -> Fixture {
    before(Upstream::start(sum).await, Access::Public, |_| ()).await
}

fn post(fixture: &Fixture, path: &str, content_type: &str) -> RequestBuilder {
    let request = fixture.request("POST", path);
    request.header("content-type", content_type)
}

async fn added(request: RequestBuilder) -> Value {
    let response = request.send().await.unwrap();
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert_eq!(status, 200, "{text}");
    serde_json::from_str(&text).unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[tokio::test]
async fn each_line_is_a_message() {
    let fixture = library().await;
    let expected = json!({"name": "shelves/1", "pages": "6"});
    for (content_type, body) in [
        (LINES, "{\"pages\":1}\n\n{\"pages\":\"2\"}\r\n{\"pages\":3}"),
        (
            "application/json",
            r#" [{"pages":1}, {"pages":2},{"pages":3}]"#,
        ),
        ("application/json", r#"{"pages":1}{"pages":2} {"pages":3}"#),
    ] {
        let request = post(&fixture, ADD, content_type).body(body);
        assert_eq!(added(request).await, expected, "{body}");
        let books: Vec<Book> = fixture.upstream.last_call().decode_all();
        assert_eq!(books.len(), 3, "{body}");
    }
    let none = post(&fixture, ADD, LINES).body("");
    assert_eq!(added(none).await, json!({"name": "", "pages": "0"}));
}

#[tokio::test]
async fn a_fault_is_told_with_its_line() {
    let fixture = library().await;
    for (content_type, body, place) in [
        (LINES, "{\"pages\":1}\n\n{\"pages\":true}\n", "line 3: "),
        (LINES, "{\"pages\":1}\n{\"page\":1}", "line 2: "),
        (
            "application/json",
            "[{\"pages\":1},{\"pages\":true}]",
            "message 2: ",
        ),
        ("application/json", "[{\"pages\":1}", "message 1: "),
    ] {
        let response = post(&fixture, ADD, content_type).body(body).send().await;
        let error = error(response.unwrap()).await;
        assert_eq!(error["code"], 400, "{body}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(place), "{message}");
    }
    let response = post(&fixture, ADD, "text/csv").body("1").send().await;
    let error = error(response.unwrap()).await;
    assert_eq!(error["code"], 415);
    assert!(
        error["message"].as_str().unwrap().contains(LINES),
        "{error}"
    );
}

#[tokio::test]
async fn a_line_has_a_limit_and_a_stream_has_none() {
    let fixture = library().await;
    let line = format!("{{\"pages\":1}}{}\n", " ".repeat(100_000));
    let body = line.repeat(30);
    assert_eq!(
        added(post(&fixture, ADD, LINES).body(body)).await["pages"],
        "30"
    );
    let long = format!("{{\"pages\":1}}\n{}", " ".repeat((1 << 20) + 1));
    let response = post(&fixture, ADD, LINES).body(long).send().await.unwrap();
    let error = error(response).await;
    assert_eq!(
        (&error["code"], &error["status"]),
        (&json!(413), &json!("INVALID_ARGUMENT"))
    );
    assert!(
        error["message"].as_str().unwrap().starts_with("line 2: "),
        "{error}"
    );
}

/// A client that goes on sending while it reads.
async fn talk(fixture: &Fixture, accept: &str) -> (mpsc::Sender<io::Result<Bytes>>, Response) {
    let (lines, sent) = mpsc::channel::<io::Result<Bytes>>(1);
    let client = Client::builder().no_proxy().http2_prior_knowledge();
    let request = client.build().unwrap().post(fixture.url(ECHO));
    let request = request
        .header("content-type", LINES)
        .header("accept", accept);
    let body = Body::wrap_stream(sent);
    let response = request.body(body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    (lines, response)
}

async fn chunk(response: &mut Response) -> String {
    let chunk = tokio::time::timeout(Duration::from_secs(10), response.chunk()).await;
    let chunk = chunk.expect("in time").unwrap().unwrap_or_default();
    String::from_utf8(chunk.to_vec()).unwrap()
}

#[tokio::test]
async fn both_sides_talk_at_the_same_time() {
    let fixture = library().await;
    let (mut lines, mut response) = talk(&fixture, "*/*").await;
    for pages in 1..4 {
        let line = format!("{{\"pages\":{pages}}}\n");
        lines.try_send(Ok(line.into())).unwrap();
        let book: Value = serde_json::from_str(&chunk(&mut response).await).unwrap();
        assert_eq!(
            book,
            json!({"name": "shelves/1", "pages": pages.to_string()})
        );
    }
    lines.try_send(Ok("{\"pages\":true}\n".into())).unwrap();
    let last: Value = serde_json::from_str(&chunk(&mut response).await).unwrap();
    assert_eq!(last["error"]["code"], 400, "{last}");
    assert!(
        last["error"]["message"]
            .as_str()
            .unwrap()
            .contains("line 4: ")
    );
}

#[tokio::test]
async fn a_client_that_breaks_off_its_stream_ends_the_call() {
    let fixture = library().await;
    let (mut lines, mut response) = talk(&fixture, "text/event-stream").await;
    lines.try_send(Ok("{\"pages\":1}\n".into())).unwrap();
    assert!(chunk(&mut response).await.starts_with("data: "));
    lines.try_send(Err(io::Error::other("gone"))).unwrap();
    drop(response);
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn bodies_may_be_packed() {
    let fixture = Fixture::start(shop).await;
    let order = an_order().to_string().into_bytes();
    for (coding, body) in [
        ("gzip", gzip(&order)),
        ("zstd", zstd(&order)),
        ("identity", order),
    ] {
        let request = fixture.as_user("POST", "/v1/orders");
        let request = request.header("content-type", "application/json");
        let response = request
            .header("content-encoding", coding)
            .body(body)
            .send()
            .await;
        assert_eq!(response.unwrap().status(), 201, "{coding}");
    }
    let library = library().await;
    let lines = "{\"pages\":1}\n".repeat(1000);
    for (coding, body) in [
        ("gzip", gzip(lines.as_bytes())),
        ("zstd", zstd(lines.as_bytes())),
    ] {
        let request = post(&library, ADD, LINES).header("content-encoding", coding);
        assert_eq!(added(request.body(body)).await["pages"], "1000", "{coding}");
    }
}

#[tokio::test]
async fn a_packed_body_grows_to_the_limit_alone() {
    let mut settings = settings();
    // The bombs are smaller when they come.
    settings.requests.body_limit = 1_000_000;
    let fixture = Fixture::with(settings, shop).await;
    let bomb = vec![b' '; 64 << 20];
    for (coding, body) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        let request = fixture.as_user("POST", "/v1/orders");
        let response = request
            .header("content-encoding", coding)
            .body(body)
            .send()
            .await;
        let error = error(response.unwrap()).await;
        let expected = (&json!(413), "REQUEST_TOO_LARGE");
        assert_eq!((&error["code"], reason(&error)), expected, "{coding}");
    }
    let library = library().await;
    for (coding, body) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        let request = post(&library, ADD, LINES).header("content-encoding", coding);
        let error = error(request.body(body).send().await.unwrap()).await;
        assert_eq!(error["code"], 413, "{coding}");
    }
}

#[tokio::test]
async fn other_codings_are_refused_with_what_would_do() {
    let fixture = Fixture::start(shop).await;
    for coding in ["br", "gzip, gzip", "deflate"] {
        let request = fixture.as_user("POST", "/v1/orders").json(&an_order());
        let response = request
            .header("content-encoding", coding)
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["accept-encoding"], "gzip, zstd");
        assert_eq!(error(response).await["code"], 415, "{coding}");
    }
    let request = fixture.as_user("POST", "/v1/orders").json(&an_order());
    let response = request.header("content-encoding", "gzip").send().await;
    assert_eq!(error(response.unwrap()).await["code"], 415, "it is none");
}

/// Sends lines of 10 kB as fast as they are taken, and counts them.
async fn pour(fixture: &Fixture, poured: Arc<AtomicUsize>) -> Response {
    let line = format!("{{\"note\": \"{}\"}}\n", "x".repeat(10_000));
    let lines = futures::stream::repeat_with(move || {
        poured.fetch_add(1, Ordering::Relaxed);
        Ok::<_, Infallible>(line.clone())
    });
    let client = Client::builder().no_proxy().http2_prior_knowledge();
    let request = client.build().unwrap().post(fixture.url(ECHO));
    let request = request.header("content-type", LINES);
    request.body(Body::wrap_stream(lines)).send().await.unwrap()
}

#[tokio::test]
async fn what_the_upstream_does_not_take_is_not_read() {
    const READ: usize = 4_000;
    let fixture = library().await;
    let poured = Arc::new(AtomicUsize::new(0));
    // The upstream takes no more when nobody takes its replies.
    let _silent = pour(&fixture, poured.clone()).await;
    let mut reader = pour(&fixture, Arc::default()).await;
    let mut lines = 0;
    while lines < READ {
        let chunk = reader.chunk().await.unwrap().unwrap();
        lines += chunk.iter().filter(|byte| **byte == b'\n').count();
    }
    let unread = poured.load(Ordering::Relaxed);
    assert!(
        unread < READ / 2,
        "{unread} lines for nobody, {READ} for a reader"
    );
}
