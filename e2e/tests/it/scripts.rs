//! Scripts act for an account by a personal access token.

use std::time::Duration;

use contracts::tradewind::orders::v1::{ListOrdersRequest, ListOrdersResponse};
use e2e::authenticator::Authenticator;
use e2e::condition::eventually;
use e2e::shop::{self, Customer, PASSWORD};
use e2e::{Mesh, Rest, grpc};
use net::clock::Clock;
use prost::Message as _;
use serde_json::json;
use tonic::Code;
use tonic::metadata::MetadataMap;

crate::on_both!(
    a_script_orders_over_rest_and_lists_over_grpc_until_its_token_is_revoked,
    a_script_does_nothing_to_the_account,
);

const PATIENCE: Duration = Duration::from_secs(10);
const TOKENS: &str = "/v1/auth/access-tokens";

/// When a token shall expire.
fn in_a_month() -> String {
    let time = Clock::system().now() + Duration::from_secs(30 * 24 * 60 * 60);
    time.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A token for the role `user`; its id, and a client that sends it.
async fn token(buyer: &Customer, code: &str) -> (String, Rest) {
    let wish = json!({
        "name": "nightly", "roles": ["user"], "expireTime": in_a_month(), "password": PASSWORD,
        "code": code,
    });
    let reply = buyer.rest.post(TOKENS, &wish).await.expect(201);
    let script = buyer.rest.with_token(&reply.text_at("/token"));
    (
        reply.text_at("/personalAccessToken/personalAccessTokenId"),
        script,
    )
}

/// The orders that a script lists over gRPC, by an edge.
async fn listed(edge: &str, token: &str) -> Result<usize, Code> {
    let channel = grpc::connect(edge.trim_start_matches("http://")).await;
    let mut metadata = MetadataMap::new();
    let value = format!("Bearer {token}").parse().expect("it is ASCII");
    metadata.insert("authorization", value);
    let path = "/tradewind.orders.v1.OrdersService/ListOrders";
    let request = ListOrdersRequest::default().encode_to_vec();
    let reply = grpc::call(&channel, path, request.into(), metadata).await;
    let reply = reply.map_err(|status| status.code())?;
    let reply = ListOrdersResponse::decode(reply).expect("it is the reply");
    Ok(reply.orders.len())
}

async fn a_script_orders_over_rest_and_lists_over_grpc_until_its_token_is_revoked(mesh: &Mesh) {
    let sku = shop::product(&mesh.admin().await, 5).await;
    let buyer = Customer::register(mesh).await;
    let app = Authenticator::set_up(&buyer).await;
    let (id, script) = token(&buyer, &app.next_code()).await;
    script
        .post("/v1/orders", &shop::order(&[(&sku, 1)]))
        .await
        .expect(201);
    for edge in &mesh.edges {
        let orders = script.at(edge).get("/v1/orders").await.expect(200);
        assert_eq!(orders.json["orders"].as_array().map(Vec::len), Some(1));
        assert_eq!(listed(edge, script.token()).await, Ok(1));
    }
    // No service takes it, nor does a mistyped one get past the edge.
    assert_eq!(
        listed(&mesh.grpc["svc-orders"][0], script.token()).await,
        Err(Code::Unauthenticated)
    );
    let cut_off = &script.token()[..40];
    buyer
        .rest
        .with_token(cut_off)
        .get("/v1/orders")
        .await
        .refused(401, "TOKEN_INVALID");

    let path = format!("{TOKENS}/{id}");
    let request = buyer.rest.request(reqwest::Method::DELETE, &path);
    buyer
        .rest
        .send(request)
        .await
        .expect("it is answered")
        .expect(200);
    for edge in &mesh.edges {
        eventually("the token is refused", PATIENCE, || async {
            (script.at(edge).get("/v1/orders").await.status == 401).then_some(())
        })
        .await;
        assert_eq!(
            listed(edge, script.token()).await,
            Err(Code::Unauthenticated)
        );
    }
    buyer.rest.get("/v1/orders").await.expect(200);
}

async fn a_script_does_nothing_to_the_account(mesh: &Mesh) {
    let buyer = Customer::register(mesh).await;
    let (id, script) = token(&buyer, "").await;
    script.get("/v1/users/me").await.expect(200);
    let password = json!({"currentPassword": PASSWORD, "newPassword": "seven green lamps"});
    let wish = json!({
        "name": "more", "roles": ["user"], "expireTime": in_a_month(), "password": PASSWORD,
    });
    for (path, body) in [
        (TOKENS, wish),
        ("/v1/auth/password:change", password),
        ("/v1/auth/second-factor", json!({"password": PASSWORD})),
        ("/v1/auth/tickets", json!({"path": "/v1/orders/1:watch"})),
    ] {
        script.post(path, &body).await.refused(403, "ACCESS_DENIED");
    }
    for path in [format!("{TOKENS}/{id}"), "/v1/users/me".to_owned()] {
        let request = script.request(reqwest::Method::DELETE, &path);
        let reply = script.send(request).await.expect("it is answered");
        reply.refused(403, "ACCESS_DENIED");
    }
    for path in ["/v1/auth/sessions", TOKENS] {
        script.get(path).await.refused(403, "ACCESS_DENIED");
    }
    // What it may not do it has not done.
    buyer.rest.get("/v1/users/me").await.expect(200);
}
