//! What goes along with a call.

use contracts::tradewind::auth::v1::LoginResponse;
use futures::StreamExt as _;
use runtime::status::Problem;
use serde_json::json;
use tonic::Status;

use crate::fixture::{Fixture, an_order, refusal, refused, settings, shop};
use crate::upstream::{Answer, Seen};

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
    for wrong in [&[long.as_str()][..], &["one", "two"], &["schlüssel"], &[""]] {
        let mut request = fixture.as_user("POST", "/v1/orders");
        for key in wrong {
            request = request.header("idempotency-key", *key);
        }
        let response = request.json(&an_order()).send().await.unwrap();
        assert_eq!(
            refusal(response).await,
            refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST"),
            "{wrong:?}"
        );
    }
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

#[tokio::test]
async fn rules_say_which_headers_become_metadata_and_the_other_way() {
    let mut settings = settings();
    let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
    settings.metadata.request_header = rules(&["x-tenant=tenant", "x-app-*", "*=all-*"]);
    settings.metadata.reply_header = rules(&["shelf=x-shelf", "x-*"]);
    let answer = |_: &Seen| {
        let headers = [("shelf", "seven"), ("set-cookie", "a=b"), ("other", "1")];
        let headers = headers.map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, http::HeaderValue::from_static(value))
        });
        let trailers = [
            ("x-floor-bin", "AAE="),
            ("x-workload-authorization", "Bearer x"),
        ];
        let trailers = trailers.map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, http::HeaderValue::from_static(value))
        });
        let (headers, trailers) = (
            headers.into_iter().collect(),
            trailers.into_iter().collect(),
        );
        let reply = contracts::tradewind::orders::v1::GetOrderResponse::default();
        Answer::Told(prost::Message::encode_to_vec(&reply), headers, trailers)
    };
    let fixture = Fixture::with(settings, answer).await;
    let request = fixture.as_user("GET", "/v1/orders/o-1");
    let request = request
        .header("x-tenant", "a")
        .header("x-app-key-bin", "AAE=");
    let request = request
        .header("cookie", "a=b")
        .header("x-client-address", "6.6.6.6");
    let response = request.header("x-odd", "1").send().await.unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["x-shelf"], "seven");
    assert_eq!(headers["x-floor-bin"], "AAE=");
    for name in ["set-cookie", "other", "x-workload-authorization"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    let call = fixture.upstream.last_call();
    assert_eq!(call.metadata("tenant"), Some("a"));
    assert_eq!(call.metadata("x-app-key-bin"), Some("AAE="));
    assert_eq!(call.metadata("all-x-odd"), Some("1"));
    assert_ne!(call.metadata("x-client-address"), Some("6.6.6.6"));
    let names: Vec<_> = call.metadata.keys().map(http::HeaderName::as_str).collect();
    for name in [
        "cookie",
        "all-cookie",
        "all-authorization",
        "all-x-client-address",
        "x-odd",
    ] {
        assert!(!names.contains(&name), "{names:?}");
    }
}

/// Whether an upstream fails at once or after its headers.
#[tokio::test]
async fn errors_carry_what_the_rules_pass_on() {
    let mut settings = settings();
    settings.metadata.reply_header = vec!["shelf=x-shelf".parse().unwrap()];
    let fixture = Fixture::with(settings, |seen: &Seen| {
        let mut status: Status = Problem::not_found("order", "o-1").into();
        let metadata = status.metadata_mut();
        metadata.insert("shelf", "seven".parse().unwrap());
        metadata.insert("x-workload-authorization", "Bearer x".parse().unwrap());
        let metadata = metadata.clone().into_headers();
        let is_late = seen.message.ends_with(b"o-2");
        match seen.path.ends_with("WatchOrder") {
            true if is_late => Answer::Late(metadata, Problem::not_found("order", "o-2").into()),
            true => Answer::Stream(futures::stream::iter([Err(status)]).boxed()),
            false => Answer::Error(status),
        }
    })
    .await;
    for path in [
        "/v1/orders/o-1",
        "/v1/orders/o-1:watch",
        "/v1/orders/o-2:watch",
    ] {
        let response = fixture.as_user("GET", path).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        assert_eq!(response.headers()["x-shelf"], "seven", "{path}");
        assert!(!response.headers().contains_key("x-workload-authorization"));
    }

    let request = fixture.as_user("POST", "/tradewind.orders.v1.OrdersService/GetOrder");
    let connect = request.json(&json!({})).send().await.unwrap();
    assert_eq!(connect.status(), 404);
    assert_eq!(connect.headers()["trailer-shelf"], "seven");

    let request = fixture.as_user("POST", "/tradewind.orders.v1.OrdersService/GetOrder");
    let request = request.header("content-type", "application/grpc-web");
    let web = request.body(vec![0; 5]).send().await.unwrap();
    assert_eq!(web.headers()["grpc-status"], "5");
    assert_eq!(web.headers()["shelf"], "seven");
    assert!(!web.headers().contains_key("x-workload-authorization"));
}
