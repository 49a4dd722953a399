//! SIGTERM, and clients that hang up.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use e2e::{
    Mesh, Setup,
    condition::eventually,
    mesh::Kind,
    shop::{self, Customer},
};
use futures::future::join_all;
use tokio::io::AsyncWriteExt as _;

const PATIENCE: Duration = Duration::from_secs(30);

crate::on_both_kinds!(no_accepted_request_fails_at_sigterm);
mod shared {
    crate::on_both!(steps_finish_although_the_client_hung_up);
    use super::steps_finish_although_the_client_hung_up;
}

async fn no_accepted_request_fails_at_sigterm(kind: Kind) {
    let mut mesh = Mesh::start(Setup::new(kind)).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 100_000).await;
    let answered = AtomicUsize::new(0);
    let stopped = AtomicBool::new(false);
    let client = |_| async {
        // Until the door is closed: a refused connection is no accepted request.
        while !stopped.load(Ordering::Relaxed) {
            // A client of its own: a connection that was idle is no accepted request either.
            let rest = e2e::Rest::new(&buyer.rest.edge).with_token(buyer.rest.token());
            let request = rest
                .request(reqwest::Method::POST, "/v1/orders")
                .json(&shop::order(&[(&sku, 1)]));
            match rest.send(request).await {
                Ok(reply) => {
                    assert_eq!(reply.status, 201, "{}", reply.text);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) if error.is_connect() => break,
                // The kernel took the connection, the process did not: the orders are counted below.
                Err(error) if error.is_request() => {}
                Err(error) => panic!("a reply was cut off: {error:?}"),
            }
        }
    };
    let mut stop = async || {
        eventually("the load is on", PATIENCE, || async {
            (answered.load(Ordering::Relaxed) > 20).then_some(())
        })
        .await;
        for name in mesh.processes() {
            // On the real mesh one replica of each, while the others go on.
            if matches!(
                name.as_str(),
                "tradewind" | "svc-orders-0" | "svc-shipping-0"
            ) {
                let status = mesh.stop(&name).await;
                assert!(
                    status.success(),
                    "{name} ended with {status}:\n{}",
                    mesh.log(&name)
                );
            }
        }
        if kind == Kind::Real {
            let before = answered.load(Ordering::Relaxed);
            let more = || async { (answered.load(Ordering::Relaxed) > before + 20).then_some(()) };
            eventually("the load goes on", PATIENCE, more).await;
            let status = mesh.stop("edge-0").await;
            assert!(status.success(), "edge-0 ended with {status}");
        }
        stopped.store(true, Ordering::Relaxed);
    };
    tokio::join!(join_all((0..8).map(client)), stop());
    mesh.restart().await;
    mesh.databases.hold(0).await;
    let confirmed = mesh
        .databases
        .number(
            "svc-orders",
            "SELECT count(*) FROM orders WHERE state = 'CONFIRMED'",
        )
        .await;
    assert_eq!(
        confirmed,
        answered.load(Ordering::Relaxed) as i64,
        "every order was answered"
    );
}

pub(crate) async fn steps_finish_although_the_client_hung_up(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 9).await;
    let body = shop::order(&[(&sku, 1)]).to_string();
    let address = mesh.edges[0].trim_start_matches("http://");
    let mut connection = tokio::net::TcpStream::connect(address)
        .await
        .expect("the edge listens");
    let request = format!(
        "POST /v1/orders HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        buyer.rest.token(),
        body.len()
    );
    connection
        .write_all(request.as_bytes())
        .await
        .expect("the edge reads");
    let query = format!(
        "SELECT count(*) FROM orders WHERE {{id:user_id}} = '{}'",
        buyer.id.replace('-', "")
    );
    eventually("the order was begun", PATIENCE, || async {
        (mesh.databases.number("svc-orders", &query).await == 1).then_some(())
    })
    .await;
    drop(connection);
    eventually("the order is confirmed", PATIENCE, || async {
        let orders = buyer.rest.get("/v1/orders").await.expect(200);
        (orders.json["orders"][0]["state"] == "ORDER_STATE_CONFIRMED").then_some(())
    })
    .await;
    mesh.databases.hold(0).await;
}
