//! A service, NATS or Redis away: what can go on goes on, what cannot says so.

use std::time::Duration;

use e2e::{
    Mesh,
    condition::eventually,
    shop::{self, Customer},
};
use tokio::time::Instant;

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_down_gets_503_until_it_is_back() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    for replica in mesh.replicas("svc-catalog") {
        mesh.kill(&replica);
    }
    let start = Instant::now();
    let refusal = buyer
        .order(&sku, 1)
        .await
        .refused(503, "DEPENDENCY_UNAVAILABLE");
    assert!(refusal.headers.contains_key("retry-after"));
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "it hung for {:?}",
        start.elapsed()
    );
    mesh.restart().await;
    eventually("orders go on", PATIENCE, || async {
        (buyer.order(&sku, 1).await.status == 201).then_some(())
    })
    .await;
    mesh.databases.hold(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_less_is_not_noticed() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 99).await;
    buyer.order(&sku, 1).await.expect(201);
    mesh.kill("svc-orders-0");
    for _ in 0..10 {
        buyer.order(&sku, 1).await.expect(201);
    }
    mesh.databases.hold(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_go_on_without_nats_and_are_shipped_afterwards() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    mesh.nats.as_mut().expect("it is real").kill();
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(buyer.order(&sku, 1).await.expect(201).text_at("/orderId"));
    }
    let ops = mesh.ops["svc-orders-0"].clone();
    let report = eventually("the process says that NATS is away", PATIENCE, || async {
        let reply = e2e::Rest::new(&ops).get("/readyz").await.expect(200);
        reply.text.contains("degraded").then_some(reply.text)
    })
    .await;
    assert!(
        report.contains("event bus"),
        "it says what is away: {report}"
    );
    mesh.nats.as_mut().expect("it is real").start().await;
    for order in &orders {
        eventually("the order is shipped", PATIENCE, || {
            shop::shipment_of(&admin, order)
        })
        .await;
    }
    mesh.databases.hold(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_without_redis() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    admin.get(&format!("/v1/products/{sku}")).await.expect(200);
    mesh.redis.as_mut().expect("it is real").kill();
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    admin.get(&format!("/v1/products/{sku}")).await.expect(200);
    admin.get(&format!("/v1/stock/{sku}")).await.expect(200);
    buyer.rest.get("/v1/users/me").await.expect(200);
    buyer.rest.get("/v1/orders").await.expect(200);
    eventually("the order is shipped", PATIENCE, || {
        shop::shipment_of(&admin, &order)
    })
    .await;
    mesh.redis.as_mut().expect("it is real").start().await;
    buyer.order(&sku, 1).await.expect(201);
    mesh.databases.hold(0).await;
}
