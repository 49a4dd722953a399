//! What tests do in a shop over and over.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{Mesh, Reply, Rest, condition::eventually, unique::unique};

/// The password of every customer that a test registers.
pub const PASSWORD: &str = "a long enough password";

/// A registered customer.
pub struct Customer {
    /// A client that acts as the customer.
    pub rest: Rest,
    /// Id of the account.
    pub id: String,
    /// E-mail address.
    pub email: String,
    /// The refresh token of the registration.
    pub refresh_token: String,
}

impl Customer {
    /// Registers at the first edge.
    pub async fn register(mesh: &Mesh) -> Customer {
        let email = format!("{}@example.com", unique("buyer"));
        let body = json!({"email": email, "password": PASSWORD, "displayName": "A buyer"});
        let rest = mesh.rest();
        let reply = rest.post("/v1/auth/register", &body).await.expect(201);
        Customer {
            rest: rest.with_token(&reply.text_at("/accessToken")),
            id: reply.text_at("/userId"),
            email,
            refresh_token: reply.text_at("/refreshToken"),
        }
    }

    /// Orders so many units of a product.
    pub async fn order(&self, sku: &str, quantity: i64) -> Reply {
        self.rest
            .post("/v1/orders", &order(&[(sku, quantity)]))
            .await
    }
}

/// The body of an order.
pub fn order(items: &[(&str, i64)]) -> Value {
    let items: Vec<_> = items
        .iter()
        .map(|(sku, quantity)| json!({"sku": sku, "quantity": quantity}))
        .collect();
    json!({
        "items": items,
        "shipTo": {"name": "A buyer", "lines": ["1 Quay Street"], "city": "Bristol", "postalCode": "BS1 4DB", "country": "GB"},
        "paymentToken": "tok_ok",
    })
}

/// A `google.type.Money` in pence.
pub fn pence(money: &Value) -> i64 {
    let units = money["units"]
        .as_str()
        .and_then(|units| units.parse::<i64>().ok());
    units.unwrap_or_default() * 100 + money["nanos"].as_i64().unwrap_or_default() / 10_000_000
}

/// Places an order as a patient client does: again when the shop is too busy.
pub async fn order_patiently(rest: &Rest, order: &Value) -> Reply {
    eventually("the shop takes orders", Duration::from_secs(60), || async {
        let reply = rest.post("/v1/orders", order).await;
        (reply.status != 503).then_some(reply)
    })
    .await
}

/// Adds a product at 12.50 GBP with so many units on hand; its SKU.
pub async fn product(admin: &Rest, units: i64) -> String {
    let sku = unique("SKU");
    let price = json!({"currencyCode": "GBP", "units": "12", "nanos": 500_000_000});
    admin
        .post(
            "/v1/products",
            &json!({"sku": sku, "title": "A thing", "price": price}),
        )
        .await
        .expect(201);
    if units > 0 {
        let adjustment = json!({"delta": units, "reason": "delivery"});
        admin
            .post(&format!("/v1/stock/{sku}:adjust"), &adjustment)
            .await
            .expect(200);
    }
    sku
}

/// The shipment of an order, as an administrator sees it; none before it is made.
pub async fn shipment_of(admin: &Rest, order_id: &str) -> Option<Value> {
    let reply = admin
        .get(&format!("/v1/shipments?orderId={order_id}"))
        .await
        .expect(200);
    let shipments = reply.json["shipments"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(
        shipments.len() <= 1,
        "an order has one shipment: {shipments:?}"
    );
    shipments.into_iter().next()
}
