//! Bodies that never end fill no memory.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    http2::{Body, Http2, status},
    memory::Memory,
    mesh::Kind,
    shop::{self, Customer},
};
use futures::future::join_all;
use http::{HeaderMap, HeaderName, HeaderValue};
use prost::bytes::Bytes;
use tokio::time::timeout;

crate::on_both_kinds!(stalled_bodies_fill_no_memory);

const PATIENCE: Duration = Duration::from_secs(60);
const CONNECTIONS: usize = 2;
/// Of each connection, which may have as many requests at the same time.
const BODIES: usize = 200;
/// What is sent of each body, whose last byte never comes.
const SENT: usize = 999_999;
/// How much larger the edge may be at its peak, in KiB; the bodies alone are 400 MB.
const GROWTH: u64 = 128 << 10;

/// A request whose body may be held, by each protocol.
fn targets(token: &str) -> Vec<(&'static str, HeaderMap)> {
    let token = format!("Bearer {token}");
    let headers = |pairs: &[(&'static str, &str)]| {
        let pairs = pairs.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).expect("it is ASCII");
            (HeaderName::from_static(name), value)
        });
        pairs.collect::<HeaderMap>()
    };
    let create = "/tradewind.orders.v1.OrdersService/CreateOrder";
    vec![
        (
            "/v1/auth/login",
            headers(&[("content-type", "application/json")]),
        ),
        (
            "/v1/orders",
            headers(&[
                ("content-type", "application/json"),
                ("authorization", &token),
            ]),
        ),
        (
            create,
            headers(&[
                ("content-type", "application/grpc"),
                ("authorization", &token),
            ]),
        ),
        (
            create,
            headers(&[
                ("content-type", "application/grpc-web"),
                ("authorization", &token),
            ]),
        ),
        (
            create,
            headers(&[
                ("content-type", "application/json"),
                ("connect-protocol-version", "1"),
                ("authorization", &token),
            ]),
        ),
    ]
}

/// What such a body begins with: a message that is as long as the body says.
fn body(headers: &HeaderMap) -> Bytes {
    let mut body = vec![b' '; SENT];
    if headers["content-type"] != "application/json" {
        let length = u32::try_from(SENT).expect("it fits") - 4;
        body[0] = 0;
        body[1..5].copy_from_slice(&length.to_be_bytes());
    }
    body.into()
}

async fn stalled_bodies_fill_no_memory(kind: Kind) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let sku = shop::product(&mesh.admin().await, 1000).await;
    let (hostile, other) = (
        Customer::register(&mesh).await,
        Customer::register(&mesh).await,
    );
    let address = mesh.edges[0].trim_start_matches("http://");
    let edge = match kind {
        Kind::Embedded => "tradewind",
        Kind::Real => "edge-0",
    };
    let memory = Memory::watch(mesh.id(edge));

    for (path, headers) in targets(hostile.rest.token()) {
        let body = body(&headers);
        let mut connections = Vec::new();
        let mut replies = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = Http2::connect(address).await;
            for _ in 0..BODIES {
                let begun =
                    connection.begin("POST", path, headers.clone(), Body::Begun(body.clone()));
                replies.push(begun.await.expect("the edge takes requests"));
            }
            connections.push(connection);
        }
        let others = async {
            // A read and a write that need room for a body of their own.
            mesh.rest()
                .get(&format!("/v1/products/{sku}"))
                .await
                .expect(200);
            other.order(&sku, 1).await
        };
        let order = timeout(PATIENCE, others)
            .await
            .expect("others are answered");
        // They share the client's address, whose budget is taken: that is told, and nothing else is.
        assert!(
            order.status == 201 || order.reason() == "OVERLOADED",
            "{path}: {}",
            order.text
        );
        let replies = timeout(PATIENCE, join_all(replies)).await;
        let replies = replies.unwrap_or_else(|_| panic!("{path}: a stalled body comes to an end"));
        assert!(
            replies
                .iter()
                .filter_map(status)
                .all(|status| status != 200),
            "{path}: nobody is served for half a body"
        );
        drop(connections);
    }
    let growth = memory.growth();
    assert!(growth < GROWTH, "{growth} KiB more");
    other.order(&sku, 1).await.expect(201);
}
