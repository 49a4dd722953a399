//! Unary calls, and what goes along with them.

use std::time::{Duration, Instant};

use contracts::tradewind::auth::v1::LoginResponse;
use contracts::tradewind::orders::v1::{CreateOrderRequest, Order};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::fixture::{Fixture, USER, order, refusal, refused, settings, shop};
use crate::upstream::{Answer, Upstream};

fn an_order() -> Value {
    json!({
        "items": [{"sku": "A 1", "quantity": 2}],
        "shipTo": {"name": "Ada", "lines": ["1 Road"], "city": "London", "country": "GB"},
    })
}

#[tokio::test]
async fn json_becomes_a_grpc_call_and_its_reply_becomes_json() {
    let fixture = Fixture::start(shop).await;
    let response = fixture
        .as_user("POST", "/v1/orders")
        .json(&an_order())
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201, "the contract's success_status");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["userId"], USER.to_string());
    assert_eq!(body["items"], json!([]), "an empty list is there");
    assert_eq!(body.get("total"), None, "a message that is not set is not");

    let call = fixture.upstream.last_call();
    assert_eq!(call.path, "/tradewind.orders.v1.OrdersService/CreateOrder");
    let request: CreateOrderRequest = call.decode();
    assert_eq!(
        (request.items[0].sku.as_str(), request.items[0].quantity),
        ("A 1", 2)
    );
}

#[tokio::test]
async fn both_versions_of_http_are_spoken() {
    let fixture = Fixture::start(shop).await;
    assert_eq!(
        fixture.get("/v1/products/A%201").await.version(),
        http::Version::HTTP_11
    );
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let response = client
        .get(fixture.url("/v1/products/A%201"))
        .send()
        .await
        .unwrap();
    assert_eq!(
        (response.status(), response.version()),
        (http::StatusCode::OK, http::Version::HTTP_2)
    );
}

#[tokio::test]
async fn the_mesh_learns_who_asks_and_from_where_and_nothing_that_clients_make_up() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let response = fixture
        .request("GET", "/v1/orders/o-1")
        .bearer_auth(&token)
        .header("x-request-id", "my-request")
        .header("accept-language", "de")
        .header("user-agent", "Mosaic/1.0")
        .header("traceparent", trace)
        .header("x-workload-authorization", "Bearer forged")
        .header("x-client-address", "198.51.100.1")
        .header("x-client-user-agent", "forged")
        .header("x-forwarded-for", "198.51.100.2")
        .header("grpc-status", "0")
        .header("grpc-encoding", "gzip")
        .header("cookie", "a=b")
        .header("x-anything", "else")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["x-request-id"], "my-request");

    let call = fixture.upstream.last_call();
    assert_eq!(
        call.metadata("authorization"),
        Some(format!("Bearer {token}").as_str())
    );
    assert_eq!(call.metadata("x-request-id"), Some("my-request"));
    assert_eq!(call.metadata("accept-language"), Some("de"));
    assert_eq!(call.metadata("x-client-user-agent"), Some("Mosaic/1.0"));
    assert_eq!(call.metadata("x-client-address"), Some("127.0.0.1"));
    assert_ne!(
        call.metadata("x-workload-authorization"),
        Some("Bearer forged")
    );
    for name in ["grpc-encoding", "cookie", "x-anything", "x-forwarded-for"] {
        assert_eq!(call.metadata(name), None, "{name}");
    }
}

#[tokio::test]
async fn a_trusted_proxy_says_who_the_client_is() {
    let mut settings = settings();
    settings.web.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let fixture = Fixture::with(settings, shop).await;
    let request = fixture.request("GET", "/v1/products/A%201");
    request
        .header("x-forwarded-for", "192.0.2.1, 198.51.100.2, 127.0.0.9")
        .send()
        .await
        .unwrap();
    assert_eq!(
        fixture.upstream.last_call().metadata("x-client-address"),
        Some("198.51.100.2")
    );
}

#[tokio::test]
async fn a_request_id_that_could_harm_a_log_is_replaced() {
    let fixture = Fixture::start(shop).await;
    for sent in ["", "a b", "<script>", &"x".repeat(200)] {
        let request = fixture
            .request("GET", "/v1/products/A%201")
            .header("x-request-id", sent);
        let response = request.send().await.unwrap();
        let id = response.headers()["x-request-id"]
            .to_str()
            .unwrap()
            .to_owned();
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 7);
        assert_eq!(
            fixture.upstream.last_call().metadata("x-request-id"),
            Some(id.as_str())
        );
    }
}

