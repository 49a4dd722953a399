//! What is done about clients that do not read, and about those that come in crowds.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use contracts::tradewind::orders::v1::{GetOrderResponse, Order, OrderEvent, WatchOrderResponse};
use edge::Settings;
use futures::StreamExt as _;
use http::Request;
use prost::Message as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinHandle;

use crate::fixture::{Fixture, order, settings, shop};
use crate::upstream::{Answer, Seen};

const ORDER: &str = "/v1/orders/o-1";
const WATCH: &str = "/v1/orders/o-1:watch";
const PATIENCE: Duration = Duration::from_secs(20);

/// A message of 10 kB.
fn event() -> Vec<u8> {
    let event = OrderEvent {
        reason: "r".repeat(10_000),
        ..OrderEvent::default()
    };
    WatchOrderResponse { event: Some(event) }.encode_to_vec()
}

/// More than sockets hold, and then some for ever.
fn plenty(seen: &Seen) -> Answer {
    if seen.path.ends_with("/WatchOrder") {
        return Answer::Stream(futures::stream::repeat_with(|| Ok(event())).boxed());
    }
    let large = Order {
        rejection_reason: "no ".repeat(4 << 20),
        ..order()
    };
    Answer::message(&GetOrderResponse { order: Some(large) })
}

fn impatient() -> Settings {
    let mut settings = settings();
    settings.connections.send_timeout = Duration::from_millis(500);
    settings.connections.header_timeout = Duration::from_millis(500);
    settings
}

