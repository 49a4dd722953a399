//! How many streams a client may have open at the same time.

use std::time::Duration;

use bytes::Bytes;
use contracts::tradewind::orders::v1::{OrderEvent, WatchOrderRequest, WatchOrderResponse};
use edge::Settings;
use futures::StreamExt as _;
use prost::Message as _;
use reqwest::{RequestBuilder, Response};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::Error;

use crate::fixture::{Fixture, bare, error, info, settings, shop};
use crate::generic::of_library;
use crate::upstream::{Answer, Seen, Upstream, frame};

const WATCH: &str = "/v1/orders/o-1:watch";
const WATCH_ORDER: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
const PATIENCE: Duration = Duration::from_secs(20);

fn one_and_silence(_: &Seen) -> Answer {
    let event = OrderEvent {
        sequence: 1,
        ..OrderEvent::default()
    };
    let event = WatchOrderResponse { event: Some(event) };
    let first = futures::stream::iter([Ok(event.encode_to_vec())]);
    Answer::Stream(first.chain(futures::stream::pending()).boxed())
}

fn few(of_user: usize, of_address: usize) -> Settings {
    let mut settings = settings();
    settings.streams.streams_per_user = of_user;
    settings.streams.streams_per_address = of_address;
    // So that threads count together.
    settings.connections.edge_threads = 2;
    settings
}

/// A client with a connection of its own.
fn client(http2: bool) -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    let client = match http2 {
        true => client.http2_prior_knowledge(),
        false => client,
    };
    client.build().unwrap()
}

fn call(fixture: &Fixture, content_type: &str, body: Bytes) -> RequestBuilder {
    let request = client(content_type == "application/grpc").post(fixture.url(WATCH_ORDER));
    let request = request.bearer_auth(fixture.token(&["user"]));
    request.header("content-type", content_type).body(body)
}

fn watched() -> Bytes {
    let watch = WatchOrderRequest {
        order_id: "o-1".into(),
        ..WatchOrderRequest::default()
    };
    frame(&watch.encode_to_vec())
}

fn rest(fixture: &Fixture, accept: &str) -> RequestBuilder {
    let request = client(false).get(fixture.url(WATCH));
    let request = request.bearer_auth(fixture.token(&["user"]));
    request.header("accept", accept)
}

