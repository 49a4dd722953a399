//! What is wrong gets an error that says so.

use std::time::Duration;

use e2e::{
    Mesh, Reply,
    condition::eventually,
    shop::{self, Customer},
    unique::unique,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

crate::on_both!(
    a_malformed_request_is_told_which_field_is_wrong,
    an_order_is_refused_for_what_it_asks,
    a_caller_without_the_right_is_refused,
    archived_products_are_listed_for_administrators_only,
    names_and_pictures_that_deceive_are_refused,
    an_idempotency_key_is_good_for_one_request,
    an_unknown_path_and_a_wrong_method_are_told_apart,
    an_email_address_is_taken_without_regard_to_case,
    a_page_token_is_good_for_the_list_that_gave_it,
);

const PATIENCE: Duration = Duration::from_secs(30);

fn field_violations(reply: &Reply) -> Vec<String> {
    let details = reply.json["error"]["details"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let violations = details
        .iter()
        .filter_map(|detail| detail["fieldViolations"].as_array())
        .flatten();
    violations
        .filter_map(|violation| violation["field"].as_str().map(str::to_owned))
        .collect()
}

async fn a_malformed_request_is_told_which_field_is_wrong(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let good = shop::order(&[("X", 1)]);
    let with = |pointer: &str, value: Value| {
        let mut order = good.clone();
        *order.pointer_mut(pointer).expect("the field is there") = value;
        order
    };
    let cases = [
        (with("/items/0/quantity", json!(0)), "items[0].quantity"),
        (with("/items/0/quantity", json!(-3)), "items[0].quantity"),
        (
            with("/items/0/quantity", json!(10_001)),
            "items[0].quantity",
        ),
        (
            with("/items/0/quantity", json!(3_000_000_000_i64)),
            "items[0].quantity",
        ),
        (
            with("/items/0/quantity", json!("many")),
            "items[0].quantity",
        ),
        (with("/items/0/sku", json!(7)), "items[0].sku"),
        (with("/items", json!([])), "items"),
        (
            with(
                "/items",
                json!(vec![json!({"sku": "X", "quantity": 1}); 1_001]),
            ),
            "items",
        ),
        (with("/shipTo", Value::Null), "shipTo"),
        (with("/shipTo/country", json!("Britain")), "shipTo.country"),
    ];
    for (order, field) in cases {
        let reply = buyer.rest.post("/v1/orders", &order).await.expect(400);
        let fields = field_violations(&reply);
        let wanted = field.replace("shipTo", "ship_to");
        assert!(
            fields
                .iter()
                .any(|found| found == field || *found == wanted),
            "{field}: {}",
            reply.text
        );
    }
    let mut unknown = good.clone();
    unknown["colour"] = json!("red");
    let reply = buyer.rest.post("/v1/orders", &unknown).await.expect(400);
    assert_eq!(field_violations(&reply), ["colour"], "{}", reply.text);

    let raw = async |body: String| {
        let request = buyer
            .rest
            .request(Method::POST, "/v1/orders")
            .header("content-type", "application/json");
        buyer
            .rest
            .send(request.body(body))
            .await
            .expect("the edge answers")
    };
    raw("{\"items\": [".into())
        .await
        .refused(400, "MALFORMED_REQUEST");
    raw("[".repeat(10_000)).await.expect(400);
    let large = format!(
        "{{\"items\": [], \"externalReference\": \"{}\"}}",
        "x".repeat(1 << 20)
    );
    raw(large).await.refused(413, "REQUEST_TOO_LARGE");
}

async fn an_order_is_refused_for_what_it_asks(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let unknown = unique("NONE");
    let reply = buyer
        .order(&unknown, 1)
        .await
        .refused(400, "UNKNOWN_PRODUCT");
    assert!(
        reply.text.contains(&unknown),
        "it names the SKU: {}",
        reply.text
    );

    let archived = shop::product(&admin, 5).await;
    admin
        .post(&format!("/v1/products/{archived}:archive"), &json!({}))
        .await
        .expect(200);
    let reply = buyer
        .order(&archived, 1)
        .await
        .refused(400, "PRODUCT_ARCHIVED");
    assert!(
        reply.text.contains(&archived),
        "it names the SKU: {}",
        reply.text
    );

    let scarce = shop::product(&admin, 3).await;
    let reply = buyer
        .order(&scarce, 4)
        .await
        .refused(400, "INSUFFICIENT_STOCK");
    assert_eq!(reply.json["error"]["status"], "FAILED_PRECONDITION");
    let info = &reply.json["error"]["details"]
        .as_array()
        .expect("it has details")
        .clone();
    let metadata = info
        .iter()
        .find_map(|detail| detail["metadata"].as_object())
        .expect("it has an ErrorInfo");
    assert_eq!(
        (&metadata["sku"], &metadata["available"]),
        (&json!(scarce), &json!("3"))
    );
    buyer.order(&scarce, 3).await.expect(201);
}

async fn archived_products_are_listed_for_administrators_only(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1).await;
    let archive = format!("/v1/products/{sku}:archive");
    admin.post(&archive, &json!({})).await.expect(200);

    let all = "/v1/products?showArchived=true";
    let has = |products: Vec<Value>| {
        products
            .iter()
            .any(|product| product["sku"] == sku.as_str())
    };
    assert!(has(admin.all(all, "products").await));
    assert!(!has(buyer.rest.all("/v1/products", "products").await));
    buyer.rest.get(all).await.refused(403, "ACCESS_DENIED");
    mesh.rest().get(all).await.refused(401, "TOKEN_MISSING");
    // A token that does not hold keeps nobody out of what is open to anybody.
    let stranger = mesh.rest().with_token("nonsense");
    stranger.get("/v1/products").await.expect(200);
    stranger.get(all).await.refused(401, "TOKEN_MISSING");
}

async fn names_and_pictures_that_deceive_are_refused(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let refused = |reply: Reply| field_violations(&reply.refused(400, "INVALID_FIELD"));
    for name in ["Ada\u{202e}", "Ad\u{200b}a", "Ada\nLovelace"] {
        let account = json!({
            "email": format!("{}@example.com", unique("ada").to_lowercase()),
            "password": "seven green lamps",
            "displayName": name,
        });
        let reply = mesh.rest().post("/v1/auth/register", &account).await;
        assert_eq!(refused(reply), ["displayName"], "{name:?}");
        let reply = buyer
            .rest
            .patch("/v1/users/me", &json!({"displayName": name}))
            .await;
        assert_eq!(refused(reply), ["displayName"], "{name:?}");
    }
    for url in [
        "javascript:alert(1)",
        "http://example.com/a.png",
        "https://ada@example.com/",
    ] {
        let reply = buyer
            .rest
            .patch("/v1/users/me", &json!({"avatarUrl": url}))
            .await;
        assert!(
            refused(reply).iter().all(|field| field == "avatarUrl"),
            "{url}"
        );
    }
    let picture = json!({"avatarUrl": "https://example.com/a.png"});
    buyer.rest.patch("/v1/users/me", &picture).await.expect(200);
}

async fn a_caller_without_the_right_is_refused(mesh: &Mesh) {
    let (admin, buyer, other) = (
        mesh.admin().await,
        Customer::register(mesh).await,
        Customer::register(mesh).await,
    );
    let sku = shop::product(&admin, 5).await;
    let reply = mesh
        .rest()
        .post("/v1/orders", &shop::order(&[(&sku, 1)]))
        .await
        .refused(401, "TOKEN_MISSING");
    assert!(reply.headers.contains_key("www-authenticate"));
    let reply = mesh
        .rest()
        .with_token("nonsense")
        .get("/v1/orders")
        .await
        .refused(401, "TOKEN_INVALID");
    assert!(reply.headers.contains_key("www-authenticate"));
    let tampered = format!("{}x", buyer.rest.token());
    mesh.rest()
        .with_token(&tampered)
        .get("/v1/orders")
        .await
        .refused(401, "TOKEN_INVALID");
    buyer
        .rest
        .get("/v1/users")
        .await
        .refused(403, "ACCESS_DENIED");
    let adjustment = json!({"delta": 5, "reason": "mine"});
    buyer
        .rest
        .post(&format!("/v1/stock/{sku}:adjust"), &adjustment)
        .await
        .refused(403, "ACCESS_DENIED");

    let id = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    other
        .rest
        .get(&format!("/v1/orders/{id}"))
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
    other
        .rest
        .post(&format!("/v1/orders/{id}:cancel"), &json!({}))
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
    other
        .rest
        .get(&format!("/v1/orders/{id}/events"))
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
    admin.get(&format!("/v1/orders/{id}")).await.expect(200);

    let spoofed = mesh
        .rest()
        .with_header("x-workload-authorization", "Bearer nonsense");
    spoofed
        .get("/v1/orders")
        .await
        .refused(401, "TOKEN_MISSING");
    let public = mesh.rest().with_token("nonsense").get("/v1/products").await;
    assert_eq!(
        public.status,
        StatusCode::OK,
        "public methods do not look at the token"
    );
}

async fn an_idempotency_key_is_good_for_one_request(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 5).await;
    let keyed = buyer.rest.with_header("idempotency-key", &unique("key"));
    let first = keyed
        .post("/v1/orders", &shop::order(&[(&sku, 1)]))
        .await
        .expect(201);
    let again = keyed
        .post("/v1/orders", &shop::order(&[(&sku, 1)]))
        .await
        .expect(201);
    assert_eq!(first.json, again.json);
    keyed
        .post("/v1/orders", &shop::order(&[(&sku, 2)]))
        .await
        .refused(409, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(buyer.rest.all("/v1/orders", "orders").await.len(), 1);
}

async fn an_unknown_path_and_a_wrong_method_are_told_apart(mesh: &Mesh) {
    let rest = mesh.rest();
    rest.get("/v1/nothing")
        .await
        .refused(404, "ROUTE_NOT_FOUND");
    let reply = rest
        .delete("/v1/products")
        .await
        .refused(405, "METHOD_NOT_ALLOWED");
    let allow = reply.headers["allow"].to_str().expect("it is text");
    assert!(allow.contains("GET") && allow.contains("POST"), "{allow}");
    let reply = rest
        .get("/v1/products/no%20such%20sku")
        .await
        .refused(404, "RESOURCE_NOT_FOUND");
    assert!(
        reply.headers["content-type"]
            .to_str()
            .is_ok_and(|kind| kind.starts_with("application/json"))
    );
}

async fn an_email_address_is_taken_without_regard_to_case(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let again = json!({"email": buyer.email.to_uppercase(), "password": shop::PASSWORD, "displayName": "Again"});
    mesh.rest()
        .post("/v1/auth/register", &again)
        .await
        .refused(409, "RESOURCE_EXISTS");
    let login = json!({"email": buyer.email.to_uppercase(), "password": shop::PASSWORD});
    assert_eq!(
        mesh.rest()
            .post("/v1/auth/login", &login)
            .await
            .expect(200)
            .text_at("/userId"),
        buyer.id
    );
    let wrong = json!({"email": buyer.email, "password": "not the password"});
    mesh.rest()
        .post("/v1/auth/login", &wrong)
        .await
        .refused(401, "CREDENTIALS_INVALID");
}

async fn a_page_token_is_good_for_the_list_that_gave_it(mesh: &Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    // Two who are found by the same name.
    Customer::register(mesh).await;
    let word = unique("page").replace('-', "");
    for _ in 0..2 {
        let sku = shop::product(&admin, 1).await;
        let title = json!({"title": format!("{word} thing")});
        let path = format!("/v1/products/{sku}");
        admin.patch(&path, &title).await.expect(200);
        buyer.order(&sku, 1).await.expect(201);
    }
    let lists = [
        (&buyer.rest, "/v1/orders?".to_owned()),
        (
            &buyer.rest,
            "/v1/orders?state=ORDER_STATE_CONFIRMED&".to_owned(),
        ),
        (&buyer.rest, "/v1/shipments?".to_owned()),
        (&buyer.rest, "/v1/products?".to_owned()),
        (&buyer.rest, format!("/v1/products:search?query={word}&")),
        (
            &buyer.rest,
            format!("/v1/products:search?query={word}%20thing&"),
        ),
        (&buyer.rest, "/v1/stock?".to_owned()),
        (&admin, "/v1/users?".to_owned()),
        (&buyer.rest, "/v1/users:search?query=buyer&".to_owned()),
    ];
    eventually("both orders have a shipment", PATIENCE, || async {
        let shipments = buyer.rest.get("/v1/shipments").await.expect(200);
        let shipments = shipments.json["shipments"].as_array().map(Vec::len);
        (shipments == Some(2)).then_some(())
    })
    .await;
    let mut tokens = Vec::new();
    for (rest, list) in &lists {
        let page = rest.get(&format!("{list}pageSize=1")).await.expect(200);
        tokens.push(page.text_at("/nextPageToken"));
    }
    for (at, (rest, list)) in lists.iter().enumerate() {
        for (of, token) in tokens.iter().enumerate() {
            let page = rest
                .get(&format!("{list}pageSize=1&pageToken={token}"))
                .await;
            if of == at {
                page.expect(200);
            } else {
                let page = page.refused(400, "PAGE_TOKEN_INVALID");
                assert_eq!(field_violations(&page), ["pageToken"], "{list}");
            }
        }
    }
}
