//! The Connect protocol, byte by byte.

use std::io::Write as _;
use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use contracts::tradewind::catalog::v1::{GetProductRequest, GetProductResponse};
use contracts::tradewind::orders::v1::{OrderEvent, WatchOrderRequest, WatchOrderResponse};
use edge::Settings;
use edge::generic::Access;
use flate2::{Compression, write::GzEncoder};
use futures::StreamExt as _;
use prost::Message as _;
use reqwest::Response;
use runtime::status::Problem;
use serde_json::{Value, json};

use crate::fixture::{Fixture, an_order, settings, shop};
use crate::generic::before;
use crate::upstream::{Answer, Seen, Upstream};

const GET_PRODUCT: &str = "/tradewind.catalog.v1.CatalogService/GetProduct";
const CREATE_ORDER: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const WATCH_ORDER: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
const END: u8 = 2;

/// A body that is too large still fits into the sockets: its client can read why.
fn small() -> Settings {
    let mut settings = settings();
    settings.requests.body_limit = 10_000;
    settings
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn envelope(flags: u8, message: &[u8]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_u8(flags);
    bytes.put_u32(u32::try_from(message.len()).unwrap());
    bytes.put_slice(message);
    bytes.freeze()
}

/// The envelopes of a reply, and the object in the last.
async fn envelopes(response: Response) -> (Vec<Vec<u8>>, Value) {
    let bytes = response.bytes().await.unwrap();
    let (mut rest, mut messages) = (&bytes[..], Vec::new());
    loop {
        let (header, content) = rest.split_first_chunk::<5>().expect("an end");
        let length = u32::from_be_bytes(header[1..].try_into().unwrap()) as usize;
        let (content, after) = content.split_at(length);
        if header[0] == END {
            assert_eq!(after, b"");
            return (messages, serde_json::from_slice(content).unwrap());
        }
        messages.push(content.to_vec());
        rest = after;
    }
}

async fn post(
    fixture: &Fixture,
    path: &str,
    content_type: &str,
    body: impl Into<Bytes>,
) -> Response {
    let request = fixture.as_user("POST", path);
    let request = request.header("content-type", content_type);
    request.body(body.into()).send().await.unwrap()
}

/// The code of an error, after a check of its form.
async fn code(response: Response) -> (u16, String) {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/json");
    let error: Value = response.json().await.unwrap();
    assert!(error["message"].is_string(), "{error}");
    (status, error["code"].as_str().unwrap().to_owned())
}

fn events(count: i64) -> impl Fn(&Seen) -> Answer {
    move |_| {
        Answer::messages((1..=count).map(|sequence| {
            let event = OrderEvent {
                sequence,
                ..OrderEvent::default()
            };
            WatchOrderResponse { event: Some(event) }
        }))
    }
}

#[tokio::test]
async fn a_unary_call_is_a_post_of_json_or_protobuf() {
    let fixture = Fixture::start(shop).await;
    let response = post(
        &fixture,
        GET_PRODUCT,
        "application/json",
        r#"{"sku":"A 1"}"#,
    )
    .await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["product"]["title"], "Lamp");

    let request = GetProductRequest { sku: "A 1".into() }.encode_to_vec();
    let response = post(&fixture, GET_PRODUCT, "application/proto", request).await;
    assert_eq!(response.headers()["content-type"], "application/proto");
    let reply = GetProductResponse::decode(response.bytes().await.unwrap()).unwrap();
    assert_eq!(reply.product.unwrap().title, "Lamp");

    let order = an_order().to_string();
    let response = post(
        &fixture,
        CREATE_ORDER,
        "application/json; charset=utf-8",
        order,
    )
    .await;
    assert_eq!(response.status(), 200);
    assert!(
        fixture
            .upstream
            .last_call()
            .metadata("idempotency-key")
            .is_some()
    );
}

#[tokio::test]
async fn what_only_reads_can_be_a_get() {
    let fixture = Fixture::start(shop).await;
    let query = "connect=v1&encoding=json&message=%7B%22sku%22%3A%22A%201%22%7D";
    let response = fixture.get(&format!("{GET_PRODUCT}?{query}")).await;
    let body: Value = response.json().await.unwrap();
    assert_eq!(body["product"]["title"], "Lamp");

    let query = "connect=v1&encoding=proto&base64=1&message=CgNBIDE";
    let response = fixture.get(&format!("{GET_PRODUCT}?{query}")).await;
    assert_eq!(response.status(), 200);
    let request: GetProductRequest = fixture.upstream.last_call().decode();
    assert_eq!(request.sku, "A 1");

    let response = fixture.get(&format!("{CREATE_ORDER}?{query}")).await;
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "POST");
    assert_eq!(fixture.get(GET_PRODUCT).await.status(), 404);
}

