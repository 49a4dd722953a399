//! gRPC-Web, as a browser's client writes and reads it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use contracts::tradewind::catalog::v1::{GetProductRequest, GetProductResponse};
use contracts::tradewind::orders::v1::{OrderEvent, WatchOrderResponse};
use prost::Message as _;
use reqwest::Response;

use crate::fixture::{Fixture, settings, shop};
use crate::upstream::{Answer, Seen, frame};

const GET_PRODUCT: &str = "/tradewind.catalog.v1.CatalogService/GetProduct";
const WATCH_ORDER: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
const TRAILERS: u8 = 0x80;

/// The frames of a reply: flags and content.
fn frames(mut bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<5>() {
        let length = u32::from_be_bytes(header[1..].try_into().unwrap()) as usize;
        frames.push((header[0], rest[..length].to_vec()));
        bytes = &rest[length..];
    }
    assert_eq!(bytes, b"");
    frames
}

/// What was written in parts, each with its own padding.
fn decode(text: &[u8]) -> Vec<u8> {
    let quartets = text.chunks(4).map(|four| STANDARD.decode(four).unwrap());
    quartets.flatten().collect()
}

fn lamp() -> Bytes {
    frame(&GetProductRequest { sku: "A 1".into() }.encode_to_vec())
}

async fn call(fixture: &Fixture, path: &str, content_type: &str, body: Bytes) -> Response {
    let request = fixture.as_user("POST", path);
    let request = request.header("content-type", content_type);
    request
        .header("x-grpc-web", "1")
        .body(body)
        .send()
        .await
        .unwrap()
}

fn two_events(_: &Seen) -> Answer {
    Answer::messages([1, 2].map(|sequence| {
        let event = OrderEvent {
            sequence,
            ..OrderEvent::default()
        };
        WatchOrderResponse { event: Some(event) }
    }))
}

#[tokio::test]
async fn a_reply_is_its_message_and_a_frame_of_trailers() {
    let fixture = Fixture::start(shop).await;
    for content_type in ["application/grpc-web", "application/grpc-web+proto"] {
        let response = call(&fixture, GET_PRODUCT, content_type, lamp()).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], content_type);
        let [(0, message), (TRAILERS, trailers)] = &frames(&response.bytes().await.unwrap())[..]
        else {
            panic!("no message and trailers");
        };
        let reply = GetProductResponse::decode(&message[..]).unwrap();
        assert_eq!(reply.product.unwrap().title, "Lamp");
        assert_eq!(trailers, b"grpc-status: 0\r\n");
    }
    assert_eq!(fixture.upstream.last_call().path, GET_PRODUCT);
}

#[tokio::test]
async fn text_is_base64_both_ways() {
    let fixture = Fixture::start(shop).await;
    let frame = lamp();
    let parts = [STANDARD.encode(&frame[..5]), STANDARD.encode(&frame[5..])];
    for body in [STANDARD.encode(&frame), parts.concat()] {
        let content_type = "application/grpc-web-text+proto";
        let response = call(&fixture, GET_PRODUCT, content_type, body.into()).await;
        assert_eq!(response.headers()["content-type"], content_type);
        let frames = frames(&decode(&response.bytes().await.unwrap()));
        assert_eq!(frames[1], (TRAILERS, b"grpc-status: 0\r\n".to_vec()));
        let request: GetProductRequest = fixture.upstream.last_call().decode();
        assert_eq!(request.sku, "A 1");
    }
}

#[tokio::test]
async fn a_stream_is_its_messages_and_a_frame_of_trailers() {
    let fixture = Fixture::start(two_events).await;
    for content_type in ["application/grpc-web+proto", "application/grpc-web-text"] {
        let body = match content_type.contains("text") {
            true => STANDARD.encode(frame(b"")).into(),
            false => frame(b""),
        };
        let response = call(&fixture, WATCH_ORDER, content_type, body).await;
        let bytes = response.bytes().await.unwrap();
        let bytes = match content_type.contains("text") {
            true => decode(&bytes),
            false => bytes.to_vec(),
        };
        let flags: Vec<u8> = frames(&bytes).iter().map(|(flags, _)| *flags).collect();
        assert_eq!(flags, [0, 0, TRAILERS], "{content_type}");
    }
}

#[tokio::test]
async fn a_refusal_is_in_the_headers_which_pages_may_read() {
    let mut settings = settings();
    settings.web.cors_origins = vec!["https://shop.example".parse().unwrap()];
    let fixture = Fixture::with(settings, shop).await;
    let request = fixture
        .request("POST", WATCH_ORDER)
        .header("content-type", "application/grpc-web+proto")
        .header("origin", "https://shop.example")
        .body(frame(b""));
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let headers = response.headers();
    assert_eq!(headers["grpc-status"], "16");
    assert!(headers.contains_key("grpc-status-details-bin"));
    assert_eq!(
        headers["access-control-allow-origin"],
        "https://shop.example"
    );
    let exposed = headers["access-control-expose-headers"].to_str().unwrap();
    for name in ["grpc-status", "grpc-message", "grpc-status-details-bin"] {
        assert!(exposed.split(", ").any(|one| one == name), "{exposed}");
    }
    let preflight = fixture
        .request("OPTIONS", GET_PRODUCT)
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-grpc-web,grpc-timeout");
    let allowed = preflight.send().await.unwrap();
    let allowed = allowed.headers()["access-control-allow-headers"]
        .to_str()
        .unwrap()
        .to_owned();
    for name in [
        "x-grpc-web",
        "grpc-timeout",
        "x-user-agent",
        "connect-protocol-version",
    ] {
        assert!(allowed.split(", ").any(|one| one == name), "{allowed}");
    }
}

#[tokio::test]
async fn what_is_no_frame_is_refused() {
    let fixture = Fixture::start(shop).await;
    let two = [lamp(), lamp()].concat();
    for (body, code) in [
        (&b""[..], "12"),
        (b"\0\0\0", "3"),
        (b"\0\0\0\0\x09short", "3"),
        (&two, "12"),
    ] {
        let body = Bytes::copy_from_slice(body);
        let response = call(&fixture, GET_PRODUCT, "application/grpc-web", body).await;
        assert_eq!(response.headers()["grpc-status"], code);
    }
    let text = "application/grpc-web-text";
    let response = call(&fixture, GET_PRODUCT, text, "no base64!".into()).await;
    assert_eq!(response.headers()["grpc-status"], "3");
    let json = "application/grpc-web+thrift";
    assert_eq!(
        call(&fixture, GET_PRODUCT, json, lamp()).await.status(),
        415
    );
    let path = "/tradewind.catalog.v1.CatalogService/BatchGetProducts";
    let response = call(&fixture, path, "application/grpc-web", lamp()).await;
    assert_eq!(response.headers()["grpc-status"], "12");
    assert!(fixture.upstream.calls().is_empty());
}
