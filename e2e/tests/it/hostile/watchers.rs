//! One user who watches without end takes no place from others.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    http2::{Body, Http2, status},
    mesh::Kind,
    shop::{self, Customer},
};
use futures::future::join_all;
use http::{HeaderMap, HeaderValue, header};
use prost::bytes::Bytes;
use tokio::time::{Instant, timeout};

crate::on_both_kinds!(three_thousand_watches_of_one_user_stop_nobodys_orders);

const PATIENCE: Duration = Duration::from_secs(120);
const CONNECTIONS: usize = 20;
/// Of one connection; within what the edge lets a connection have.
const WATCHES: usize = 150;
/// What the edge lets a user have at the same time.
const ALLOWED: usize = 20;
const ORDERS: i64 = 9;

async fn three_thousand_watches_of_one_user_stop_nobodys_orders(kind: Kind) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let sku = shop::product(&mesh.admin().await, 1 + ORDERS).await;
    let (greedy, other) = (
        Customer::register(&mesh).await,
        Customer::register(&mesh).await,
    );
    let order = greedy.order(&sku, 1).await.expect(201).text_at("/orderId");
    let path = format!("/v1/orders/{order}:watch");
    let token = HeaderValue::try_from(format!("Bearer {}", greedy.rest.token()));
    let headers = HeaderMap::from_iter([
        (header::AUTHORIZATION, token.expect("a token is ASCII")),
        (
            header::ACCEPT,
            HeaderValue::from_static("text/event-stream"),
        ),
    ]);
    let address = mesh.edges[0].trim_start_matches("http://");

    let mut connections = Vec::new();
    let mut replies = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = Http2::connect(address).await;
        for _ in 0..WATCHES {
            let reply = connection
                .begin("GET", &path, headers.clone(), nothing())
                .await;
            replies.push(reply.expect("the edge takes requests"));
        }
        connections.push(connection);
    }
    let replies = timeout(PATIENCE, join_all(replies)).await;
    // Held: who drops a reply lets go of its stream.
    let replies = replies.expect("each has an answer");
    let count = |wanted| {
        let statuses = replies.iter().filter_map(status);
        statuses.filter(|status| *status == wanted).count()
    };
    assert_eq!(
        (count(200), count(429)),
        (ALLOWED, CONNECTIONS * WATCHES - ALLOWED)
    );

    let mut times = Vec::new();
    for _ in 0..ORDERS {
        let began = Instant::now();
        other.order(&sku, 1).await.expect(201);
        times.push(began.elapsed());
    }
    times.sort();
    let median = times[times.len() / 2];
    assert!(median < Duration::from_secs(1), "orders take {times:?}");

    drop((replies, connections));
    let watch = || other_watch(&greedy, &path);
    e2e::condition::eventually("the user may watch again", PATIENCE, || async {
        (watch().await == 200).then_some(())
    })
    .await;
}

fn nothing() -> Body {
    Body::Whole(Bytes::new())
}

async fn other_watch(customer: &Customer, path: &str) -> u16 {
    let watch = customer.rest.request(reqwest::Method::GET, path);
    let reply = watch.send().await.expect("the edge answers");
    reply.status().as_u16()
}