#[tokio::test]
async fn a_call_that_could_do_harm_twice_gets_an_idempotency_key() {
    let fixture = Fixture::start(shop).await;
    fixture
        .as_user("POST", "/v1/orders")
        .json(&an_order())
        .send()
        .await
        .unwrap();
    let made = fixture.upstream.last_call();
    assert!(
        made.metadata("idempotency-key")
            .is_some_and(|key| key.len() == 36)
    );

    let request = fixture
        .as_user("POST", "/v1/orders")
        .header("idempotency-key", "mine");
    request.json(&an_order()).send().await.unwrap();
    assert_eq!(
        fixture.upstream.last_call().metadata("idempotency-key"),
        Some("mine")
    );

    let request = fixture
        .as_user("GET", "/v1/orders/o-1")
        .header("idempotency-key", "mine");
    request.send().await.unwrap();
    assert_eq!(
        fixture.upstream.last_call().metadata("idempotency-key"),
        None,
        "it only reads"
    );

    let long = "k".repeat(256);
    let request = fixture
        .as_user("POST", "/v1/orders")
        .header("idempotency-key", long);
    let response = request.json(&an_order()).send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST")
    );
}

#[tokio::test]
async fn a_reply_with_secrets_has_no_idempotency_key() {
    let fixture = Fixture::start(|_| Answer::message(&LoginResponse::default())).await;
    let login = json!({"email": "ada@example.com", "password": "correct horse"});
    let response = fixture
        .request("POST", "/v1/auth/login")
        .json(&login)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        fixture.upstream.last_call().metadata("idempotency-key"),
        None
    );
}

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
        redis_url: None,
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
    let nobody = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let config = edge::Config {
        settings: settings(),
        redis_url: None,
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
        let began = Instant::now();
        let request = fixture
            .as_user("GET", "/v1/orders/o-1")
            .header(header, value);
        let response = request.send().await.unwrap();
        let expected = refused(504, "DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED");
        assert_eq!(refusal(response).await, expected);
        assert!(began.elapsed() < Duration::from_secs(5));
        let timeout = fixture
            .upstream
            .last_call()
            .metadata("grpc-timeout")
            .unwrap()
            .to_owned();
        let micros: u64 = timeout.strip_suffix('u').unwrap().parse().unwrap();
        assert!(micros <= 300_000, "{timeout}");
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
    settings.requests.request_timeout = Duration::from_secs(2);
    let fixture = Fixture::with(settings, shop).await;
    let request = fixture
        .as_user("GET", "/v1/orders/o-1")
        .header("request-timeout", "3600");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let timeout = fixture
        .upstream
        .last_call()
        .metadata("grpc-timeout")
        .unwrap()
        .to_owned();
    let micros: u64 = timeout.strip_suffix('u').unwrap().parse().unwrap();
    assert!((1_000_000..=2_000_000).contains(&micros), "{timeout}");
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

#[tokio::test]
async fn head_is_get_without_its_body() {
    let fixture = Fixture::start(shop).await;
    let got = fixture
        .as_user("GET", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    let length = got.text().await.unwrap().len();
    let response = fixture
        .as_user("HEAD", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-length"],
        length.to_string().as_str()
    );
    assert_eq!(response.text().await.unwrap(), "");
}

#[tokio::test]
async fn pages_have_a_head_too() {
    let fixture = Fixture::start(shop).await;
    let length = fixture.get("/docs").await.text().await.unwrap().len();
    let response = fixture.request("HEAD", "/docs").send().await.unwrap();
    assert_eq!(
        response.headers()["content-length"],
        length.to_string().as_str()
    );
}

#[tokio::test]
async fn large_replies_are_compressed_as_the_client_likes() {
    let large = Order {
        rejection_reason: "no ".repeat(1000),
        ..order()
    };
    let reply = contracts::tradewind::orders::v1::GetOrderResponse { order: Some(large) };
    let fixture = Fixture::start(move |_| Answer::message(&reply)).await;
    for (accept, expected) in [
        ("gzip", Some("gzip")),
        ("zstd, gzip;q=0.5", Some("zstd")),
        ("br", None),
    ] {
        let request = fixture
            .as_user("GET", "/v1/orders/o-1")
            .header("accept-encoding", accept);
        let response = request.send().await.unwrap();
        let encoding = response
            .headers()
            .get("content-encoding")
            .map(|v| v.to_str().unwrap().to_owned());
        assert_eq!(encoding.as_deref(), expected);
        let length = response.bytes().await.unwrap().len();
        assert_eq!(
            length < 1000,
            expected.is_some(),
            "{length} bytes of {accept}"
        );
    }
    let small = fixture
        .request("GET", "/livez")
        .header("accept-encoding", "gzip");
    assert!(
        !small
            .send()
            .await
            .unwrap()
            .headers()
            .contains_key("content-encoding")
    );
}
