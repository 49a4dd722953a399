//! Requests that are not what they seem.

use serde_json::Value;

use super::{others_do_not_notice, send};
use crate::fixture::{Fixture, refusal, refused, shop};

/// A second request, for whoever takes the end of the first to be elsewhere.
const SMUGGLED: &str = "GET /v1/products/SMUGGLED HTTP/1.1\r\nhost: x\r\n\r\n";

/// What was asked of upstreams, in the bytes of its messages.
fn was_smuggled(fixture: &Fixture) -> bool {
    let calls = fixture.upstream.calls();
    calls
        .iter()
        .any(|call| call.message.windows(8).any(|bytes| bytes == b"SMUGGLED"))
}

#[tokio::test]
async fn a_body_has_one_length_or_none() {
    let fixture = Fixture::start(shop).await;
    // Lengths that contradict each other, or are none.
    let unclear = [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 5, 6",
        "content-length: +5",
        "content-length: -1",
        "content-length: 0x5",
        "content-length: 5 5",
        "content-length:",
        "content-length: 18446744073709551616",
        "content-length: 99999999999999999999999999999999999999",
        "transfer-encoding: identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked, identity",
        "transfer-encoding : chunked",
        "transfer-encoding:\r\n chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "content-length: 5\0",
        "content-length\0: 5",
        "content-length: 5\rx: y",
    ];
    others_do_not_notice(&fixture, async || {
        for headers in unclear {
            let request = format!(
                "POST /v1/orders HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n0\r\n\r\n{SMUGGLED}"
            );
            let ended = send(&fixture, request.as_bytes()).await;
            assert_eq!(ended.statuses(), ["400"], "{headers:?}");
        }
    })
    .await;
    // One of two prevails, and whatever follows is not looked at.
    for headers in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: chunked\r\ncontent-length: none",
        "content-length: 5\r\nconnection: close",
    ] {
        let request =
            format!("POST /v1/orders HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n0\r\n\r\n{SMUGGLED}");
        let ended = send(&fixture, request.as_bytes()).await;
        assert_eq!(ended.statuses(), ["401"], "{headers:?}");
    }
    assert!(!was_smuggled(&fixture));
}

#[tokio::test]
async fn chunks_have_sizes() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    let extension = format!("5;{}\r\n", "x".repeat(100_000));
    let sizes = [
        "FFFFFFFFFFFFFFFFF\r\n",
        "-1\r\n",
        "x\r\n",
        "\r\n",
        "5\n",
        &extension,
    ];
    others_do_not_notice(&fixture, async || {
        for size in sizes {
            let request = format!(
                "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
                 transfer-encoding: chunked\r\n\r\n{size}{SMUGGLED}"
            );
            let ended = send(&fixture, request.as_bytes()).await;
            assert_eq!(ended.statuses(), ["400"], "{:?}", &size[..2]);
        }
    })
    .await;
    assert!(!was_smuggled(&fixture));
}

#[tokio::test]
async fn a_line_that_ends_without_its_carriage_return_is_refused() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    let chunked = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    let whole = "GET /v1/products/A%201 HTTP/1.1\r\nhost: x\r\n\r\n";
    let counted = "POST /v1/orders HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{\n";
    // Bare line feeds, a bare carriage return, a folded line, two lengths.
    let heads = [
        "GET / HTTP/1.1\nhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n\n",
        "GET / HTTP/1.1\r\nhost: x\nx: y\r\n\r\n",
        "GET / HTTP/1.1\n\n",
        "GET /\n",
        "\nGET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\rx: y\r\n\r\n",
        "GET / HTTP/1.1\rhost: x\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: x\r\n\tfolded\r\n\r\n",
        "POST / HTTP/1.1\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\n{}",
        "POST / HTTP/1.1\r\nContent-Length: 2\r\nx: y\r\ncontent-length: 3\r\n\r\n{}",
    ];
    others_do_not_notice(&fixture, async || {
        for head in heads {
            // As the first request, and behind others on the same connection.
            for (before, statuses) in [
                ("", vec!["400"]),
                (whole, vec!["200", "400"]),
                (counted, vec!["401", "400"]),
            ] {
                let ended = send(&fixture, format!("{before}{head}").as_bytes()).await;
                assert_eq!(ended.statuses(), statuses, "{before:?} {head:?}");
            }
        }
        for body in [
            "2\n{}\r\n0\r\n\r\n",
            "2;x=y\n{}\r\n0\r\n\r\n",
            "2\r\n{}\n0\r\n\r\n",
            "2\r\n{}\r\n0\n\r\n",
            "2\r\n{}\r\n0\r\n\n",
            "2\r\n{}\r\n0\r\nx: y\n\r\n",
        ] {
            let request = format!("{chunked}{body}{SMUGGLED}");
            let ended = send(&fixture, request.as_bytes()).await;
            assert_eq!(ended.statuses(), ["400"], "{body:?}");
        }
    })
    .await;
    assert!(!was_smuggled(&fixture));
}

