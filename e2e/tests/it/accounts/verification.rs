//! A mesh where an address is proved before somebody orders.

use e2e::{
    Mesh, Setup, mails,
    mesh::Kind,
    shop::{self, Customer},
};
use serde_json::json;

crate::on_both_kinds!(whoever_has_not_proved_an_address_does_not_order_where_that_comes_first);

async fn whoever_has_not_proved_an_address_does_not_order_where_that_comes_first(kind: Kind) {
    let setup = Setup::new(kind).with("EMAIL_VERIFICATION", "before-order");
    let mesh = Mesh::start(setup).await;
    let sku = shop::product(&mesh.admin().await, 3).await;
    let buyer = Customer::register(&mesh).await;
    let refused = buyer.order(&sku, 1).await;
    refused.refused(400, "EMAIL_NOT_VERIFIED");
    let token = mails::token(&mesh, &buyer.id, "EMAIL_VERIFICATION", 1).await;
    let proof = json!({"token": token});
    mesh.rest()
        .post("/v1/auth/email:verify", &proof)
        .await
        .expect(200);
    buyer.order(&sku, 1).await.expect(201);
}
