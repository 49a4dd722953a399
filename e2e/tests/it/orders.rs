//! The way of an order, from the placing to the delivery.

use std::time::Duration;

use e2e::{
    Mesh,
    browser::Browser,
    condition::eventually,
    shop::{self, Customer},
};
use futures::StreamExt as _;
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(20);

crate::on_both!(
    an_order_arrives_as_a_shipment,
    a_cancelled_order_gives_its_stock_back,
    a_dispatched_order_cannot_be_cancelled,
    lines_of_the_same_product_are_merged,
    a_watcher_sees_an_order_move,
    a_browser_watches_with_a_ticket,
    an_event_source_connects_again_until_it_has_seen_all,
    a_condition_on_a_product_is_held,
    a_price_change_does_not_touch_orders_that_were_placed,
    a_list_comes_page_by_page,
    a_field_that_is_only_for_output_is_ignored,
);

async fn order_in_state(rest: &e2e::Rest, id: &str, state: &str) -> Value {
    let state = format!("ORDER_STATE_{state}");
    eventually(&format!("the order {id} is {state}"), PATIENCE, || async {
        let order = rest.get(&format!("/v1/orders/{id}")).await.expect(200).json;
        (order["state"] == state.as_str()).then_some(order)
    })
    .await
}

async fn shipment_id(admin: &e2e::Rest, order: &str) -> String {
    let what = format!("the order {order} has a shipment");
    let shipment = eventually(&what, PATIENCE, || shop::shipment_of(admin, order)).await;
    shipment["shipmentId"]
        .as_str()
        .expect("a shipment has an id")
        .to_owned()
}

async fn stock_is(rest: &e2e::Rest, sku: &str, wanted: &[(&str, &str)]) {
    eventually(
        &format!("the stock of {sku} is {wanted:?}"),
        PATIENCE,
        || async {
            let stock = rest.get(&format!("/v1/stock/{sku}")).await.expect(200).json;
            wanted
                .iter()
                .all(|(field, units)| stock[field].as_str().unwrap_or("0") == *units)
                .then_some(())
        },
    )
    .await;
}

async fn an_order_arrives_as_a_shipment(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 5).await;

    let order = buyer.order(&sku, 2).await.expect(201);
    let id = order.text_at("/orderId");
    assert_eq!(order.text_at("/state"), "ORDER_STATE_CONFIRMED");
    assert_eq!(shop::pence(&order.json["total"]), 2_500);
    assert_eq!(order.text_at("/userId"), buyer.id);

    let shipment = shipment_id(&admin, &id).await;
    let seen = buyer
        .rest
        .get(&format!("/v1/shipments/{shipment}"))
        .await
        .expect(200);
    assert_eq!(seen.json["items"][0]["quantity"], 2);
    stock_is(
        &admin,
        &sku,
        &[("onHand", "5"), ("allocated", "2"), ("available", "3")],
    )
    .await;

    let dispatch = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-1"});
    admin
        .post(&format!("/v1/shipments/{shipment}:dispatch"), &dispatch)
        .await
        .expect(200);
    order_in_state(&buyer.rest, &id, "SHIPPED").await;
    stock_is(
        &admin,
        &sku,
        &[("onHand", "3"), ("allocated", "0"), ("available", "3")],
    )
    .await;

    admin
        .post(&format!("/v1/shipments/{shipment}:deliver"), &json!({}))
        .await
        .expect(200);
    order_in_state(&buyer.rest, &id, "DELIVERED").await;
    eventually("the money is taken", PATIENCE, || async {
        let order = buyer
            .rest
            .get(&format!("/v1/orders/{id}"))
            .await
            .expect(200);
        (order.text_at("/payment") == "ORDER_PAYMENT_CAPTURED").then_some(())
    })
    .await;
    let events = buyer
        .rest
        .all(&format!("/v1/orders/{id}/events"), "events")
        .await;
    let reasons = events.iter().filter_map(|event| event["reason"].as_str());
    let taken = reasons.filter(|reason| reason.ends_with("was taken"));
    assert_eq!(taken.count(), 1, "{events:?}");
    // Money that moves leaves the state as it is.
    let mut states: Vec<_> = events
        .iter()
        .filter_map(|event| event["newState"].as_str())
        .collect();
    states.dedup();
    assert_eq!(
        states,
        [
            "ORDER_STATE_PENDING",
            "ORDER_STATE_CONFIRMED",
            "ORDER_STATE_SHIPPED",
            "ORDER_STATE_DELIVERED"
        ]
    );
}

async fn a_cancelled_order_gives_its_stock_back(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 5).await;
    let id = buyer.order(&sku, 5).await.expect(201).text_at("/orderId");
    buyer
        .rest
        .post(
            &format!("/v1/orders/{id}:cancel"),
            &json!({"reason": "too many"}),
        )
        .await
        .expect(200);
    order_in_state(&buyer.rest, &id, "CANCELLED").await;
    stock_is(
        &admin,
        &sku,
        &[("onHand", "5"), ("allocated", "0"), ("available", "5")],
    )
    .await;
    buyer
        .rest
        .post(&format!("/v1/orders/{id}:cancel"), &json!({}))
        .await
        .expect(200);
    eventually("no shipment is left alive", PATIENCE, || async {
        let shipment = shop::shipment_of(&admin, &id).await;
        shipment
            .is_none_or(|shipment| shipment["state"] == "SHIPMENT_STATE_CANCELLED")
            .then_some(())
    })
    .await;
}

