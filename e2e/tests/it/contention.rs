//! Many at once.

use e2e::{
    Mesh,
    shop::{self, Customer},
    unique::unique,
};
use futures::future::join_all;

crate::on_both!(
    the_last_units_are_sold_once,
    a_key_used_a_hundred_times_at_once_makes_one_order
);

async fn the_last_units_are_sold_once(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 10).await;
    let order = shop::order(&[(&sku, 1)]);
    let attempts = (0..64).map(|client| {
        let rest = buyer.rest.at(&mesh.edges[client % mesh.edges.len()]);
        let order = &order;
        async move { shop::order_patiently(&rest, order).await }
    });
    let replies = join_all(attempts).await;
    let sold = replies.iter().filter(|reply| reply.status == 201).count();
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        assert_eq!(reply.reason(), "INSUFFICIENT_STOCK", "{}", reply.text);
    }
    assert_eq!(sold, 10);
    let stock = admin.get(&format!("/v1/stock/{sku}")).await.expect(200);
    assert_eq!(stock.json["available"].as_str().unwrap_or("0"), "0");
    mesh.databases.hold(0).await;
}

async fn a_key_used_a_hundred_times_at_once_makes_one_order(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1_000).await;
    let keyed = buyer.rest.with_header("idempotency-key", &unique("key"));
    let order = shop::order(&[(&sku, 1)]);
    let attempts = (0..100).map(|client| {
        let rest = keyed.at(&mesh.edges[client % mesh.edges.len()]);
        let order = &order;
        async move { shop::order_patiently(&rest, order).await.expect(201) }
    });
    let replies = join_all(attempts).await;
    for reply in &replies {
        assert_eq!(reply.json, replies[0].json);
    }
    assert_eq!(buyer.rest.all("/v1/orders", "orders").await.len(), 1);
}
