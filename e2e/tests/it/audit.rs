//! Histories of orders are held against the heads that went out with events.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    condition::eventually,
    mesh::{AUDIT_KEY, Kind},
    process::binary,
    shop::{self, Customer},
};
use serde_json::json;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(30);

crate::on_both_kinds!(
    an_order_that_was_cut_back_is_named,
    an_order_that_was_removed_is_named,
);

/// What `tradewind verify` says of the mesh, and whether it found all in order.
async fn verify(mesh: &Mesh) -> (String, bool) {
    let mut command = Command::new(binary("tradewind"));
    command.arg("verify").env("AUDIT_SIGNING_KEY", AUDIT_KEY);
    match (&mesh.nats, mesh.databases.url("svc-orders")) {
        (Some(nats), Some(url)) => {
            let prefix = url.rsplit('/').next().expect("it names the database");
            let prefix = prefix.trim_end_matches("svc_orders");
            command.args(["--nats-url", &nats.url, "--database-url", &url]);
            command.args(["--database-prefix", prefix])
        }
        _ => command.arg("--data-dir").arg(mesh.folder().join("data")),
    };
    let output = command.output().await.expect("tradewind runs");
    let text = [output.stdout, output.stderr].concat();
    (
        String::from_utf8_lossy(&text).into_owned(),
        output.status.success(),
    )
}

/// A mesh with an order that was cancelled; the heads of its history have gone out.
async fn mesh_with_an_order(kind: Kind) -> (Mesh, String) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let cancel = format!("/v1/orders/{order}:cancel");
    buyer.rest.post(&cancel, &json!({})).await.expect(200);
    mesh.databases.hold(0).await;
    let found = eventually("its heads have gone out", PATIENCE, || async {
        let (found, is_right) = verify(&mesh).await;
        assert!(is_right, "{found}");
        found.contains("Held against").then_some(found)
    })
    .await;
    assert!(found.contains("1 orders"), "{found}");
    if kind == Kind::Real {
        // What the database has of them is not believed either.
        mesh.databases
            .execute("svc-orders", "DELETE FROM outbox")
            .await;
    }
    (mesh, order)
}

async fn an_order_that_was_cut_back_is_named(kind: Kind) {
    let (mesh, order) = mesh_with_an_order(kind).await;
    for statement in [
        "DELETE FROM order_events WHERE sequence > 2",
        "UPDATE orders SET version = 2, recovery_time = NULL,
         state = (SELECT new_state FROM order_events WHERE sequence = 2)",
    ] {
        mesh.databases.execute("svc-orders", statement).await;
    }
    let (found, is_right) = verify(&mesh).await;
    let said = format!("order {order}: event 3 was removed");
    assert!(!is_right && found.contains(&said), "{found}");
}

async fn an_order_that_was_removed_is_named(kind: Kind) {
    let (mesh, order) = mesh_with_an_order(kind).await;
    for statement in [
        "DELETE FROM order_events",
        "DELETE FROM order_items",
        "DELETE FROM order_tasks",
        "DELETE FROM orders",
    ] {
        mesh.databases.execute("svc-orders", statement).await;
    }
    let (found, is_right) = verify(&mesh).await;
    let said = format!("order {order} was removed: nothing of it is there");
    assert!(!is_right && found.contains(&said), "{found}");
}
