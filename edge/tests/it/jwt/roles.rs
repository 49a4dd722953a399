//! A contract that says of its methods who may call them, and an issuer that says what its users are.

use contracts::tradewind::orders::v1::GetOrderResponse;
use edge::generic::{Access, Config, Servers};
use runtime::testbed::Testbed;
use serde_json::{Value, json};

use super::issuer::{Issuer, Key};
use super::{bare, has_keys, trust};
use crate::fixture::{Fixture, order, settings};
use crate::upstream::{Answer, Seen, Upstream};

async fn start(issuer: &Issuer, claim: &str) -> Fixture {
    let upstream = Upstream::start(|_: &Seen| {
        Answer::message(&GetOrderResponse {
            order: Some(order()),
        })
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), contracts::FILE_DESCRIPTOR_SET).unwrap();
    let address = format!("tradewind=http://{}", upstream.address);
    let mut config = Config {
        servers: Servers {
            descriptor_set: vec![file.path().to_owned()],
            upstream: vec![address.parse().unwrap()],
            ..Servers::default()
        },
        access: Access::Authenticated,
        forward_authorization: false,
        jwt: gateway::jwt::Config::default(),
    };
    trust(&mut config, issuer);
    config.jwt.jwt_roles_claim = claim.to_owned();
    let mut mesh = Testbed::new();
    let node = mesh.node("edge").await;
    let door = edge::Config {
        settings: settings(),
        ..edge::Config::default()
    };
    let edge = edge::generic::build(config, door, &node).await.unwrap();
    let fixture = Fixture::serve(edge, node, mesh, upstream).await;
    has_keys(&fixture).await;
    fixture
}

async fn get(fixture: &Fixture, token: &str) -> (u16, String) {
    let request = fixture.request("GET", "/v1/orders/o-1").bearer_auth(token);
    let response = request.send().await.unwrap();
    match response.status().as_u16() {
        200 => (200, String::new()),
        _ => bare(response).await,
    }
}

#[tokio::test]
async fn a_method_that_asks_for_a_role_gets_it_from_a_claim() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let of = |claims: Value| issuer.token(Key::Rsa, &claims);
    for (claim, right, wrong) in [
        (
            "roles",
            json!({"roles": ["user"]}),
            json!({"roles": ["users", "us"]}),
        ),
        (
            "scope",
            json!({"scope": "read user"}),
            json!({"scope": "user:read"}),
        ),
        (
            "realm_access.roles",
            json!({"realm_access": {"roles": ["user"]}}),
            json!({"roles": ["user"]}),
        ),
    ] {
        let fixture = start(&issuer, claim).await;
        assert_eq!(get(&fixture, &of(right)).await.0, 200, "{claim}");
        let refused = (403, "PERMISSION_DENIED".to_owned());
        assert_eq!(get(&fixture, &of(wrong)).await, refused, "{claim}");
        assert_eq!(get(&fixture, &of(json!({}))).await, refused, "{claim}");
        // What the contract opens to anybody stays open.
        assert_eq!(fixture.get("/v1/products/A%201").await.status(), 200);
    }
}