#[tokio::test]
async fn line_feeds_in_bodies_are_what_they_are() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    let order = serde_json::to_string_pretty(&crate::fixture::an_order()).unwrap();
    assert!(order.contains('\n'));
    let head = format!("POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n");
    let length = order.len();
    let twice = format!(
        "{head}content-length: {length}\r\n\r\n{order}\
         {head}transfer-encoding: chunked\r\nconnection: close\r\n\r\n\
         1;x=y\r\n\n\r\n{length:x}\r\n{order}\r\n0\r\nx: y\r\n\r\n"
    );
    let ended = send(&fixture, twice.as_bytes()).await;
    assert_eq!(ended.statuses(), ["201", "201"]);
}

#[tokio::test]
async fn a_body_of_absurd_size_is_refused_by_its_announcement() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    for length in [1_u64 << 40, u64::MAX - 2] {
        let request = format!(
            "POST /v1/orders HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-length: {length}\r\n\r\n"
        );
        assert_eq!(send(&fixture, request.as_bytes()).await.statuses(), ["413"]);
    }
}

#[tokio::test]
async fn json_ten_thousand_deep_is_refused() {
    let fixture = Fixture::start(shop).await;
    let deep = |open: &str, close: &str| open.repeat(10_000) + &close.repeat(10_000);
    let (arrays, objects) = (deep("[", "]"), deep("{\"items\":", "}"));
    let field = |name: &str| format!("{{\"{name}\":{arrays}}}");
    let bodies = [
        field("items"),
        field("unknown"),
        objects,
        arrays.clone(),
        "[".repeat(10_000),
    ];
    others_do_not_notice(&fixture, async || {
        for body in &bodies {
            let post = |path| {
                let request = fixture.as_user("POST", path).body(body.clone());
                request.header("content-type", "application/json").send()
            };
            let answer = post("/v1/orders").await.unwrap();
            let expected = refused(400, "INVALID_ARGUMENT", "MALFORMED_REQUEST");
            assert_eq!(refusal(answer).await, expected);
            let answer = post("/tradewind.orders.v1.OrdersService/CreateOrder")
                .await
                .unwrap();
            assert_eq!(answer.status(), 400);
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["code"], "invalid_argument");
        }
    })
    .await;
}

#[tokio::test]
async fn what_is_no_utf_8_is_refused_or_not_looked_at() {
    let fixture = Fixture::start(shop).await;
    for path in [
        &b"/v1/products/\xff"[..],
        b"/v1/products/%FF",
        b"/v1/products/%C3%28",
        b"/v1/products/%ED%A0%80",
        b"/v1/products:search?query=%FF",
        b"/v1/products:search?query=\xff",
        b"/v1/products:search?%FF=1",
    ] {
        let request = [
            b"GET ",
            path,
            b" HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
        ]
        .concat();
        let ended = send(&fixture, &request).await;
        assert_eq!(ended.statuses(), ["400"], "{}", path.escape_ascii());
    }
    assert!(fixture.upstream.calls().is_empty());

    // (header, the status of a request that has it)
    let token = fixture.token(&["user"]);
    let headers = [
        ("accept", "200"),
        ("accept-encoding", "200"),
        ("authorization", "401"),
        ("connect-protocol-version", "200"),
        ("connect-timeout-ms", "400"),
        ("cookie", "200"),
        ("grpc-timeout", "400"),
        ("last-event-id", "200"),
        ("origin", "200"),
        ("request-timeout", "400"),
        ("traceparent", "200"),
        ("user-agent", "200"),
        ("x-forwarded-for", "200"),
        ("x-request-id", "200"),
    ];
    for (name, status) in headers {
        let mut request =
            b"GET /v1/orders/o-1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n".to_vec();
        if name != "authorization" {
            request.extend(format!("authorization: Bearer {token}\r\n").into_bytes());
        }
        request.extend(format!("{name}: ").into_bytes());
        request.extend(b"\xff\xfe\xc3\x28\r\n\r\n");
        assert_eq!(
            send(&fixture, &request).await.statuses(),
            [status],
            "{name}"
        );
    }
}