#[tokio::test]
async fn an_error_is_json_with_its_details() {
    let fixture =
        Fixture::start(|_: &Seen| Answer::Error(Problem::not_found("product", "A 1").into())).await;
    let response = post(&fixture, GET_PRODUCT, "application/proto", "").await;
    assert_eq!(response.status(), 404);
    assert_eq!(response.headers()["content-type"], "application/json");
    let error: Value = response.json().await.unwrap();
    assert_eq!(error["code"], "not_found");
    let details = error["details"].as_array().unwrap();
    let info = details
        .iter()
        .find(|one| one["type"] == "google.rpc.ErrorInfo");
    let info = info.unwrap();
    assert_eq!(info["debug"]["reason"], "RESOURCE_NOT_FOUND");
    let value = info["value"].as_str().unwrap();
    assert!(!value.is_empty() && !value.contains('='), "{value}");
}

#[tokio::test]
async fn refusals_have_the_code_and_the_status_of_the_protocol() {
    let fixture = Fixture::with(small(), shop).await;
    let anonymous = fixture
        .request("POST", CREATE_ORDER)
        .header("content-type", "application/json")
        .body("{}");
    let response = anonymous.send().await.unwrap();
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(code(response).await, (401, "unauthenticated".to_owned()));

    let invalid = (400, "invalid_argument".to_owned());
    for body in ["{", r#"{"skew":1}"#, ""] {
        let response = post(&fixture, GET_PRODUCT, "application/json", body).await;
        assert_eq!(code(response).await, invalid, "{body}");
    }
    let request = fixture.as_user("POST", GET_PRODUCT).body("{}");
    let request = request.header("content-type", "application/json");
    let request = request.header("connect-protocol-version", "2");
    assert_eq!(code(request.send().await.unwrap()).await, invalid);

    let large = vec![b' '; 20_000];
    let response = post(&fixture, GET_PRODUCT, "application/json", large).await;
    assert_eq!(code(response).await, (429, "resource_exhausted".to_owned()));

    for content_type in ["text/plain", "application/connect+json"] {
        let response = post(&fixture, GET_PRODUCT, content_type, "{}").await;
        assert_eq!(response.status(), 415);
        assert_eq!(
            response.headers()["accept-post"],
            "application/json, application/proto"
        );
    }
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn messages_may_be_compressed() {
    let fixture = Fixture::start(shop).await;
    let send = |coding: &'static str, body: Vec<u8>| {
        let request = fixture.request("POST", GET_PRODUCT);
        let request = request.header("content-type", "application/json");
        request.header("content-encoding", coding).body(body).send()
    };
    let response = send("gzip", gzip(br#"{"sku":"A 1"}"#)).await.unwrap();
    assert_eq!(response.status(), 200);
    let bomb = send("gzip", gzip(&vec![b' '; 2 << 20])).await.unwrap();
    assert_eq!(code(bomb).await, (429, "resource_exhausted".to_owned()));
    let unknown = send("br", Vec::new()).await.unwrap();
    assert_eq!(code(unknown).await, (501, "unimplemented".to_owned()));
}

#[tokio::test]
async fn patience_is_in_milliseconds() {
    let fixture = Fixture::start(|_: &Seen| Answer::Silence).await;
    let request = fixture
        .request("POST", GET_PRODUCT)
        .header("content-type", "application/json")
        .header("connect-timeout-ms", "100")
        .body("{}");
    let response = request.send().await.unwrap();
    assert_eq!(code(response).await, (504, "deadline_exceeded".to_owned()));
}

#[tokio::test]
async fn a_stream_is_envelopes_and_an_end() {
    let fixture = Fixture::start(events(2)).await;
    let body = envelope(0, br#"{"orderId":"o-1"}"#);
    let response = post(&fixture, WATCH_ORDER, "application/connect+json", body).await;
    assert_eq!(response.status(), 200);
    assert_eq!(
        response.headers()["content-type"],
        "application/connect+json"
    );
    let (messages, end) = envelopes(response).await;
    assert_eq!(end, json!({}));
    let second: Value = serde_json::from_slice(&messages[1]).unwrap();
    assert_eq!(second["event"]["sequence"], "2");
    let request: WatchOrderRequest = fixture.upstream.last_call().decode();
    assert_eq!(request.order_id, "o-1");

    let body = envelope(0, &request.encode_to_vec());
    let response = post(&fixture, WATCH_ORDER, "application/connect+proto", body).await;
    let (messages, _) = envelopes(response).await;
    let second = WatchOrderResponse::decode(&messages[1][..]).unwrap();
    assert_eq!(second.event.unwrap().sequence, 2);
}

#[tokio::test]
async fn the_end_of_a_stream_tells_what_went_wrong() {
    let fixture = Fixture::with(small(), |_: &Seen| {
        let event = WatchOrderResponse::default().encode_to_vec();
        let end = Err(Problem::not_found("order", "o-1").into());
        Answer::Stream(futures::stream::iter([Ok(event), end]).boxed())
    })
    .await;
    let stream = "application/connect+json";
    let (messages, end) =
        envelopes(post(&fixture, WATCH_ORDER, stream, envelope(0, b"{}")).await).await;
    assert_eq!(
        (messages.len(), &end["error"]["code"]),
        (1, &json!("not_found"))
    );

    for (body, code) in [
        (envelope(0, b"{"), "invalid_argument"),
        (envelope(1, b"{}"), "internal"),
        (envelope(0, b"{}").slice(..6), "invalid_argument"),
        (envelope(0, &[b' '; 20_000]), "resource_exhausted"),
    ] {
        let response = post(&fixture, WATCH_ORDER, stream, body).await;
        assert_eq!(response.status(), 200);
        let (_, end) = envelopes(response).await;
        assert_eq!(end["error"]["code"], code);
    }
    let anonymous = fixture.request("POST", WATCH_ORDER);
    let anonymous = anonymous
        .header("content-type", stream)
        .body(envelope(0, b"{}"));
    let (_, end) = envelopes(anonymous.send().await.unwrap()).await;
    assert_eq!(end["error"]["code"], "unauthenticated");
}

#[tokio::test]
async fn both_sides_stream_and_trailers_are_metadata_of_the_end() {
    let upstream = Upstream::start(|_| Answer::Silence).await;
    let fixture = before(upstream, Access::Public, |_| ()).await;
    let client = reqwest::Client::builder()
        .no_proxy()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let (sender, mut bodies) = tokio::sync::mpsc::channel::<Bytes>(1);
    let bodies = futures::stream::poll_fn(move |context| bodies.poll_recv(context));
    let request = client
        .post(fixture.url("/library.v1.Library/Echo"))
        .header("content-type", "application/connect+json")
        .header("connect-content-encoding", "gzip")
        .body(reqwest::Body::wrap_stream(
            bodies.map(Ok::<_, std::io::Error>),
        ));
    let response = tokio::spawn(request.send());
    sender.send(envelope(0, br#"{"pages":1}"#)).await.unwrap();
    sender
        .send(envelope(1, &gzip(br#"{"pages":2}"#)))
        .await
        .unwrap();
    let mut response = response.await.unwrap().unwrap();
    let first = tokio::time::timeout(Duration::from_secs(10), response.chunk()).await;
    let first = first.unwrap().unwrap().unwrap();
    assert_eq!(first, envelope(0, br#"{"name":"","pages":"1"}"#));
    drop(sender);
    let (messages, end) = envelopes(response).await;
    assert_eq!(messages, [br#"{"name":"","pages":"2"}"#]);
    assert_eq!(end, json!({"metadata": {"shelf": ["seven"]}}));
}

#[tokio::test]
async fn large_messages_of_a_stream_are_packed_as_the_client_reads_them() {
    let large = |_: &Seen| {
        let event = OrderEvent {
            order_id: "o".repeat(2_000),
            ..OrderEvent::default()
        };
        let small = WatchOrderResponse::default();
        Answer::messages([WatchOrderResponse { event: Some(event) }, small])
    };
    let fixture = Fixture::start(large).await;
    let request = fixture.as_user("POST", WATCH_ORDER);
    let request = request.header("content-type", "application/connect+json");
    let request = request.header("connect-accept-encoding", "br, gzip");
    let response = request.body(envelope(0, b"{}")).send().await.unwrap();
    assert_eq!(response.headers()["connect-content-encoding"], "gzip");
    let bytes = response.bytes().await.unwrap();
    assert_eq!(bytes[0], 1, "compressed");
    let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap()) as usize;
    assert!(length < 1_000, "{length}");
    let mut text = String::new();
    let mut packed = flate2::read::GzDecoder::new(&bytes[5..5 + length]);
    std::io::Read::read_to_string(&mut packed, &mut text).unwrap();
    assert!(serde_json::from_str::<Value>(&text).unwrap()["event"].is_object());
    assert_eq!(bytes[5 + length], 0, "a small one is as it is");
}
