//! An edge that speaks TLS.

use std::time::Duration;

use contracts::tradewind::catalog::v1::GetProductRequest;
use contracts::tradewind::catalog::v1::catalog_service_client::CatalogServiceClient;
use edge::Config;
use futures::StreamExt as _;
use http::Version;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use super::client::{Client, NAME};
use super::{Authority, Certified, Folder};
use crate::fixture::{Fixture, settings, shop};
use crate::upstream::Upstream;
use crate::waiting::until_closed;

const REQUEST: &[u8] = b"GET /livez HTTP/1.1\r\nhost: edge.test\r\nconnection: close\r\n\r\n";

/// A door with this certificate.
pub(super) fn with(folder: &Folder, certified: &Certified) -> Config {
    let mut config = Config {
        settings: settings(),
        ..Config::default()
    };
    let (certificate, key) = folder.put_certified(certified);
    config.tls.tls_certificate = Some(certificate);
    config.tls.tls_key = Some(key);
    config
}

pub(super) async fn start(config: Config) -> Fixture {
    Fixture::before(Upstream::start(shop).await, config).await
}

#[tokio::test]
async fn clients_choose_http_2_or_http_1_1_and_are_told_to_stay_with_tls() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let fixture = start(with(&folder, &authority.certifies(NAME))).await;
    let any = Client::of(&authority);
    let http1 = Client {
        alpn: &["http/1.1"],
        ..Client::of(&authority)
    };
    let older = Client {
        versions: &[&rustls::version::TLS12],
        ..Client::of(&authority)
    };
    for (client, version) in [
        (any, Version::HTTP_2),
        (http1, Version::HTTP_11),
        (older, Version::HTTP_2),
    ] {
        let reply = client.get(fixture.address, "/livez").await.unwrap();
        assert_eq!((reply.status().as_u16(), reply.version()), (200, version));
        assert!(reply.headers().contains_key("strict-transport-security"));
    }
}

#[tokio::test]
async fn a_client_that_offers_no_protocol_speaks_whichever_it_likes() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let fixture = start(with(&folder, &authority.certifies(NAME))).await;
    let client = Client {
        alpn: &[],
        ..Client::of(&authority)
    };
    let mut stream = client.connect(fixture.address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    assert!(until_closed(stream).await.starts_with("HTTP/1.1 200"));

    let stream = client.connect(fixture.address).await.unwrap();
    let (requests, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://edge.test/livez");
    let mut requests = requests.ready().await.unwrap();
    let reply = requests.send_request(request.body(()).unwrap(), true);
    assert_eq!(reply.unwrap().0.await.unwrap().status(), 200);

    let other = Client {
        alpn: &["http/0.9"],
        ..Client::of(&authority)
    };
    let refused = other.connect(fixture.address).await.unwrap_err();
    let refused = refused.to_string();
    assert!(refused.contains("NoApplicationProtocol"), "{refused}");
}

#[tokio::test]
async fn a_generated_client_calls_in_tls() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let fixture = start(with(&folder, &authority.certifies(NAME))).await;
    let channel = Client::of(&authority).channel(fixture.address).await;
    let mut catalog = CatalogServiceClient::new(channel);
    let reply = catalog.get_product(GetProductRequest { sku: "A 1".into() });
    let product = reply.await.unwrap().into_inner().product.unwrap();
    assert_eq!(product.title, "Lamp");
}

#[tokio::test]
async fn who_speaks_plain_http_is_told_that_it_is_tls() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let fixture = start(with(&folder, &authority.certifies(NAME))).await;
    for request in [REQUEST, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"] {
        let mut stream = TcpStream::connect(fixture.address).await.unwrap();
        stream.write_all(request).await.unwrap();
        let told = until_closed(stream).await;
        assert!(told.starts_with("HTTP/1.1 400"), "{told}");
        assert!(told.ends_with("use https.\r\n"), "{told}");
    }
}

#[tokio::test]
async fn clients_that_do_not_shake_hands_are_left_and_hold_no_place() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let mut config = with(&folder, &authority.certifies(NAME));
    config.settings.connections.header_timeout = Duration::from_secs(1);
    config.settings.connections.max_connections = 2;
    let fixture = start(config).await;
    let client = Client::of(&authority);
    // Nothing; the head of a record; a ClientHello that is announced and does not come.
    let beginnings: [&[u8]; 3] = [
        b"",
        b"\x16\x03\x01",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    ];
    for beginning in beginnings {
        let mut held = Vec::new();
        for _ in 0..2 {
            let mut stream = TcpStream::connect(fixture.address).await.unwrap();
            stream.write_all(beginning).await.unwrap();
            held.push(stream);
        }
        let waits = client.get(fixture.address, "/livez");
        let reply = tokio::time::timeout(Duration::from_secs(20), waits).await;
        assert_eq!(reply.expect("there is room again").unwrap().status(), 200);
        for stream in held {
            until_closed(stream).await;
        }
    }
    // Nor do those that say nothing afterwards.
    let silent = client.connect(fixture.address).await.unwrap();
    until_closed(silent).await;
}

#[tokio::test]
async fn a_websocket_opens_in_tls() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let fixture = start(with(&folder, &authority.certifies(NAME))).await;
    let http1 = Client {
        alpn: &["http/1.1"],
        ..Client::of(&authority)
    };
    let stream = http1.connect(fixture.address).await.unwrap();
    let url = format!("wss://{NAME}/v1/orders/o-1:watch");
    let mut request = url.into_client_request().unwrap();
    let token = format!("Bearer {}", fixture.token(&["user"]));
    let headers = request.headers_mut();
    headers.insert("authorization", token.parse().unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream)
        .await
        .unwrap();
    let first = socket.next().await.unwrap().unwrap();
    assert!(first.is_text(), "{first:?}");
}
