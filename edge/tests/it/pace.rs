//! What has begun has to come on; what has not may be silent.

use std::time::Duration;

use edge::Settings;
use futures::{SinkExt as _, StreamExt as _};
use reqwest::{Body, Response};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::{Message, Utf8Bytes};

use crate::fixture::{Fixture, bare, refusal, refused, settings, shop};
use crate::generic::{Book, of_file, of_library};
use crate::hostile::send;
use crate::upstream::{Answer, Seen, Upstream, frame};

const CREATE_ORDER: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const ECHO: &str = "/v1/shelves/1/books:echo";
const ADD: &str = "/v1/shelves/1/books:add";
const LINES: &str = "application/x-ndjson";
const PATIENCE: Duration = Duration::from_secs(20);

fn impatient() -> Settings {
    let mut settings = settings();
    settings.requests.body_pause = Duration::from_millis(500);
    settings
}

/// A body that never ends.
fn begun(bytes: impl Into<bytes::Bytes>) -> Body {
    let first = futures::stream::iter([Ok::<_, std::io::Error>(bytes.into())]);
    Body::wrap_stream(first.chain(futures::stream::pending()))
}

async fn post(fixture: &Fixture, path: &str, content_type: &str, body: Body) -> Response {
    let client = reqwest::Client::builder().no_proxy();
    let client = client.http2_prior_knowledge().build().unwrap();
    let request = client.post(fixture.url(path));
    let request = request.bearer_auth(fixture.token(&["user"]));
    let request = request.header("content-type", content_type).body(body);
    let response = tokio::time::timeout(PATIENCE, request.send()).await;
    response.expect("an answer in time").unwrap()
}

fn too_slow() -> (u16, String) {
    (408, "DEADLINE_EXCEEDED".to_owned())
}