async fn a_dispatched_order_cannot_be_cancelled(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1).await;
    let id = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let shipment = shipment_id(&admin, &id).await;
    let dispatch = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-2"});
    admin
        .post(&format!("/v1/shipments/{shipment}:dispatch"), &dispatch)
        .await
        .expect(200);
    let refusal = buyer
        .rest
        .post(&format!("/v1/orders/{id}:cancel"), &json!({}))
        .await;
    refusal.refused(400, "INVALID_STATE");
    order_in_state(&buyer.rest, &id, "SHIPPED").await;
}

async fn lines_of_the_same_product_are_merged(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let (one, two) = (
        shop::product(&admin, 9).await,
        shop::product(&admin, 9).await,
    );
    let order = shop::order(&[(&one, 2), (&two, 1), (&one, 3)]);
    let order = buyer.rest.post("/v1/orders", &order).await.expect(201);
    let items = order.json["items"]
        .as_array()
        .expect("an order has items")
        .clone();
    assert_eq!(items.len(), 2, "{items:?}");
    let merged = items
        .iter()
        .find(|item| item["sku"] == one.as_str())
        .expect("it was ordered");
    assert_eq!(merged["quantity"], 5);
}

async fn a_watcher_sees_an_order_move(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1).await;
    let id = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    // The last edge and, behind it, either replica of orders.
    let rest = buyer.rest.at(mesh.edges.last().expect("there is one"));
    let watch = rest
        .request(Method::GET, &format!("/v1/orders/{id}:watch"))
        .header("accept", "text/event-stream")
        .header("last-event-id", "1");
    let stream = watch.send().await.expect("the edge answers");
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut chunks = stream.bytes_stream();
    let mut text = String::new();
    let mut next = async |wanted: &str| {
        let read = async {
            while !text.contains(wanted) {
                let chunk = chunks
                    .next()
                    .await
                    .expect("the stream goes on")
                    .expect("the edge is there");
                text.push_str(&String::from_utf8_lossy(&chunk));
            }
        };
        tokio::time::timeout(PATIENCE, read)
            .await
            .unwrap_or_else(|_| panic!("no {wanted} on the stream"));
        text.clone()
    };

    let seen = next("ORDER_STATE_CONFIRMED").await;
    assert!(
        seen.contains("id: 2") || seen.contains("id:2"),
        "the sequence is the id: {seen}"
    );
    assert!(
        !seen.contains("id: 1\n"),
        "it resumes after the last id: {seen}"
    );
    let shipment = shipment_id(&admin, &id).await;
    let dispatch = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-3"});
    admin
        .post(&format!("/v1/shipments/{shipment}:dispatch"), &dispatch)
        .await
        .expect(200);
    next("ORDER_STATE_SHIPPED").await;
    admin
        .post(&format!("/v1/shipments/{shipment}:deliver"), &json!({}))
        .await
        .expect(200);
    next("ORDER_STATE_DELIVERED").await;
}

async fn a_browser_watches_with_a_ticket(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1).await;
    let id = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let path = format!("/v1/orders/{id}:watch");
    let ticket = buyer
        .rest
        .post("/v1/auth/tickets", &json!({"path": path}))
        .await
        .expect(201)
        .text_at("/ticket");
    let watch = || {
        mesh.rest()
            .request(Method::GET, &format!("{path}?ticket={ticket}"))
            .header("accept", "text/event-stream")
            .send()
    };
    assert_eq!(watch().await.expect("the edge answers").status(), 200);
    assert_eq!(
        watch().await.expect("the edge answers").status(),
        401,
        "a ticket is good once"
    );
}

