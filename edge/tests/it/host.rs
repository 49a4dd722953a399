//! Whom a request is for.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::fixture::{Fixture, shop};
use crate::hostile::floods::{HEADERS, PREFACE, frame};

const PRODUCT: &str = "/v1/products/A%201";

/// What a request with these header lines gets: its status, and the reply.
async fn told(fixture: &Fixture, target: &str, version: &str, headers: &str) -> (String, String) {
    let request = format!("GET {target} HTTP/{version}\r\n{headers}connection: close\r\n\r\n");
    let mut socket = TcpStream::connect(fixture.address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    socket.read_to_string(&mut reply).await.unwrap();
    let status = reply.split(' ').nth(1).unwrap_or_default().to_owned();
    (status, reply)
}

#[tokio::test]
async fn a_request_says_once_and_clearly_whom_it_is_for() {
    let fixture = Fixture::start(shop).await;
    for headers in [
        "",
        "host: a\r\nhost: b\r\n",
        "host: a\r\nhost: a\r\n",
        "host: \r\n",
        "host: a b\r\n",
        "host: a/b\r\n",
        "host: a, b\r\n",
        "host: user@a\r\n",
        "host: a:port\r\n",
    ] {
        for target in [PRODUCT, "/livez", "/nothing", "http://a/v1/products/A%201"] {
            let (status, reply) = told(&fixture, target, "1.1", headers).await;
            assert_eq!(status, "400", "{target} {headers:?}");
            assert!(reply.contains("MALFORMED_REQUEST"), "{reply}");
            assert!(reply.contains("host: "), "{reply}");
        }
    }
    assert!(fixture.upstream.calls().is_empty());

    for (version, headers) in [
        ("1.1", "host: shop.example.com\r\n"),
        ("1.1", "host: [::1]:8080\r\n"),
        ("1.0", ""),
        ("1.0", "host: shop.example.com\r\n"),
    ] {
        let (status, reply) = told(&fixture, PRODUCT, version, headers).await;
        assert_eq!(status, "200", "{version} {headers:?}: {reply}");
    }
    let (status, _) = told(&fixture, PRODUCT, "1.0", "host: a\r\nhost: b\r\n").await;
    assert_eq!(status, "400");
    // The target goes before the header.
    let target = "http://other.example/v1/products/A%201";
    let (status, _) = told(&fixture, target, "1.1", "host: shop.example.com\r\n").await;
    assert_eq!(status, "200");
}

/// What a request over HTTP/2 gets with these of `:authority` and `host`: the first byte of the head of
/// its reply, by the static table of HPACK.
async fn told_over_h2(fixture: &Fixture, authority: Option<&str>, hosts: &[&str]) -> u8 {
    const HOST: u8 = 38;
    // :method GET, :scheme http, :path.
    let mut block = b"\x82\x86\x04\x12/v1/products/A%201".to_vec();
    let named = authority.map(|authority| (1, authority));
    for (name, value) in named
        .into_iter()
        .chain(hosts.iter().map(|host| (HOST, *host)))
    {
        // A literal without indexing, whose name has an index of four bits, or more.
        match name {
            0..15 => block.push(name),
            _ => block.extend([15, name - 15]),
        }
        block.push(u8::try_from(value.len()).unwrap());
        block.extend(value.bytes());
    }
    let request = frame(HEADERS, 0x1 | 0x4, 1, &block);
    let mut socket = TcpStream::connect(fixture.address).await.unwrap();
    socket
        .write_all(&[&PREFACE[..], &request].concat())
        .await
        .unwrap();
    loop {
        let mut header = [0; 9];
        socket.read_exact(&mut header).await.unwrap();
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; length as usize];
        socket.read_exact(&mut payload).await.unwrap();
        if header[3] == HEADERS {
            return payload[0];
        }
    }
}

#[tokio::test]
async fn over_http_2_the_authority_says_it_or_the_header_does() {
    // `:status` in the static table.
    const OK: u8 = 0x88;
    const BAD_REQUEST: u8 = 0x8c;
    let fixture = Fixture::start(shop).await;
    let cases: [(Option<&str>, &[&str], u8); 8] = [
        (Some("shop.example.com"), &[], OK),
        (Some("shop.example.com"), &["Shop.example.com"], OK),
        (None, &["shop.example.com"], OK),
        (
            Some("shop.example.com"),
            &["other.example.com"],
            BAD_REQUEST,
        ),
        (Some("a"), &["a", "a"], BAD_REQUEST),
        (Some("ada@a"), &[], BAD_REQUEST),
        (None, &[], BAD_REQUEST),
        (None, &["a b"], BAD_REQUEST),
    ];
    for (authority, hosts, expected) in cases {
        let told = told_over_h2(&fixture, authority, hosts).await;
        assert_eq!(told, expected, "{authority:?} {hosts:?}");
    }
}
