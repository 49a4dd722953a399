//! What goes on when a service is away, and what does not: the rows of docs/RELIABILITY.md.

use std::time::Duration;

use e2e::{
    Mesh, Reply, Rest,
    condition::eventually,
    shop::{self, Customer, order},
    unique::unique,
};

const PATIENCE: Duration = Duration::from_secs(30);

/// A shop with a product of which there are nine, a customer who has looked at it, and one of its services
/// away since.
struct Shop {
    mesh: Mesh,
    admin: Rest,
    buyer: Customer,
    sku: String,
    page: String,
}

impl Shop {
    async fn without(service: &str) -> Shop {
        let mut mesh = Mesh::real().await;
        let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
        let sku = shop::product(&admin, 9).await;
        let page = format!("/v1/products/{sku}");
        mesh.rest().get(&page).await.expect(200);
        for replica in mesh.replicas(service) {
            mesh.kill(&replica);
        }
        Shop {
            mesh,
            admin,
            buyer,
            sku,
            page,
        }
    }

    /// The order that this request makes, however often it is sent.
    async fn order(&self, key: &str) -> Reply {
        let rest = self.buyer.rest.with_header("idempotency-key", key);
        rest.post("/v1/orders", &order(&[(&self.sku, 1)])).await
    }

    /// The service is back, and the order of the key is made and shipped, once.
    async fn heals(mut self, key: &str) {
        self.mesh.restart().await;
        let shop = &self;
        let placed = eventually("orders go on", PATIENCE, || async {
            let reply = shop.order(key).await;
            (reply.status == 201).then_some(reply)
        });
        let order = placed.await.text_at("/orderId");
        eventually("the order is shipped", PATIENCE, || {
            shop::shipment_of(&shop.admin, &order)
        })
        .await;
        assert_eq!(orders(&shop.buyer.rest).await, 1);
        self.mesh.databases.hold(0).await;
    }
}

/// How many orders the customer has.
async fn orders(rest: &Rest) -> usize {
    let list = rest.get("/v1/orders").await.expect(200);
    list.json["orders"].as_array().map_or(0, Vec::len)
}

fn cache_status(reply: &Reply) -> &str {
    let header = reply.headers.get("cache-status");
    header.map_or("", |value| value.to_str().expect("it is ASCII"))
}

/// It is not the customer's fault, and may be tried again.
#[track_caller]
fn is_away(reply: Reply) {
    let reply = reply.refused(503, "DEPENDENCY_UNAVAILABLE");
    assert!(reply.headers.contains_key("retry-after"), "{reply:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_catalogue_browsing_goes_on_marked_as_stale_and_nothing_is_ordered() {
    let shop = Shop::without("svc-catalog").await;
    let stale = shop.mesh.rest().get(&shop.page).await.expect(200);
    assert_eq!(stale.text_at("/sku"), shop.sku);
    assert!(cache_status(&stale).contains("fwd=stale"), "{stale:?}");
    assert!(stale.headers.contains_key("age"), "{stale:?}");
    let key = unique("key");
    is_away(shop.order(&key).await);
    assert_eq!(orders(&shop.buyer.rest).await, 0);
    shop.heals(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_users_nothing_is_ordered_and_whoever_is_signed_in_reads_on() {
    let shop = Shop::without("svc-users").await;
    let key = unique("key");
    is_away(shop.order(&key).await);
    assert_eq!(orders(&shop.buyer.rest).await, 0);
    let fresh = shop.mesh.rest().get(&shop.page).await.expect(200);
    assert_eq!(cache_status(&fresh), "");
    shop.heals(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_stock_an_order_waits_and_is_placed_afterwards() {
    let shop = Shop::without("svc-inventory").await;
    let key = unique("key");
    is_away(shop.order(&key).await);
    shop.mesh.rest().get(&shop.page).await.expect(200);
    shop.heals(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_payments_an_order_waits_and_is_placed_afterwards() {
    let shop = Shop::without("svc-payments").await;
    let key = unique("key");
    let undecided = shop.order(&key).await;
    undecided.refused(503, "PAYMENT_UNKNOWN");
    shop.heals(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_shipping_orders_are_placed_and_shipped_afterwards() {
    let shop = Shop::without("svc-shipping").await;
    let key = unique("key");
    shop.order(&key).await.expect(201);
    shop.heals(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_auth_whoever_is_signed_in_orders_and_nobody_signs_in() {
    let shop = Shop::without("svc-auth").await;
    let key = unique("key");
    shop.order(&key).await.expect(201);
    let login = serde_json::json!({"email": shop.buyer.email, "password": shop::PASSWORD});
    is_away(shop.mesh.rest().post("/v1/auth/login", &login).await);
    shop.heals(&key).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_orders_browsing_goes_on() {
    let shop = Shop::without("svc-orders").await;
    let key = unique("key");
    is_away(shop.order(&key).await);
    let fresh = shop.mesh.rest().get(&shop.page).await.expect(200);
    assert_eq!(cache_status(&fresh), "");
    shop.buyer.rest.get("/v1/users/me").await.expect(200);
    shop.heals(&key).await;
}