/// A connection of HTTP/1.1 that has asked, and takes little at a time.
async fn ask(fixture: &Fixture, path: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut stream = socket.connect(fixture.address).await.unwrap();
    let token = fixture.token(&["user"]);
    let head = format!("GET {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// What comes until the server closes.
async fn until_closed(stream: &mut TcpStream) -> usize {
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    // A reset is an end too.
    let _ = tokio::time::timeout(PATIENCE, read)
        .await
        .expect("it is closed");
    received.len()
}

/// A connection of HTTP/2 whose client never gives more window than `window`.
struct Stingy {
    requests: h2::client::SendRequest<Bytes>,
    connection: JoinHandle<Result<(), h2::Error>>,
}

impl Stingy {
    async fn connect(fixture: &Fixture, window: u32) -> Self {
        let stream = TcpStream::connect(fixture.address).await.unwrap();
        let (requests, connection) = h2::client::Builder::new()
            .initial_window_size(window)
            .handshake(stream)
            .await
            .unwrap();
        Self {
            requests,
            connection: tokio::spawn(connection),
        }
    }

    async fn ask(&mut self, fixture: &Fixture, path: &str) -> h2::RecvStream {
        let request = Request::get(fixture.url(path)).header(
            "authorization",
            format!("Bearer {}", fixture.token(&["user"])),
        );
        let request = request.body(()).unwrap();
        let (reply, _) = self.requests.send_request(request, true).unwrap();
        let reply = tokio::time::timeout(PATIENCE, reply)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(reply.status(), 200);
        reply.into_body()
    }

    /// Completes when the server has closed the connection.
    async fn closed(self) {
        let closed = tokio::time::timeout(PATIENCE, self.connection).await;
        // With or without a goodbye.
        let _ = closed.expect("it is closed").unwrap();
    }
}

#[tokio::test]
async fn a_reply_that_nobody_reads_is_given_up() {
    let mut settings = impatient();
    settings.connections.max_connections = 1;
    let fixture = Fixture::with(settings, plenty).await;
    let mut silent = ask(&fixture, ORDER).await;
    silent.readable().await.unwrap();
    // There is room for one connection: this one waits for the other's end.
    let other = tokio::time::timeout(PATIENCE, fixture.get("/livez"));
    assert_eq!(other.await.expect("there is room again").status(), 200);
    let received = until_closed(&mut silent).await;
    assert!(received < 12 << 20, "{received} bytes came of 12 MiB");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_ends_upstream() {
    let fixture = Fixture::with(impatient(), plenty).await;
    let mut silent = ask(&fixture, WATCH).await;
    fixture.upstream.abandoned(1).await;
    until_closed(&mut silent).await;
}

#[tokio::test]
async fn what_nobody_reads_is_not_made() {
    const READ: usize = 2_000;
    let made: Arc<[AtomicUsize; 2]> = Arc::default();
    let (counts, streams) = (made.clone(), AtomicUsize::new(0));
    let counted = move |_: &Seen| {
        let (counts, stream) = (counts.clone(), streams.fetch_add(1, Ordering::Relaxed));
        let events = futures::stream::repeat_with(move || {
            counts[stream].fetch_add(1, Ordering::Relaxed);
            Ok(event())
        });
        Answer::Stream(events.boxed())
    };
    let fixture = Fixture::start(counted).await;
    let silent = ask(&fixture, WATCH).await;
    silent.readable().await.unwrap();
    // The same thread serves somebody who reads, in the meantime.
    let mut reader = fixture.as_user("GET", WATCH).send().await.unwrap();
    let mut lines = 0;
    while lines < READ {
        let chunk = reader.chunk().await.unwrap().unwrap();
        lines += chunk.iter().filter(|byte| **byte == b'\n').count();
    }
    let unread = made[0].load(Ordering::Relaxed);
    assert!(
        unread < READ / 2,
        "{unread} messages for nobody, {READ} for a reader"
    );
}

#[tokio::test]
async fn a_client_that_gives_no_window_holds_nothing() {
    for window in [0, 40_000] {
        let fixture = Fixture::with(impatient(), plenty).await;
        let mut client = Stingy::connect(&fixture, window).await;
        let _stream = client.ask(&fixture, WATCH).await;
        fixture.upstream.abandoned(1).await;
        let _order = client.ask(&fixture, ORDER).await;
        client.closed().await;
    }
}

#[tokio::test]
async fn one_stream_that_nobody_reads_does_not_end_its_neighbours() {
    let mut settings = impatient();
    settings.requests.heartbeat = Duration::from_millis(100);
    let silent = |seen: &Seen| match seen.path.ends_with("/WatchOrder") {
        true => Answer::Stream(futures::stream::pending().boxed()),
        false => plenty(seen),
    };
    let fixture = Fixture::with(settings, silent).await;
    let mut client = Stingy::connect(&fixture, 40_000).await;
    let mut lively = client.ask(&fixture, WATCH).await;
    let mut unread = client.ask(&fixture, ORDER).await;
    // What is read in the meantime keeps nothing but its own stream alive.
    for _ in 0..20 {
        let heartbeat = tokio::time::timeout(PATIENCE, lively.data()).await.unwrap();
        let heartbeat = heartbeat.unwrap().unwrap();
        lively
            .flow_control()
            .release_capacity(heartbeat.len())
            .unwrap();
    }
    let end = async {
        loop {
            match unread.data().await {
                Some(Ok(piece)) => {
                    unread.flow_control().release_capacity(piece.len()).unwrap();
                }
                end => break end,
            }
        }
    };
    let end = tokio::time::timeout(PATIENCE, end).await.unwrap();
    assert!(
        end.is_some_and(|end| end.is_err()),
        "it is not taken for whole"
    );
    assert!(lively.data().await.unwrap().is_ok());
}

#[tokio::test]
async fn a_client_that_reads_what_there_is_may_wait_for_more() {
    let mut settings = impatient();
    settings.requests.heartbeat = Duration::from_millis(200);
    let silent = |_: &Seen| Answer::Stream(futures::stream::pending().boxed());
    let fixture = Fixture::with(settings, silent).await;
    let mut stream = fixture.as_user("GET", WATCH).send().await.unwrap();
    // Twice as long as either timeout.
    for _ in 0..10 {
        assert_eq!(stream.chunk().await.unwrap().unwrap(), "\n");
    }
}

#[tokio::test]
async fn a_large_reply_is_whole_for_whoever_reads_it() {
    let fixture = Fixture::start(plenty).await;
    let response = fixture.as_user("GET", ORDER).send().await.unwrap();
    let length = response.content_length().unwrap();
    let order: serde_json::Value = response.json().await.unwrap();
    assert!(length > 12 << 20, "{length}");
    assert_eq!(order["rejectionReason"], "no ".repeat(4 << 20));
}

#[tokio::test]
async fn a_connection_with_nothing_to_do_is_closed() {
    let fixture = Fixture::with(impatient(), shop).await;
    let mut client = Stingy::connect(&fixture, 65_535).await;
    let mut reply = client.ask(&fixture, "/livez").await;
    assert!(reply.data().await.unwrap().is_ok());
    drop(reply);
    client.closed().await;
}

#[tokio::test]
async fn nobody_has_more_connections_than_one_address_may() {
    let mut settings = settings();
    settings.connections.max_connections_per_address = 2;
    let fixture = Fixture::with(settings.clone(), shop).await;
    let connections = [connected(&fixture).await, connected(&fixture).await];
    assert!(connections.iter().all(Option::is_some));
    assert!(connected(&fixture).await.is_none(), "the third is closed");
    drop(connections);
    let again = async { while connected(&fixture).await.is_none() {} };
    tokio::time::timeout(PATIENCE, again)
        .await
        .expect("there is room again");

    settings.web.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let fixture = Fixture::with(settings, shop).await;
    let mut connections = Vec::new();
    for _ in 0..5 {
        connections.push(connected(&fixture).await.expect("proxies speak for many"));
    }
}

/// A connection that has got an answer.
async fn connected(fixture: &Fixture) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(fixture.address).await.unwrap();
    let request = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    stream.write_all(request).await.ok()?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.ok()?;
    assert_eq!(&answer, b"HTTP/1.1 200");
    Some(stream)
}