async fn socket(fixture: &Fixture) -> Result<WebSocketStream<TcpStream>, u16> {
    let url = format!("ws://{}{WATCH}", fixture.address);
    let mut request = url.into_client_request().unwrap();
    let token = format!("Bearer {}", fixture.token(&["user"]));
    let headers = request.headers_mut();
    headers.insert("authorization", token.parse().unwrap());
    let stream = TcpStream::connect(fixture.address).await.unwrap();
    match tokio_tungstenite::client_async(request, stream).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

/// A stream whose first message has come.
async fn opened(request: RequestBuilder) -> Response {
    let mut response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    let first = tokio::time::timeout(PATIENCE, response.chunk()).await;
    assert!(first.unwrap().unwrap().is_some());
    response
}

/// Completes when so many are measured.
async fn until(fixture: &Fixture, open: f64) {
    let so_many = async {
        while fixture.metric("edge_open_streams", &[]) != Some(open) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let so_many = tokio::time::timeout(PATIENCE, so_many).await;
    so_many.expect("it is measured");
}

#[tokio::test]
async fn one_stream_too_many_is_refused_in_the_words_of_each_protocol() {
    let fixture = Fixture::with(few(5, 100), one_and_silence).await;
    let connect = Bytes::from_static(b"\0\0\0\0\x11{\"orderId\":\"o-1\"}");
    // One of each; all of them count.
    let mut streams = vec![
        opened(rest(&fixture, "text/event-stream")).await,
        opened(rest(&fixture, "application/x-ndjson")).await,
        opened(call(&fixture, "application/grpc", watched())).await,
        opened(call(&fixture, "application/connect+json", connect.clone())).await,
    ];
    let web = socket(&fixture).await.unwrap();

    for accept in ["text/event-stream", "application/x-ndjson"] {
        let error = error(rest(&fixture, accept).send().await.unwrap()).await;
        assert_eq!(error["status"], "RESOURCE_EXHAUSTED");
        assert_eq!(info(&error)["reason"], "TOO_MANY_STREAMS");
        assert_eq!(info(&error)["metadata"]["limit"], "user");
    }
    for content_type in ["application/grpc", "application/grpc-web"] {
        let refused = call(&fixture, content_type, watched())
            .send()
            .await
            .unwrap();
        assert_eq!(refused.headers()["grpc-status"], "8", "{content_type}");
    }
    let refused = call(&fixture, "application/connect+json", connect.clone());
    let end = refused.send().await.unwrap().text().await.unwrap();
    assert!(end.contains("resource_exhausted") && end.contains("TOO_MANY_STREAMS"));
    assert_eq!(socket(&fixture).await.err(), Some(429));
    // Calls without streams are not concerned.
    let get = fixture.as_user("GET", "/v1/orders/o-1").send().await;
    assert_ne!(get.unwrap().status(), 429);

    // Each that ends makes room for another, and no more.
    streams.remove(0);
    drop(web);
    fixture.upstream.abandoned(2).await;
    let again = async || {
        tokio::time::timeout(PATIENCE, async {
            loop {
                let response = rest(&fixture, "text/event-stream").send().await.unwrap();
                if response.status() == 200 {
                    return response;
                }
            }
        })
        .await
        .expect("there is room again")
    };
    let (_one, _two) = (again().await, again().await);
    let full = rest(&fixture, "text/event-stream").send().await.unwrap();
    assert_eq!(full.status(), 429);
}

#[tokio::test]
async fn an_address_is_counted_as_trusted_proxies_tell_it() {
    let mut settings = few(100, 2);
    settings.web.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    let fixture = Fixture::with(settings, one_and_silence).await;
    let from = |address: &str| {
        let request = rest(&fixture, "text/event-stream");
        request.header("x-forwarded-for", address)
    };
    // One customer's addresses are one.
    let _one = opened(from("2001:db8:1:2::1")).await;
    let _two = opened(from("2001:db8:1:2:3::4")).await;
    let error = error(from("2001:db8:1:2::5").send().await.unwrap()).await;
    assert_eq!(error["code"], 429);
    assert_eq!(info(&error)["metadata"]["limit"], "address");
    let _other = opened(from("2001:db8:1:3::1")).await;
}

#[tokio::test]
async fn what_a_client_sends_is_a_stream_too() {
    let upstream = Upstream::start(|_| Answer::Silence).await;
    let fixture = of_library(upstream, few(100, 1), |_| ()).await;
    let begin = || {
        let body =
            reqwest::Body::wrap_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let request = client(false).post(fixture.url("/v1/shelves/1/books:add"));
        let request = request.header("content-type", "application/x-ndjson");
        request.body(body).send()
    };
    let _open = tokio::spawn(begin());
    until(&fixture, 1.0).await;
    let refusal = bare(begin().await.unwrap()).await;
    assert_eq!(refusal, (429, "RESOURCE_EXHAUSTED".to_owned()));
}

#[tokio::test]
async fn reflection_is_a_stream_too() {
    let mut settings = few(100, 1);
    settings.web.edge_reflection = true;
    let fixture = Fixture::with(settings, shop).await;
    let path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
    let ask = || {
        // A question for the list of services, and then nothing.
        let question = futures::stream::iter([Ok::<_, std::io::Error>(frame(&[0x3a, 0]))]);
        let body = reqwest::Body::wrap_stream(question.chain(futures::stream::pending()));
        let request = client(true).post(fixture.url(path));
        request
            .header("content-type", "application/grpc")
            .body(body)
            .send()
    };
    let mut open = ask().await.unwrap();
    assert!(open.chunk().await.unwrap().is_some());
    let refused = ask().await.unwrap();
    assert_eq!(refused.headers()["grpc-status"], "8");
}

#[tokio::test]
async fn open_streams_are_measured() {
    let fixture = Fixture::with(few(10, 10), one_and_silence).await;
    until(&fixture, 0.0).await;
    let streams = [
        opened(rest(&fixture, "text/event-stream")).await,
        opened(rest(&fixture, "text/event-stream")).await,
    ];
    until(&fixture, 2.0).await;
    drop(streams);
    until(&fixture, 0.0).await;
}
