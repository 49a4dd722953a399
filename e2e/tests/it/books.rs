//! The books are in order, and whoever asks hears when they are not.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    commands::said,
    condition::eventually,
    mesh::Kind,
    shop::{self, Customer},
};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

crate::on_both_kinds!(books_that_are_in_order_and_one_that_is_not);

async fn books_that_are_in_order_and_one_that_is_not(kind: Kind) {
    let mesh = Mesh::start(Setup::new(kind)).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    let sent = buyer.order(&sku, 2).await.expect(201).text_at("/orderId");
    let cancelled = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let cancel = format!("/v1/orders/{cancelled}:cancel");
    buyer.rest.post(&cancel, &json!({})).await.expect(200);
    let shipment = eventually("there is a shipment", PATIENCE, || {
        shop::shipment_of(&admin, &sent)
    })
    .await;
    let dispatch = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-1"});
    let shipment = shipment["shipmentId"].as_str().expect("it has an id");
    let path = format!("/v1/shipments/{shipment}:dispatch");
    admin.post(&path, &dispatch).await.expect(200);
    mesh.databases.hold(0).await;

    let (ledger, is_balanced) = said(&mesh, &["ledger"]).await;
    assert!(is_balanced && ledger.contains("it balances"), "{ledger}");
    let (found, is_in_order) = said(&mesh, &["reconcile", "--grace", "0s"]).await;
    assert!(
        is_in_order && found.contains("compared 2 orders"),
        "{found}"
    );

    // Somebody's hand in the database: the stock of a cancelled order is held for ever.
    let units = "UPDATE reservations SET state = 'ALLOCATED' WHERE state = 'RELEASED'";
    mesh.databases.execute("svc-inventory", units).await;
    let stock = "UPDATE stock SET allocated = allocated + 1";
    mesh.databases.execute("svc-inventory", stock).await;
    let metrics = mesh.folder().join("reconcile.prom");
    let file = metrics.to_str().expect("a path in UTF-8");
    let reconcile = ["reconcile", "--grace", "0s", "--metrics-file", file];
    let told = || std::fs::read_to_string(&metrics).expect("metrics are written");
    let (found, is_in_order) = said(&mesh, &reconcile).await;
    assert!(!is_in_order, "{found}");
    let findings = "tradewind_reconciliation_findings{mendable=\"true\"}";
    assert!(told().contains(&format!("{findings} 1\n")), "{}", told());
    let expected = format!("order {cancelled}: it is CANCELLED, and its stock ALLOCATED");
    assert!(
        found.contains(&expected) && found.contains("--mend"),
        "{found}"
    );
    let (found, is_mended) = said(&mesh, &["reconcile", "--grace", "0s", "--mend"]).await;
    assert!(is_mended && found.contains("(mended)"), "{found}");
    let (found, is_in_order) = said(&mesh, &reconcile).await;
    assert!(is_in_order, "{found}");
    assert!(told().contains(&format!("{findings} 0\n")), "{}", told());
    assert!(told().contains("\ntradewind_reconciliation_last_run_seconds 1"));
    mesh.databases.hold(0).await;
}
