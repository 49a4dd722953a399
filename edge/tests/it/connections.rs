//! What is done about clients that are slow, silent or too many.

use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::fixture::{Fixture, settings, shop};
use crate::upstream::{Answer, Seen};
use crate::waiting::until_closed;

async fn connect(fixture: &Fixture) -> TcpStream {
    TcpStream::connect(fixture.address).await.unwrap()
}

#[tokio::test]
async fn clients_that_do_not_say_what_they_want_are_left() {
    let mut settings = settings();
    settings.connections.header_timeout = Duration::from_secs(1);
    let fixture = Fixture::with(settings, shop).await;
    let beginnings: [&[u8]; 5] = [
        b"",
        b"G",
        b"PRI * HT",
        b"GET /livez HTTP/1.1\r\nhost: x\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    for beginning in beginnings {
        let mut stream = connect(&fixture).await;
        stream.write_all(beginning).await.unwrap();
        until_closed(stream).await;
    }
    assert_eq!(fixture.get("/livez").await.status(), 200);
}

#[tokio::test]
async fn who_speaks_no_http_hears_none() {
    let fixture = Fixture::start(shop).await;
    for (opening, answer) in [
        ("INVALID CONNECTION PREFACE\r\n\r\n", ""),
        ("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n", ""),
        ("\x16\x03\x01\n", ""),
        ("GET /livez HTTP/3.9\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let mut stream = connect(&fixture).await;
        stream.write_all(opening.as_bytes()).await.unwrap();
        let received = until_closed(stream).await;
        assert_eq!(
            received.get(..12).unwrap_or(&received),
            answer,
            "{opening:?}"
        );
    }
}

#[tokio::test]
async fn headers_over_the_limit_are_431() {
    let fixture = Fixture::start(shop).await;
    for headers in [
        "x: y\r\n".repeat(200),
        format!("x: {}\r\n", "y".repeat(40_000)),
    ] {
        let mut stream = connect(&fixture).await;
        stream
            .write_all(format!("GET /livez HTTP/1.1\r\nhost: x\r\n{headers}\r\n").as_bytes())
            .await
            .unwrap();
        assert!(until_closed(stream).await.starts_with("HTTP/1.1 431"));
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up_at_the_deadline() {
    let mut settings = settings();
    settings.requests.request_timeout = Some(Duration::from_millis(300));
    let fixture = Fixture::with(settings, shop).await;
    let mut stream = connect(&fixture).await;
    let token = fixture.token(&["user"]);
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    assert!(until_closed(stream).await.starts_with("HTTP/1.1 504"));
}

#[tokio::test]
async fn a_connection_with_a_body_that_is_too_large_is_not_used_again() {
    let fixture = Fixture::start(shop).await;
    let mut stream = connect(&fixture).await;
    let token = fixture.token(&["user"]);
    let head = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: 9999999\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let reply = until_closed(stream).await;
    assert!(reply.starts_with("HTTP/1.1 413"), "{reply}");
    assert!(reply.contains("\r\nconnection: close\r\n"), "{reply}");
}

#[tokio::test]
async fn a_refusal_reaches_whoever_has_not_sent_all() {
    let fixture = Fixture::start(shop).await;
    let body = "x".repeat(100_000);
    let length = body.len();
    let mut stream = connect(&fixture).await;
    for (path, status) in [
        ("/v1/orders", "401"),
        ("/nothing", "404"),
        ("/v1/stock", "405"),
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        // It is refused by its head, and sends its body on the same connection nevertheless.
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer[9..], *status.as_bytes(), "{path}");
        let mut rest = Vec::new();
        while !rest.ends_with(b"]}}") {
            stream.read_buf(&mut rest).await.unwrap();
        }
        for half in [&body[..length / 2], &body[length / 2..]] {
            stream.write_all(half.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
        }
    }
    let last = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(last).await.unwrap();
    assert!(until_closed(stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_refusal_of_what_may_be_sent_leaves_the_connection_to_the_next_request() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    let body = "x".repeat(100_000);
    let length = body.len();
    let mut stream = connect(&fixture).await;
    for (path, content_type, end) in [
        ("/v1/orders", "application/json", "]}}"),
        (
            "/tradewind.orders.v1.OrdersService/CreateOrder",
            "application/json",
            "]}",
        ),
        (
            "/tradewind.orders.v1.OrdersService/WatchOrder",
            "application/connect+json",
            "]}}",
        ),
    ] {
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: {content_type}\r\ncontent-encoding: br\r\n\
             connect-content-encoding: br\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(end.as_bytes()) {
            assert_ne!(stream.read_buf(&mut answer).await.unwrap(), 0, "{path}");
        }
        stream.write_all(body.as_bytes()).await.unwrap();
    }
    let last = b"GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(last).await.unwrap();
    assert!(until_closed(stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn connections_over_the_limit_wait_until_others_are_gone() {
    let mut settings = settings();
    settings.connections.max_connections = 1;
    let fixture = Fixture::with(settings, shop).await;
    let mut first = connect(&fixture).await;
    let request = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n";
    first.write_all(request).await.unwrap();
    let mut answer = [0; 12];
    first.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");

    let mut second = connect(&fixture).await;
    second.write_all(request).await.unwrap();
    let early =
        tokio::time::timeout(Duration::from_millis(300), second.read_exact(&mut answer)).await;
    assert!(early.is_err(), "it was served beside the first");
    drop(first);
    second.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
}

#[tokio::test]
async fn a_request_in_progress_is_answered_when_the_edge_stops() {
    let (start, mut started) = watch::channel(false);
    let (allow, allowed) = watch::channel(false);
    let waits = move |_: &Seen| {
        start.send_replace(true);
        let mut allowed = allowed.clone();
        let answer = async move {
            allowed.wait_for(|allowed| *allowed).await.unwrap();
            Ok(Vec::new())
        };
        Answer::Stream(answer.into_stream().boxed())
    };
    let fixture = Fixture::start(waits).await;
    let answer = tokio::spawn(fixture.as_user("GET", "/v1/orders/o-1").send());
    started.wait_for(|started| *started).await.unwrap();
    fixture.shutdown.cancel();
    let refused = async {
        while TcpStream::connect(fixture.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), refused)
        .await
        .expect("the port is closed");
    allow.send_replace(true);
    assert_eq!(answer.await.unwrap().unwrap().status(), 200);
}
