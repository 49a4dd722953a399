//! Events that a consumer cannot take.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    condition::eventually,
    mesh::Kind,
    shop::{self, Customer},
};

const PATIENCE: Duration = Duration::from_secs(60);

crate::on_both_kinds!(
    a_poison_event_is_a_dead_letter_while_others_flow,
    a_dead_letter_takes_effect_when_it_is_replayed,
);

async fn a_poison_event_is_a_dead_letter_while_others_flow(kind: Kind) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    let poison = uuid::Uuid::now_v7();
    mesh.databases
        .append_event(
            "svc-orders",
            poison,
            "orders.v1.OrderConfirmed",
            b"this is no OrderConfirmed",
        )
        .await;
    for _ in 0..5 {
        let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
        eventually("the order is shipped", PATIENCE, || {
            shop::shipment_of(&admin, &order)
        })
        .await;
    }
    let listed = eventually("the poison is a dead letter", PATIENCE, || async {
        let listed = mesh.dead_letters(&["list"]).await;
        listed.contains(&poison.to_string()).then_some(listed)
    })
    .await;
    // In one process it is whoever did so first.
    let consumers = ["svc-shipping", "svc-notify"];
    assert!(
        consumers.iter().any(|consumer| listed.contains(consumer)),
        "it says who gave up: {listed}"
    );
    mesh.databases.hold(1).await;
}

async fn a_dead_letter_takes_effect_when_it_is_replayed(kind: Kind) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    // The consumer fails for good, as after a release that went wrong, until that is mended.
    let rename = async |statement| mesh.databases.execute("svc-shipping", statement).await;
    rename("ALTER TABLE shipments RENAME TO shipments_elsewhere").await;
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let id = eventually("its event is a dead letter", PATIENCE, || async {
        let listed = mesh.dead_letters(&["list"]).await;
        let line = listed.lines().find(|line| line.contains("svc-shipping"))?;
        line.split_whitespace().next().map(str::to_owned)
    })
    .await;
    rename("ALTER TABLE shipments_elsewhere RENAME TO shipments").await;

    mesh.dead_letters(&["replay", &id]).await;
    eventually("the order is shipped", PATIENCE, || {
        shop::shipment_of(&admin, &order)
    })
    .await;
    assert_eq!(mesh.dead_letters(&["list"]).await, "no dead letters\n");
    mesh.databases.hold(0).await;
}