#[tokio::test]
async fn a_body_that_stalls_is_refused_in_every_protocol() {
    let fixture = Fixture::with(impatient(), shop).await;
    let response = post(&fixture, "/v1/orders", "application/json", begun("{")).await;
    let expected = refused(408, "DEADLINE_EXCEEDED", "REQUEST_TOO_SLOW");
    assert_eq!(refusal(response).await, expected);
    for content_type in ["application/json", "application/proto"] {
        let response = post(&fixture, CREATE_ORDER, content_type, begun("{")).await;
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["code"], "deadline_exceeded", "{content_type}");
    }
    let half = &frame(&[0; 100])[..50];
    for content_type in [
        "application/grpc",
        "application/grpc-web",
        "application/grpc-web-text",
    ] {
        let body = begun(half.to_vec());
        let response = post(&fixture, CREATE_ORDER, content_type, body).await;
        assert_eq!(response.headers()["grpc-status"], "4", "{content_type}");
    }
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn no_request_follows_one_that_stalled() {
    let fixture = Fixture::with(impatient(), shop).await;
    let token = fixture.token(&["user"]);
    let stalled = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-length: 1000\r\n\r\n{{"
    );
    let ended = send(&fixture, stalled.as_bytes()).await;
    assert_eq!(ended.statuses(), ["408"]);
    let said = String::from_utf8_lossy(&ended.said);
    assert!(said.contains("connection: close\r\n"), "{said}");
}

/// The library, to whose streams nobody answers before their end.
async fn library() -> Fixture {
    let sum = |seen: &Seen| {
        let books: Vec<Book> = seen.decode_all();
        let pages = books.iter().map(|book| book.pages).sum();
        let name = String::new();
        Answer::message(&Book { name, pages })
    };
    of_library(Upstream::start(sum).await, impatient(), |_| ()).await
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(fixture: &Fixture, path: &str) -> Socket {
    let url = format!("ws://{}{path}", fixture.address);
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let request = url.into_client_request().unwrap();
    let opened = tokio_tungstenite::client_async(request, stream).await;
    opened.unwrap().0
}

async fn next(socket: &mut Socket) -> Message {
    let next = tokio::time::timeout(PATIENCE, socket.next()).await;
    next.expect("a frame in time").unwrap().unwrap()
}

async fn echoes(socket: &mut Socket, pages: &str) {
    let text = json!({ "pages": pages }).to_string();
    socket.send(Message::text(text)).await.unwrap();
    let Message::Text(text) = next(socket).await else {
        panic!("it has ended");
    };
    assert_eq!(
        serde_json::from_str::<Value>(&text).unwrap()["pages"],
        pages
    );
}

#[tokio::test]
async fn a_stream_may_be_silent_between_messages_and_not_within_one() {
    let fixture = library().await;
    let (quiet, calls) = tokio::sync::mpsc::channel::<Result<&str, std::io::Error>>(1);
    let calls = tokio_stream(calls);
    let request = fixture.request("POST", ADD).header("content-type", LINES);
    let quiet_stream = tokio::spawn(request.body(Body::wrap_stream(calls)).send());
    quiet.send(Ok("{\"pages\": 1}\n")).await.unwrap();
    let mut quiet_socket = connect(&fixture, ECHO).await;
    echoes(&mut quiet_socket, "1").await;

    // Twice, one after the other: by then, the silent ones have been so for longer than a pause.
    for _ in 0..2 {
        let response = post(&fixture, ADD, LINES, begun("{\"pages\": 1}\n{\"pages\"")).await;
        assert_eq!(bare(response).await, too_slow());
        let path = "/library.v1.Library/AddBooks";
        let half = frame(&[0; 100])[..50].to_vec();
        let response = post(&fixture, path, "application/grpc", begun(half.clone())).await;
        assert_eq!(response.headers()["grpc-status"], "4");
        let content_type = "application/connect+proto";
        let response = post(&fixture, path, content_type, begun(half)).await;
        let end = response.text().await.unwrap();
        assert!(end.contains("deadline_exceeded"), "{end}");

        let mut socket = connect(&fixture, ECHO).await;
        echoes(&mut socket, "1").await;
        let text: Utf8Bytes = "{\"pages\"".into();
        let begun = Frame::message(text, OpCode::Data(Data::Text), false);
        socket.send(Message::Frame(begun)).await.unwrap();
        let Message::Close(Some(close)) = next(&mut socket).await else {
            panic!("it goes on");
        };
        assert_eq!(u16::from(close.code), 4004);
        assert!(close.reason.starts_with("the request comes too slowly"));
    }

    echoes(&mut quiet_socket, "2").await;
    quiet.send(Ok("{\"pages\": 2}\n")).await.unwrap();
    drop(quiet);
    let response = quiet_stream.await.unwrap().unwrap();
    assert_eq!(response.json::<Value>().await.unwrap()["pages"], "3");
}

fn tokio_stream<T>(mut receiver: tokio::sync::mpsc::Receiver<T>) -> impl futures::Stream<Item = T> {
    futures::stream::poll_fn(move |context| receiver.poll_recv(context))
}

#[tokio::test]
async fn an_upload_that_stalls_is_refused() {
    let upstream = Upstream::start(|_| Answer::Silence).await;
    let fixture = of_file("files.proto", "files.v1.Files", upstream, impatient(), None).await;
    let form = "multipart/form-data; boundary=x";
    let part = "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\nhel";
    for (content_type, body) in [("text/plain", "hel"), (form, part)] {
        let response = post(&fixture, "/v1/files/f:upload", content_type, begun(body)).await;
        assert_eq!(bare(response).await, too_slow(), "{content_type}");
    }
}

#[tokio::test]
async fn a_web_socket_that_is_opened_byte_by_byte_is_no_other() {
    let fixture = library().await;
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    let head = format!(
        "GET {ECHO} HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    );
    for byte in head.as_bytes() {
        stream.write_all(&[*byte]).await.unwrap();
    }
    let mut answer = [0; 12];
    let read = tokio::io::AsyncReadExt::read_exact(&mut stream, &mut answer);
    tokio::time::timeout(PATIENCE, read).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 101");
}
