//! Streams of callers whose tokens expire.

use futures::{SinkExt as _, StreamExt as _};
use prost::Message as _;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::issuer::{Issuer, Key, now};
use super::{GET_BOOK, has_keys, trust};
use crate::fixture::Fixture;
use crate::generic::{Book, before};
use crate::upstream::{Answer, Seen, Upstream};
use edge::generic::Access;

const SEATS: &str = "/v1/shelves/1/seats";
const ECHO: &str = "/v1/shelves/1/books:echo";

async fn client(fixture: &Fixture) -> tonic::client::Grpc<tonic::transport::Channel> {
    let endpoint = Endpoint::from_shared(fixture.url("")).unwrap();
    let mut client = tonic::client::Grpc::new(endpoint.connect().await.unwrap());
    client.ready().await.unwrap();
    client
}

fn with_token(token: &str) -> Request<Book> {
    let mut request = Request::new(Book::default());
    let authorization = format!("Bearer {token}").parse().unwrap();
    request
        .metadata_mut()
        .insert("authorization", authorization);
    request
}

/// One call in gRPC.
pub(super) async fn grpc(fixture: &Fixture, token: &str) -> Result<Book, Status> {
    let codec = ProstCodec::<Book, Book>::default();
    let path = http::uri::PathAndQuery::from_static(GET_BOOK);
    let reply = client(fixture)
        .await
        .unary(with_token(token), path, codec)
        .await;
    reply.map(tonic::Response::into_inner)
}

fn one_and_silence(_: &Seen) -> Answer {
    let first = futures::stream::iter([Ok(Book::default().encode_to_vec())]);
    Answer::Stream(first.chain(futures::stream::pending()).boxed())
}

async fn start(issuer: &Issuer) -> Fixture {
    let upstream = Upstream::start(one_and_silence).await;
    let fixture = before(upstream, Access::Authenticated, |config| {
        trust(config, issuer);
        config.jwt.jwt_leeway = std::time::Duration::ZERO;
    })
    .await;
    has_keys(&fixture).await;
    fixture
}

fn short(issuer: &Issuer) -> String {
    issuer.token(Key::Ed, &json!({"exp": now() + 2}))
}

#[tokio::test]
async fn a_stream_of_events_ends_when_its_token_expires() {
    let issuer = Issuer::start(&[Key::Ed]).await;
    let fixture = start(&issuer).await;
    let request = fixture.request("GET", SEATS).bearer_auth(short(&issuer));
    let response = request.header("accept", "text/event-stream").send().await;
    let response = response.unwrap();
    assert_eq!(response.status(), 200);
    let text = response.text().await.unwrap();
    assert!(text.starts_with("data: {"), "{text}");
    let (_, last) = text.split_once("event: error\ndata: ").unwrap();
    assert!(
        last.contains("UNAUTHENTICATED") && last.contains("the token has expired"),
        "{last}"
    );
    fixture.upstream.abandoned(1).await;
}

#[tokio::test]
async fn a_stream_of_grpc_ends_when_its_token_expires() {
    let issuer = Issuer::start(&[Key::Ed]).await;
    let fixture = start(&issuer).await;
    let codec = ProstCodec::<Book, Book>::default();
    let path = http::uri::PathAndQuery::from_static("/library.v1.Library/WatchSeats");
    let request = with_token(&short(&issuer));
    let reply = client(&fixture)
        .await
        .server_streaming(request, path, codec)
        .await;
    let mut messages = reply.unwrap().into_inner();
    assert!(messages.message().await.unwrap().is_some());
    let over = messages.message().await.unwrap_err();
    assert_eq!(over.code(), Code::Unauthenticated);
    assert_eq!(over.message(), "the token has expired");
}

#[tokio::test]
async fn a_websocket_ends_when_its_token_expires() {
    let issuer = Issuer::start(&[Key::Ed]).await;
    let fixture = start(&issuer).await;
    let open = async |token: &str| {
        let url = format!("ws://{}{ECHO}", fixture.address);
        let mut request = url.into_client_request().unwrap();
        let authorization = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", authorization);
        let stream = tokio::net::TcpStream::connect(fixture.address)
            .await
            .unwrap();
        tokio_tungstenite::client_async(request, stream).await
    };
    assert!(open("nonsense").await.is_err());
    let (mut socket, _) = open(&short(&issuer)).await.unwrap();
    socket
        .send(Message::text("{\"name\": \"shelves/1\"}"))
        .await
        .unwrap();
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Close(Some(frame)) => {
                assert_eq!(u16::from(frame.code), 4016);
                assert!(
                    frame.reason.contains("the token has expired"),
                    "{}",
                    frame.reason
                );
                return;
            }
            Message::Text(_) | Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}
