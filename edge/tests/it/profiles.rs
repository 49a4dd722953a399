//! In the place of other gateways.

use edge::generic::Access;
use edge::profile::Name;
use futures::StreamExt as _;
use futures::stream;
use http::{HeaderMap, HeaderValue};
use prost::Message as _;
use reqwest::Response;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::{Code, Status};

use crate::fixture::{Fixture, settings};
use crate::generic::{Book, before, of_library};
use crate::upstream::{Answer, Seen, Upstream};

mod envoy;
mod grpc_gateway;

const BOOK: &str = "/v1/shelves/1/books/2";

/// Gives back the name that was asked for, or an error of that name; streams two books.
fn library(seen: &Seen) -> Answer {
    let Book { name, .. } = seen.decode();
    let book = |pages| {
        let name = name.clone();
        Ok(Book { name, pages }.encode_to_vec())
    };
    let last = name.rsplit('/').next().unwrap();
    if seen.path.ends_with("/WatchSeats") {
        return Answer::Stream(match last {
            "none" => stream::iter([]).boxed(),
            "broken" => stream::iter([book(0), book(1), Err(refused())]).boxed(),
            "wrong" => stream::iter([Err(refused())]).boxed(),
            _ => stream::iter([book(0), book(1)]).boxed(),
        });
    }
    match last {
        "none" => Answer::Error(refused()),
        "secret" => Answer::Error(Status::unauthenticated("Basic realm=\"books\"")),
        "broken" => Answer::Error(Status::internal("a cable is loose")),
        _ => {
            let leading = metadata([("x-leading", "first"), ("x-workload-authorization", "x")]);
            let trailing = metadata([("x-trailing", "last")]);
            Answer::Told(book(0).unwrap(), leading, trailing)
        }
    }
}

fn metadata<const N: usize>(pairs: [(&'static str, &'static str); N]) -> HeaderMap {
    let pair =
        |(name, value): (&'static str, _)| (name.parse().unwrap(), HeaderValue::from_static(value));
    pairs.into_iter().map(pair).collect()
}

fn refused() -> Status {
    Status::new(Code::NotFound, "no such book")
}

async fn start(name: Name) -> Fixture {
    let upstream = Upstream::start(library).await;
    before(upstream, Access::Public, |config| {
        config.servers.profile = Some(name)
    })
    .await
}

/// Status, media type and body.
async fn told(response: Response) -> (u16, String, String) {
    let (status, media_type) = (
        response.status().as_u16(),
        response.headers().get("content-type"),
    );
    let media_type = media_type.map(|value| value.to_str().unwrap().to_owned());
    (
        status,
        media_type.unwrap_or_default(),
        response.text().await.unwrap(),
    )
}

fn as_json(status: u16, body: &dyn ToString) -> (u16, String, String) {
    (status, "application/json".to_owned(), body.to_string())
}

/// The bytes of a reply to a request over HTTP/1.1.
async fn raw(fixture: &Fixture, request: &str) -> String {
    let mut socket = TcpStream::connect(fixture.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    socket.read_to_end(&mut reply).await.unwrap();
    String::from_utf8(reply).unwrap()
}

#[tokio::test]
async fn what_a_flag_says_goes_before_what_a_profile_brings() {
    let mut settings = settings();
    settings.mapping.ignore_unknown_query = Some(false);
    settings.mapping.json = vec![
        "*:always-print-fields-without-presence=false"
            .parse()
            .unwrap(),
    ];
    settings.metadata.reply_header = vec!["x-leading=x-first".parse().unwrap()];
    let upstream = Upstream::start(library).await;
    let fixture = of_library(upstream, settings, |config| {
        config.servers.profile = Some(Name::GrpcGateway);
    })
    .await;
    let response = fixture.get(&format!("{BOOK}?utm=1")).await;
    assert_eq!(response.status(), 400);
    let response = fixture.get(BOOK).await;
    assert_eq!(response.headers()["x-first"], "first");
    assert!(!response.headers().contains_key("grpc-metadata-x-leading"));
    let body: Value = response.json().await.unwrap();
    assert_eq!(body, json!({"name": "shelves/1/books/2"}));
}
