//! Services that do not answer, or not in time.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use crate::fixture::{Fixture, an_order, refusal, refused, settings, shop};
use crate::upstream::{Answer, Seen, Upstream};

/// Breaks the first connection in the middle of its first request, then is a good server.
async fn unreliable() -> Upstream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let breaks = async |listener: &TcpListener| {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(&SETTINGS).await.unwrap();
        // The frame of the request's message is the last that the client sends.
        let mut received = Vec::new();
        while !received.windows(3).any(|bytes| bytes == b"A 1") {
            stream.read_buf(&mut received).await.unwrap();
        }
    };
    let address = listener.local_addr().unwrap();
    let broken = async move {
        breaks(&listener).await;
        listener
    };
    Upstream::on(address, broken, shop)
}

/// An empty SETTINGS frame (RFC 9113, section 6.5).
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

#[tokio::test]
async fn a_call_that_was_lost_on_the_way_is_made_again_with_the_same_key() {
    let config = edge::Config {
        settings: settings(),
        ..edge::Config::default()
    };
    let fixture = Fixture::before(unreliable().await, config).await;
    let response = fixture
        .as_user("POST", "/v1/orders")
        .json(&an_order())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_service_that_is_down_is_503_with_retry_after() {
    // Bound and not listening, so that no other test gets the port.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = socket.local_addr().unwrap();
    let config = edge::Config {
        settings: settings(),
        ..edge::Config::default()
    };
    let upstream = Upstream::start(shop).await;
    let change = |mesh: &runtime::mesh::Mesh| mesh.set("svc-orders", nobody.into());
    let fixture = Fixture::elsewhere(upstream, config, change).await;
    let response = fixture
        .as_user("GET", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(
        refusal(response).await,
        refused(503, "UNAVAILABLE", "DEPENDENCY_UNAVAILABLE")
    );
}

#[tokio::test]
async fn no_request_hangs_past_its_timeout() {
    let fixture = Fixture::start(|_| Answer::Silence).await;
    for (header, value) in [("request-timeout", "0.3"), ("grpc-timeout", "300m")] {
        let request = fixture
            .as_user("GET", "/v1/orders/o-1")
            .header(header, value);
        let response = request.send().await.unwrap();
        let expected = refused(504, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED");
        assert_eq!(refusal(response).await, expected);
        let timeout = timeout_of(&fixture.upstream.last_call());
        assert!(timeout <= Duration::from_millis(300), "{timeout:?}");
    }
    fixture.upstream.abandoned(2).await;
    let request = fixture
        .as_user("GET", "/v1/orders/o-1")
        .header("request-timeout", "soon");
    let response = request.send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST")
    );
}

#[tokio::test]
async fn the_upstream_learns_the_edges_own_timeout_if_the_client_asks_for_more() {
    let mut settings = settings();
    settings.requests.request_timeout = Some(Duration::from_secs(2));
    let fixture = Fixture::with(settings, shop).await;
    let request = fixture
        .as_user("GET", "/v1/orders/o-1")
        .header("request-timeout", "3600");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let timeout = timeout_of(&fixture.upstream.last_call());
    let seconds = Duration::from_secs(1)..=Duration::from_secs(2);
    assert!(seconds.contains(&timeout), "{timeout:?}");
}

#[tokio::test]
async fn who_asks_for_nothing_gets_what_the_operator_allows() {
    let fixture = Fixture::start(shop).await;
    let request = fixture.as_user("GET", "/v1/orders/o-1");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let timeout = timeout_of(&fixture.upstream.last_call());
    let seconds = Duration::from_secs(10)..=Duration::from_secs(15);
    assert!(seconds.contains(&timeout), "{timeout:?}");

    let mut settings = settings();
    settings.requests.request_timeout = Some(Duration::ZERO);
    let fixture = Fixture::with(settings, shop).await;
    let request = fixture.as_user("GET", "/v1/orders/o-1");
    assert_eq!(request.send().await.unwrap().status(), 200);
}

fn timeout_of(call: &Seen) -> Duration {
    let timeout = call.metadata.get("grpc-timeout");
    net::metadata::parse_timeout(timeout.expect("every call has one")).unwrap()
}

#[tokio::test]
async fn a_client_that_goes_away_ends_the_call() {
    let fixture = Fixture::start(|_| Answer::Silence).await;
    let request = fixture
        .as_user("GET", "/v1/orders/o-1")
        .timeout(Duration::from_millis(300));
    assert!(request.send().await.unwrap_err().is_timeout());
    fixture.upstream.abandoned(1).await;
}