async fn an_event_source_connects_again_until_it_has_seen_all(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1).await;
    let id = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let path = format!("/v1/orders/{id}:watch");
    let body = json!({"path": path, "reconnects": true});
    let ticket = buyer.rest.post("/v1/auth/tickets", &body).await;
    let ticket = ticket.expect(201).text_at("/ticket");

    let mut browser = Browser::start().await;
    browser.open(&format!("{}/docs", mesh.edges[0])).await;
    let begin = format!(
        "document.readyState === 'complete' && (window.source ??= (() => {{ \
           window.seen = []; window.opened = 0; \
           const source = new EventSource('{path}?ticket={ticket}'); \
           source.onopen = () => {{ opened += 1; }}; \
           source.onmessage = (event) => seen.push(JSON.parse(event.data).newState); \
           return source; }})(), seen.length === 2 && {{seen, opened}})"
    );
    let seen = browser.eventually(&begin).await;
    let states = |names: &[&str]| -> Vec<String> {
        let of = |name: &&str| format!("ORDER_STATE_{name}");
        names.iter().map(of).collect()
    };
    assert_eq!(seen["seen"], json!(states(&["PENDING", "CONFIRMED"])));

    // Somebody else opens a stream by the same ticket, perhaps at another edge: the browser's ends, and
    // when it connects again, the other's does.
    let other = mesh.rest().at(mesh.edges.last().expect("there is one"));
    let other = other
        .request(Method::GET, &format!("{path}?ticket={ticket}"))
        .header("accept", "text/event-stream")
        .send()
        .await
        .expect("the edge answers");
    assert_eq!(other.status(), 200);
    browser.eventually("opened === 2").await;
    let ended = tokio::time::timeout(PATIENCE, other.text()).await;
    let ended = ended.expect("one stream is open").expect("it ends well");
    assert!(ended.contains("TICKET_INVALID"), "{ended}");

    let cancel = format!("/v1/orders/{id}:cancel");
    buyer.rest.post(&cancel, &json!({})).await.expect(200);
    // It comes once more after the last event, and hears that there is no more.
    let closed = "source.readyState === EventSource.CLOSED && {seen, opened}";
    let all = browser.eventually(closed).await;
    let expected = states(&["PENDING", "CONFIRMED", "CANCELLING", "CANCELLED"]);
    assert_eq!(all["seen"], json!(expected));
    assert_eq!(all["opened"], 2);
    browser.close().await;
    for process in mesh.processes() {
        let log = mesh.log(&process);
        assert!(!log.contains(&ticket), "{process} has logged the ticket");
    }
}

async fn a_condition_on_a_product_is_held(mesh: &Mesh) {
    let admin = mesh.admin().await;
    let path = format!("/v1/products/{}", shop::product(&admin, 1).await);
    let read = mesh.rest().get(&path).await.expect(200);
    let etag = read.headers["etag"].to_str().expect("it is ASCII");
    assert_eq!(read.headers["cache-control"], "public, max-age=30");
    let again = mesh.rest().with_header("if-none-match", etag);
    assert_eq!(again.get(&path).await.status, 304);

    let title = |title: &str| json!({"title": title});
    let stale = admin.with_header("if-match", "\"999\"");
    stale
        .patch(&path, &title("Lost"))
        .await
        .refused(412, "ETAG_MISMATCH");
    let fresh = admin.with_header("if-match", etag);
    fresh.patch(&path, &title("Found")).await.expect(200);
    fresh
        .patch(&path, &title("Late"))
        .await
        .refused(412, "ETAG_MISMATCH");
    assert_eq!(
        admin.get(&path).await.expect(200).text_at("/title"),
        "Found"
    );
}

async fn a_price_change_does_not_touch_orders_that_were_placed(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 9).await;
    let id = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    let product = admin.get(&format!("/v1/products/{sku}")).await.expect(200);
    let price = json!({"currencyCode": "GBP", "units": "99", "nanos": 0});
    let update = json!({"price": price, "etag": product.text_at("/etag")});
    let updated = admin
        .patch(&format!("/v1/products/{sku}"), &update)
        .await
        .expect(200);
    assert_eq!(
        (updated.text_at("/title"), &updated.json["price"]["units"]),
        ("A thing".into(), &json!("99"))
    );
    admin
        .patch(&format!("/v1/products/{sku}"), &update)
        .await
        .refused(409, "ETAG_MISMATCH");

    let before = buyer
        .rest
        .get(&format!("/v1/orders/{id}"))
        .await
        .expect(200);
    assert_eq!(shop::pence(&before.json["total"]), 1_250);
    let after = buyer.order(&sku, 1).await.expect(201);
    assert_eq!(shop::pence(&after.json["total"]), 9_900);
}

async fn a_list_comes_page_by_page(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 9).await;
    let mut placed = Vec::new();
    for _ in 0..3 {
        placed.push(buyer.order(&sku, 1).await.expect(201).text_at("/orderId"));
    }
    placed.reverse();
    let first = buyer.rest.get("/v1/orders?pageSize=2").await.expect(200);
    let token = first.text_at("/nextPageToken");
    let second = buyer
        .rest
        .get(&format!("/v1/orders?pageSize=2&pageToken={token}"))
        .await
        .expect(200);
    let ids: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|page| page.json["orders"].as_array().cloned().unwrap_or_default())
        .filter_map(|order| order["orderId"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(ids, placed, "the newest first");
    let other = Customer::register(mesh).await;
    assert_eq!(
        other.rest.all("/v1/orders", "orders").await,
        Vec::<Value>::new()
    );
    buyer
        .rest
        .get("/v1/orders?pageToken=nonsense")
        .await
        .refused(400, "PAGE_TOKEN_INVALID");
}

async fn a_field_that_is_only_for_output_is_ignored(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let update =
        json!({"displayName": "Somebody else", "roles": ["admin"], "email": "other@example.com"});
    let me = buyer.rest.patch("/v1/users/me", &update).await.expect(200);
    assert_eq!(me.text_at("/displayName"), "Somebody else");
    assert_eq!(
        (&me.json["roles"], me.text_at("/email")),
        (&json!(["user"]), buyer.email.clone())
    );
}
