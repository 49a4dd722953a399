//! Unary calls and their replies.

use contracts::tradewind::orders::v1::{CreateOrderRequest, Order};
use serde_json::{Value, json};

use crate::fixture::{Fixture, USER, an_order, order, shop};
use crate::upstream::Answer;

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
