//! How large a request may be: no larger than its contract can mean, where that tells.

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::tradewind::auth::v1::LoginRequest;
use prost::Message as _;
use reqwest::{Body, Response};
use serde_json::{Value, json};

use crate::fixture::{Fixture, an_order, refusal, refused, shop};
use crate::hostile::send;
use crate::upstream::frame;

const LOGIN: &str = "/tradewind.auth.v1.AuthService/Login";

async fn post(
    fixture: &Fixture,
    path: &str,
    content_type: &str,
    body: impl Into<Body>,
) -> Response {
    let client = reqwest::Client::builder().no_proxy();
    let client = match content_type.starts_with("application/grpc") {
        true => client.http2_prior_knowledge(),
        false => client,
    };
    let request = client.build().unwrap().post(fixture.url(path));
    let request = request.header("content-type", content_type).body(body);
    request.send().await.unwrap()
}

#[tokio::test]
async fn a_login_takes_kilobytes_in_every_protocol() {
    let fixture = Fixture::start(shop).await;
    let password = "x".repeat(50_000);
    let json = json!({"email": "ada@example.com", "password": password}).to_string();
    let message = LoginRequest {
        email: "ada@example.com".to_owned(),
        password,
    };
    let wire = message.encode_to_vec();

    let response = post(&fixture, "/v1/auth/login", "application/json", json.clone()).await;
    let expected = refused(413, "INVALID_ARGUMENT", "REQUEST_TOO_LARGE");
    assert_eq!(refusal(response).await, expected);
    for (content_type, body) in [
        ("application/json", json.clone().into_bytes()),
        ("application/proto", wire.clone()),
    ] {
        let response = post(&fixture, LOGIN, content_type, body).await;
        let error: Value = response.json().await.unwrap();
        assert_eq!(error["code"], "resource_exhausted", "{content_type}");
    }
    let text = STANDARD.encode(frame(&wire)).into_bytes();
    for (content_type, body) in [
        ("application/grpc", frame(&wire)),
        ("application/grpc-web", frame(&wire)),
        ("application/grpc-web-text", text.into()),
    ] {
        let response = post(&fixture, LOGIN, content_type, body).await;
        assert_eq!(response.headers()["grpc-status"], "8", "{content_type}");
    }
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn what_is_announced_as_too_large_is_not_awaited() {
    let fixture = Fixture::start(shop).await;
    let head = b"POST /v1/auth/login HTTP/1.1\r\nhost: x\r\ncontent-length: 50000\r\n\r\n";
    assert_eq!(send(&fixture, head).await.statuses(), ["413"]);
    // Nor is what turns out to be.
    let pieces = std::iter::repeat_n(Ok::<_, Infallible>(" ".repeat(10_000)), 5);
    let body = Body::wrap_stream(futures::stream::iter(pieces));
    let response = post(&fixture, "/v1/auth/login", "application/json", body).await;
    assert_eq!(response.status(), 413);
}

#[tokio::test]
async fn all_that_the_contract_allows_is_taken() {
    let fixture = Fixture::start(shop).await;
    // 64 characters of four bytes, in the longest of their forms.
    let sku = r"\ud83d\ude80".repeat(64);
    let item = format!(r#"{{"sku": "{sku}", "quantity": 10000}}"#);
    let items = vec![item; 1000].join(",\n");
    let mut order = an_order();
    order["items"] = json!([]);
    let order = order.to_string();
    let order = order.replace("\"items\":[]", &format!("\"items\":[{items}]"));
    assert!(order.len() > 800_000);
    let request = fixture.as_user("POST", "/v1/orders").body(order);
    let request = request.header("content-type", "application/json");
    assert_eq!(request.send().await.unwrap().status(), 201);

    let login = json!({"email": "é".repeat(254), "password": "\u{1f680}".repeat(128)});
    let padded = format!("{}{}", " ".repeat(4000), login);
    let response = post(&fixture, "/v1/auth/login", "application/json", padded).await;
    assert_eq!(response.status(), 200);
}
