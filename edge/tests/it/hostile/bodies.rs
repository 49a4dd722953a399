//! Bodies that are begun and kept from their end, to fill the edge's memory.

use std::time::Duration;

use bytes::Bytes;
use edge::Settings;
use futures::stream::FuturesUnordered;
use futures::{SinkExt as _, StreamExt as _};
use http::{Request, Response};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};

use super::PATIENCE;
use crate::fixture::{Fixture, an_order, bare, refusal, refused, settings, shop};
use crate::generic::of_library;
use crate::upstream::{Answer, Upstream};

const BODY: usize = 1_000_000;
const PER_CONNECTION: usize = 200;

type Reply = Result<Response<h2::RecvStream>, h2::Error>;

/// Connections of HTTP/2 whose every body lacks its last byte.
struct Stalled {
    requests: Vec<h2::client::SendRequest<Bytes>>,
    /// They keep the requests open.
    bodies: Vec<h2::SendStream<Bytes>>,
}

impl Stalled {
    async fn connect(fixture: &Fixture, connections: usize) -> Self {
        let mut requests = Vec::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(fixture.address).await.unwrap();
            let (request, connection) = h2::client::handshake(stream).await.unwrap();
            tokio::spawn(connection);
            requests.push(request);
        }
        let bodies = Vec::new();
        Self { requests, bodies }
    }

    /// One more request, from behind the proxy.
    async fn stall(
        &mut self,
        fixture: &Fixture,
        client: String,
    ) -> impl Future<Output = Reply> + use<> {
        let place = self.bodies.len() / PER_CONNECTION;
        let ready = self.requests[place].clone().ready();
        let mut requests = tokio::time::timeout(PATIENCE, ready)
            .await
            .unwrap()
            .unwrap();
        let token = fixture.token(&["user"]);
        let request = Request::post(fixture.url("/v1/orders"))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .header("content-length", BODY)
            .header("x-forwarded-for", client);
        let (reply, mut body) = requests
            .send_request(request.body(()).unwrap(), false)
            .unwrap();
        const SPACES: &[u8] = &[b' '; BODY - 1];
        body.send_data(Bytes::from_static(SPACES), false).unwrap();
        self.bodies.push(body);
        reply
    }
}

/// Bytes that the edge says it holds.
fn held(fixture: &Fixture) -> usize {
    let held = fixture.metric("edge_body_memory_bytes", &[]);
    held.expect("it is measured") as usize
}

fn behind_a_proxy() -> Settings {
    let mut settings = settings();
    settings.web.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    settings.requests.request_timeout = Some(Duration::from_secs(60));
    settings.requests.body_pause = Duration::from_secs(60);
    settings
}

/// Stalls 400 bodies until all but those that have room are refused, and asks as somebody else.
async fn refuses_what_has_no_room(client: impl Fn(usize) -> String, room: usize) {
    const BODIES: usize = 400;
    let fixture = Fixture::with(behind_a_proxy(), shop).await;
    let mut stalled = Stalled::connect(&fixture, BODIES / PER_CONNECTION).await;
    let mut replies = FuturesUnordered::new();
    for number in 0..BODIES {
        replies.push(stalled.stall(&fixture, client(number)).await);
    }
    for _ in 0..BODIES - room / BODY {
        let reply = tokio::time::timeout(PATIENCE, replies.next()).await;
        let reply = reply.expect("a refusal in time").unwrap().unwrap();
        assert_eq!(reply.status(), 503);
        assert_eq!(reply.headers()["retry-after"], "1");
        let held = held(&fixture);
        assert!(held <= room, "{held} of {room}");
    }
    assert!(held(&fixture) > 0, "some wait for their end");
    let somebody_else = fixture
        .as_user("POST", "/v1/orders")
        .header("x-forwarded-for", "198.51.100.9")
        .json(&an_order());
    assert_eq!(somebody_else.send().await.unwrap().status(), 201);
    drop((replies, stalled));
    let emptied = async {
        while held(&fixture) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, emptied)
        .await
        .expect("bodies that are given up hold nothing");
}

#[tokio::test]
async fn stalled_bodies_of_one_client_hold_no_more_than_its_share() {
    refuses_what_has_no_room(|_| "203.0.113.7".to_owned(), 8 << 20).await;
}

#[tokio::test]
async fn stalled_bodies_of_many_clients_hold_no_more_than_all_may() {
    let client = |number| format!("203.0.{}.{}", number / 200, number % 200);
    refuses_what_has_no_room(client, 64 << 20).await;
}

fn scarce() -> Settings {
    let mut settings = settings();
    settings.requests.body_memory_per_address = 50_000;
    settings
}

#[tokio::test]
async fn what_a_body_is_unpacked_to_counts_too() {
    let fixture = Fixture::with(scarce(), shop).await;
    let body = " ".repeat(200_000);
    let zstd = zstd::encode_all(body.as_bytes(), 1).unwrap();
    let request = fixture.as_user("POST", "/v1/orders").body(zstd);
    let request = request.header("content-type", "application/json");
    let response = request.header("content-encoding", "zstd").send().await;
    let expected = refused(503, "UNAVAILABLE", "OVERLOADED");
    assert_eq!(refusal(response.unwrap()).await, expected);
}

#[tokio::test]
async fn a_message_of_a_stream_counts_until_it_is_whole() {
    let upstream = Upstream::start(|_| Answer::Silence).await;
    let fixture = of_library(upstream, scarce(), |_| ()).await;
    let path = "/v1/shelves/1/books:add";
    let half = format!("{{\"note\": \"{}", "x".repeat(100_000));
    // As a line that has no end yet.
    let begun = futures::stream::iter([Ok::<_, std::io::Error>(half.clone())]);
    let begun = begun.chain(futures::stream::pending());
    let request = fixture.request("POST", path);
    let request = request.header("content-type", "application/x-ndjson");
    let response = request.body(reqwest::Body::wrap_stream(begun)).send().await;
    let expected = (503, "UNAVAILABLE".to_owned());
    assert_eq!(bare(response.unwrap()).await, expected);
    // As a frame of WebSocket that is not the last of its message.
    let url = format!("ws://{}{path}", fixture.address);
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    let request = url.into_client_request().unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    let frame = Frame::message(half, OpCode::Data(Data::Text), false);
    socket.send(Message::Frame(frame)).await.unwrap();
    let next = tokio::time::timeout(PATIENCE, socket.next()).await;
    let Message::Close(Some(close)) = next.unwrap().unwrap().unwrap() else {
        panic!("it goes on");
    };
    assert_eq!(u16::from(close.code), 4014);
    assert!(close.reason.starts_with("too much"), "{}", close.reason);
}
