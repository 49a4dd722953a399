//! Calls of a service's own port that never end take no place from others.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    http2::{Body, Http2},
    mesh::Kind,
    shop::{self, Customer},
};
use http::{HeaderMap, HeaderValue, header};
use prost::bytes::Bytes;
use tokio::time::timeout;

crate::on_both_kinds!(half_open_calls_of_a_service_stop_nobodys_orders);

/// One after the other, while the calls are open.
const ORDERS: usize = 5;
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECTIONS: usize = 2;
/// Of each connection, or as many as the service lets it have.
const CALLS: usize = 1000;
/// Until a connection takes no more.
const FULL: Duration = Duration::from_millis(500);

const CREATE: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const WATCH: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
const HEALTH: &str = "/grpc.health.v1.Health/Watch";
/// Flag and length of a message of 100 bytes, none of which comes.
const BEGUN: Body = Body::Begun(Bytes::from_static(&[0, 0, 0, 0, 100]));
/// An empty message.
const EMPTY: Body = Body::Whole(Bytes::from_static(&[0; 5]));

async fn half_open_calls_of_a_service_stop_nobodys_orders(kind: Kind) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let sku = shop::product(&mesh.admin().await, 100).await;
    let (hostile, other) = (
        Customer::register(&mesh).await,
        Customer::register(&mesh).await,
    );
    let grpc = (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/grpc"),
    );
    let token = HeaderValue::try_from(format!("Bearer {}", hostile.rest.token()));
    let token = token.expect("a token is ASCII");
    let anonymous = HeaderMap::from_iter([grpc]);
    let mut user = anonymous.clone();
    user.insert(header::AUTHORIZATION, token);

    for (path, headers, body) in [
        (CREATE, &anonymous, BEGUN),
        (CREATE, &user, BEGUN),
        (WATCH, &user, BEGUN),
        (HEALTH, &anonymous, EMPTY),
    ] {
        // Every replica, so that none is left to go round to.
        let mut held = Vec::new();
        for address in &mesh.grpc["svc-orders"] {
            for _ in 0..CONNECTIONS {
                let mut connection = Http2::connect(address).await;
                let mut replies = Vec::new();
                for _ in 0..CALLS {
                    let begin = connection.begin("POST", path, headers.clone(), body.clone());
                    match timeout(FULL, begin).await {
                        Ok(Some(reply)) => replies.push(reply),
                        Ok(None) | Err(_) => break,
                    }
                }
                connection.read().await;
                held.push((connection, replies));
            }
        }
        for _ in 0..ORDERS {
            let order = timeout(PATIENCE, other.order(&sku, 1)).await;
            let order = order.unwrap_or_else(|_| panic!("{path}: orders wait"));
            assert_eq!(order.status, 201, "{path}: {}", order.text);
        }
    }
}
