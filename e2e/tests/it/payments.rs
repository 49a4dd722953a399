//! What a payment provider and a buyer's browser do at the public door.

use std::time::Duration;

use e2e::{
    Mesh, Setup,
    browser::Browser,
    condition::eventually,
    mesh::Kind,
    provider::{signature, tell},
    shop::{self, Customer},
};
use reqwest::Method;
use serde_json::json;

crate::on_both!(
    a_providers_event_is_taken_as_the_bytes_that_were_signed,
    a_page_of_the_sandbox_is_there_for_its_actions_alone,
    a_buyer_approves_a_payment_at_the_page_of_the_bank,
    the_books_are_for_administrators,
);

async fn a_providers_event_is_taken_as_the_bytes_that_were_signed(mesh: &Mesh) {
    // No JSON that anybody would write so: read and written again, it would be other bytes.
    let body = "{ \"type\":\"t\",\"id\" : \"evt_e2e\",\n\"data\":{\"object\":{}} }\n";
    let unsigned = tell(mesh, body, None).await.expect("the edge answers");
    unsigned.refused(400, "SIGNATURE_INVALID");
    let of_others = signature(mesh, "{}");
    let refused = tell(mesh, body, Some(&of_others)).await;
    let refused = refused.expect("the edge answers");
    refused.refused(400, "SIGNATURE_INVALID");
    for _ in 0..2 {
        let taken = tell(mesh, body, Some(&signature(mesh, body))).await;
        taken.expect("the edge answers").expect(200);
    }
}

async fn a_page_of_the_sandbox_is_there_for_its_actions_alone(mesh: &Mesh) {
    let page = mesh
        .rest()
        .get("/v1/payment-providers/sandbox/actions/nothing")
        .await;
    page.refused(404, "RESOURCE_NOT_FOUND");
    // As a form of HTML is sent.
    let rest = mesh.rest();
    let request = rest
        .request(
            Method::POST,
            "/v1/payment-providers/sandbox/actions/nothing:finish?approved=true",
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body("");
    let reply = rest.send(request).await.expect("the edge answers");
    reply.refused(404, "RESOURCE_NOT_FOUND");
}

async fn a_buyer_approves_a_payment_at_the_page_of_the_bank(mesh: &Mesh) {
    let sku = shop::product(&mesh.admin().await, 10).await;
    let customer = Customer::register(mesh).await;
    let mut order = shop::order(&[(&sku, 1)]);
    order["paymentToken"] = "tok_action_then_ok".into();
    let placed = customer.rest.post("/v1/orders", &order).await.expect(201);
    assert_eq!(placed.text_at("/state"), "ORDER_STATE_AWAITING_PAYMENT");
    let order_id = placed.text_at("/orderId");
    let of_order = format!("/v1/payments?orderId={order_id}");
    let payments = customer.rest.get(&of_order).await.expect(200);
    let payment_id = payments.text_at("/payments/0/paymentId");
    let action = format!("/v1/payments/{payment_id}/action");
    let page = customer
        .rest
        .get(&action)
        .await
        .expect(200)
        .text_at("/redirectUrl");

    let shown = mesh.rest().get(&page).await.expect(200);
    assert_eq!(shown.headers["content-type"], "text/html; charset=utf-8");
    let form = shown
        .text
        .split("action=\"./")
        .nth(1)
        .expect("it has a form");
    let form = form.split('"').next().expect("its action is in quotes");
    let sent = mesh.rest();
    let request = sent
        .request(
            Method::POST,
            &format!("/v1/payment-providers/sandbox/actions/{form}"),
        )
        .header("content-type", "application/x-www-form-urlencoded")
        .body("");
    let done = sent
        .send(request)
        .await
        .expect("the edge answers")
        .expect(200);
    assert!(done.text.contains("Payment approved"), "{}", done.text);
    let path = format!("/v1/orders/{order_id}");
    eventually(
        "the order is confirmed",
        Duration::from_secs(20),
        || async {
            let order = customer.rest.get(&path).await.expect(200);
            (order.text_at("/state") == "ORDER_STATE_CONFIRMED").then_some(())
        },
    )
    .await;
}

async fn the_books_are_for_administrators(mesh: &Mesh) {
    let admin = mesh.admin().await;
    for path in [
        "/v1/payments:trialBalance",
        "/v1/payments:listAtProvider",
        "/v1/disputes",
    ] {
        admin.get(path).await.expect(200);
        mesh.rest().get(path).await.refused(401, "TOKEN_MISSING");
    }
}

/// What the buyer's bank asks, clicked through: to the end, and not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_buyer_authenticates_a_payment_in_a_browser() {
    let back = "https://shop.example/thanks?from=bank";
    let setup = Setup::new(Kind::Embedded).with("RETURN_URL_ORIGINS", "https://shop.example");
    let mesh = Mesh::start(setup).await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    let mut browser = Browser::start().await;
    for (form, title, state) in [
        (1, "approved", "ORDER_STATE_CONFIRMED"),
        (2, "declined", "ORDER_STATE_REJECTED"),
    ] {
        let mut order = shop::order(&[(&sku, 1)]);
        order["paymentToken"] = json!("tok_action_then_ok");
        order["returnUrl"] = json!(back);
        let order = buyer.rest.post("/v1/orders", &order).await.expect(201);
        assert_eq!(order.text_at("/state"), "ORDER_STATE_AWAITING_PAYMENT");
        let order = order.text_at("/orderId");
        let payments = format!("/v1/payments?orderId={order}");
        let payments = buyer.rest.get(&payments).await.expect(200);
        let payment = payments.text_at("/payments/0/paymentId");
        let action = format!("/v1/payments/{payment}/action");
        let action = buyer.rest.get(&action).await.expect(200);
        let page = action.text_at("/redirectUrl");
        let stranger = Customer::register(&mesh).await;
        stranger
            .rest
            .get(&format!("/v1/payments/{payment}/action"))
            .await
            .refused(404, "RESOURCE_NOT_FOUND");

        browser.open(&format!("{}{page}", mesh.edges[0])).await;
        browser
            .click(&format!("form:nth-of-type({form}) button"))
            .await;
        browser
            .eventually(&format!(
                "document.querySelector('h1')?.textContent === 'Payment {title}'"
            ))
            .await;
        let link = browser
            .eventually("document.querySelector('a')?.href")
            .await;
        assert_eq!(link, json!(back));
        eventually(state, Duration::from_secs(20), || async {
            let order = buyer.rest.get(&format!("/v1/orders/{order}")).await;
            (order.expect(200).text_at("/state") == state).then_some(())
        })
        .await;
    }
    browser.close().await;
    mesh.databases.hold(0).await;
}
