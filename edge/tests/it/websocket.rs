//! Streams over WebSocket.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contracts::tradewind::orders::v1::{OrderEvent, WatchOrderResponse};
use edge::Settings;
use edge::generic::Access;
use futures::{SinkExt as _, StreamExt as _};
use prost::Message as _;
use runtime::identity::Revocation;
use runtime::status::Problem;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::{Bytes, Message};

use crate::fixture::{Fixture, SESSION, settings};
use crate::generic::{Book, before};
use crate::upstream::{Answer, Seen, Upstream};

const WATCH: &str = "/v1/orders/o-1:watch";
const ADD: &str = "/v1/shelves/1/books:add";
const ECHO: &str = "/v1/shelves/1/books:echo";

type Socket = WebSocketStream<TcpStream>;

/// Opens one, with these headers; or the status of the refusal.
async fn open(
    fixture: &Fixture,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<Socket, u16> {
    let url = format!("ws://{}{path}", fixture.address);
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn as_user(fixture: &Fixture, path: &str) -> Socket {
    let token = format!("Bearer {}", fixture.token(&["user"]));
    let socket = open(fixture, path, &[("authorization", &token)]).await;
    socket.unwrap()
}

async fn next(socket: &mut Socket) -> Message {
    loop {
        let next = tokio::time::timeout(Duration::from_secs(10), socket.next()).await;
        match next.expect("a frame in time").unwrap().unwrap() {
            Message::Ping(_) => {}
            message => return message,
        }
    }
}

async fn json(socket: &mut Socket) -> Value {
    match next(socket).await {
        Message::Text(text) => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

/// The code and the reason of the close frame.
async fn closed(socket: &mut Socket) -> (u16, String) {
    match next(socket).await {
        Message::Close(Some(frame)) => (frame.code.into(), frame.reason.to_string()),
        other => panic!("{other:?}"),
    }
}

async fn say(socket: &mut Socket, text: &str) {
    socket.send(Message::text(text)).await.unwrap();
}

fn event(sequence: i64) -> WatchOrderResponse {
    let event = OrderEvent {
        sequence,
        ..OrderEvent::default()
    };
    WatchOrderResponse { event: Some(event) }
}

fn two(_: &Seen) -> Answer {
    Answer::messages([event(1), event(2)])
}

fn one_and_silence(_: &Seen) -> Answer {
    let first = futures::stream::iter([Ok(event(1).encode_to_vec())]);
    Answer::Stream(first.chain(futures::stream::pending()).boxed())
}

fn pages(seen: &Seen) -> Answer {
    let books: Vec<Book> = seen.decode_all();
    let pages = books.iter().map(|book| book.pages).sum();
    Answer::message(&Book {
        name: "all".into(),
        pages,
    })
}

async fn library() -> Fixture {
    before(Upstream::start(pages).await, Access::Public, |_| ()).await
}

#[tokio::test]
async fn each_message_is_a_frame_and_ok_is_1000() {
    let fixture = Fixture::start(two).await;
    let mut socket = as_user(&fixture, WATCH).await;
    assert_eq!(json(&mut socket).await["sequence"], "1");
    assert_eq!(json(&mut socket).await["sequence"], "2");
    assert_eq!(closed(&mut socket).await, (1000, String::new()));
    let call = fixture.upstream.last_call();
    assert!(call.metadata("authorization").is_some());
    assert!(call.metadata("sec-websocket-key").is_none());
}

#[tokio::test]
async fn an_error_is_the_close_code() {
    let missing = |_: &Seen| Answer::Error(Problem::not_found("order", "o-1").into());
    let fixture = Fixture::start(missing).await;
    let (code, reason) = closed(&mut as_user(&fixture, WATCH).await).await;
    assert_eq!(code, 4005);
    assert!(reason.starts_with("RESOURCE_NOT_FOUND: "), "{reason}");
}

#[tokio::test]
async fn who_may_not_is_refused_before_it_is_connected() {
    let fixture = Fixture::start(two).await;
    assert_eq!(open(&fixture, WATCH, &[]).await.err(), Some(401));
    let nobody = format!("Bearer {}", fixture.token(&["nobody"]));
    let refused = open(&fixture, WATCH, &[("authorization", &nobody)]).await;
    assert_eq!(refused.err(), Some(403));
    let bad = [("authorization", "Bearer x")];
    assert_eq!(open(&fixture, "/v1/none", &bad).await.err(), Some(404));
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn a_page_of_another_site_may_not_connect() {
    let mut settings = settings();
    settings.web.cors_origins = vec!["https://shop.example".parse().unwrap()];
    let fixture = Fixture::with(settings, two).await;
    let token = format!("Bearer {}", fixture.token(&["user"]));
    let own = format!("http://{}", fixture.address);
    for (origin, expected) in [
        ("https://evil.example", Some(403)),
        ("null", Some(403)),
        ("https://shop.example", None),
        (own.as_str(), None),
    ] {
        let headers = [("authorization", token.as_str()), ("origin", origin)];
        assert_eq!(
            open(&fixture, WATCH, &headers).await.err(),
            expected,
            "{origin}"
        );
    }
}

#[tokio::test]
async fn both_sides_talk_at_the_same_time() {
    let fixture = library().await;
    let mut socket = open(&fixture, ECHO, &[("sec-websocket-protocol", "json")])
        .await
        .unwrap();
    for pages in ["1", "2"] {
        say(&mut socket, &json!({ "pages": pages }).to_string()).await;
        let expected = json!({"name": "shelves/1", "pages": pages});
        assert_eq!(json(&mut socket).await, expected);
    }
    say(&mut socket, "").await;
    assert_eq!(closed(&mut socket).await.0, 1000);
}

#[tokio::test]
async fn one_reply_comes_when_all_is_said() {
    let fixture = library().await;
    let mut socket = open(&fixture, ADD, &[]).await.unwrap();
    for _ in 0..3 {
        say(&mut socket, r#"{"pages": 2}"#).await;
    }
    say(&mut socket, "").await;
    assert_eq!(json(&mut socket).await["pages"], "6");
    assert_eq!(closed(&mut socket).await.0, 1000);
}

#[tokio::test]
async fn what_is_wrong_is_said_at_the_close() {
    let fixture = library().await;
    let mut socket = open(&fixture, ECHO, &[]).await.unwrap();
    say(&mut socket, r#"{"pages": 1}"#).await;
    json(&mut socket).await;
    say(&mut socket, r#"{"pages": true}"#).await;
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 4003);
    assert!(reason.contains("pages"), "{reason}");
    fixture.upstream.abandoned(1).await;

    let mut socket = open(&fixture, ECHO, &[]).await.unwrap();
    socket
        .send(Message::Binary(Bytes::from_static(b"{}")))
        .await
        .unwrap();
    assert_eq!(closed(&mut socket).await.0, 1003);

    let mut socket = open(&fixture, ECHO, &[]).await.unwrap();
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20));
    // It may be refused before it is sent whole.
    let _ = socket.send(Message::text(large)).await;
    assert_eq!(closed(&mut socket).await.0, 1009);
}

#[tokio::test]
async fn it_ends_with_its_session_its_token_and_the_edge() {
    let fixture = Fixture::start(one_and_silence).await;
    let soon = fixture.node.clock.now() + Duration::from_secs(3);
    let token = format!("Bearer {}", fixture.token_until(&["user"], soon));
    let headers = [("authorization", token.as_str())];
    let mut expiring = open(&fixture, WATCH, &headers).await.unwrap();
    json(&mut expiring).await;
    let (code, reason) = closed(&mut expiring).await;
    assert_eq!(code, 4016);
    assert!(reason.starts_with("TOKEN_EXPIRED: "), "{reason}");
    fixture.upstream.abandoned(1).await;

    let mut draining = as_user(&fixture, WATCH).await;
    json(&mut draining).await;
    fixture.shutdown.cancel();
    let (code, reason) = closed(&mut draining).await;
    assert_eq!(code, 4014);
    assert!(reason.starts_with("OVERLOADED: "), "{reason}");

    let fixture = Fixture::start(one_and_silence).await;
    let mut revoked = as_user(&fixture, WATCH).await;
    json(&mut revoked).await;
    let forget_time = fixture.node.clock.now() + Duration::from_secs(900);
    fixture.node.identity.revocations().insert([Revocation {
        session_id: SESSION,
        forget_time,
    }]);
    let (code, reason) = closed(&mut revoked).await;
    assert_eq!(code, 4016);
    assert!(reason.starts_with("SESSION_REVOKED: "), "{reason}");
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call() {
    let fixture = Fixture::start(one_and_silence).await;
    let mut socket = as_user(&fixture, WATCH).await;
    json(&mut socket).await;
    drop(socket);
    fixture.upstream.abandoned(1).await;
    let mut socket = as_user(&fixture, WATCH).await;
    json(&mut socket).await;
    socket.close(None).await.unwrap();
    fixture.upstream.abandoned(2).await;
}

fn lively() -> Settings {
    let mut settings = settings();
    settings.requests.heartbeat = Duration::from_millis(100);
    settings
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_gone() {
    let fixture = Fixture::with(lively(), one_and_silence).await;
    // Its stream is not read any more, so nothing is answered.
    let mut silent = as_user(&fixture, WATCH).await;
    json(&mut silent).await;
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn a_client_that_answers_pings_may_wait() {
    let mut settings = lively();
    settings.connections.header_timeout = Duration::from_millis(500);
    let fixture = Fixture::with(settings, one_and_silence).await;
    let mut socket = as_user(&fixture, WATCH).await;
    json(&mut socket).await;
    for _ in 0..10 {
        let frame = tokio::time::timeout(Duration::from_secs(10), socket.next()).await;
        let frame = frame.unwrap().unwrap().unwrap();
        assert!(matches!(frame, Message::Ping(_)), "{frame:?}");
    }
}

#[tokio::test]
async fn it_counts_as_a_connection() {
    let mut settings = settings();
    settings.connections.max_connections_per_address = 1;
    let fixture = Fixture::with(settings, one_and_silence).await;
    let mut socket = as_user(&fixture, WATCH).await;
    json(&mut socket).await;
    assert!(fixture.request("GET", "/livez").send().await.is_err());
    drop(socket);
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn what_nobody_reads_is_not_made() {
    const READ: usize = 2_000;
    let made: Arc<[AtomicUsize; 2]> = Arc::default();
    let (counts, streams) = (made.clone(), AtomicUsize::new(0));
    let endless = move |_: &Seen| {
        let (counts, stream) = (counts.clone(), streams.fetch_add(1, Ordering::Relaxed));
        let events = futures::stream::repeat_with(move || {
            counts[stream].fetch_add(1, Ordering::Relaxed);
            let event = OrderEvent {
                order_id: "o".repeat(10_000),
                ..OrderEvent::default()
            };
            Ok(WatchOrderResponse { event: Some(event) }.encode_to_vec())
        });
        Answer::Stream(events.boxed())
    };
    let fixture = Fixture::start(endless).await;
    let mut silent = as_user(&fixture, WATCH).await;
    json(&mut silent).await;
    let mut reader = as_user(&fixture, WATCH).await;
    for _ in 0..READ {
        json(&mut reader).await;
    }
    let unread = made[0].load(Ordering::Relaxed);
    assert!(
        unread < READ / 2,
        "{unread} for nobody, {READ} for a reader"
    );
}
