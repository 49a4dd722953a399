//! Who may call what.

use std::time::Duration;

use runtime::identity::Revocation;
use serde_json::json;
use tonic::Status;

use crate::fixture::{Fixture, SESSION, refusal, refused, shop};
use crate::upstream::Answer;

#[tokio::test]
async fn without_a_token_it_is_401_and_says_how_to_get_in() {
    let fixture = Fixture::start(shop).await;
    let response = fixture.get("/v1/orders/o-1").await;
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "TOKEN_MISSING")
    );
}

#[tokio::test]
async fn a_bad_token_is_401_with_its_error() {
    let fixture = Fixture::start(shop).await;
    let now = fixture.node.clock.now();
    let other = Fixture::start(shop).await.token(&["user"]);
    let cases = [
        ("Bearer nonsense".to_owned(), "TOKEN_INVALID"),
        (format!("Bearer {other}"), "TOKEN_INVALID"),
        (
            format!(
                "Bearer {}",
                fixture.token_until(&["user"], now - Duration::from_secs(1))
            ),
            "TOKEN_EXPIRED",
        ),
    ];
    for (authorization, reason) in cases {
        let request = fixture
            .request("GET", "/v1/orders/o-1")
            .header("authorization", authorization);
        let response = request.send().await.unwrap();
        let challenge = response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(
            challenge.starts_with("Bearer error=\"invalid_token\""),
            "{challenge}"
        );
        assert_eq!(
            refusal(response).await,
            refused(401, "UNAUTHENTICATED", reason)
        );
    }
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn where_no_bearer_token_was_sent_no_error_is_named() {
    let fixture = Fixture::start(shop).await;
    for (path, authorization) in [
        ("/v1/orders/o-1", Some("Basic YWRhOmxvdmVsYWNl")),
        ("/v1/orders/o-1", Some("Negotiate YII=")),
        ("/v1/orders/o-1", Some("")),
        ("/v1/orders/o-1", None),
        ("/v1/orders/o-1?ticket=of-a-stream", None),
        ("/v1/orders/o-1:watch", Some("Basic YWRhOmxvdmVsYWNl")),
    ] {
        let mut request = fixture.request("GET", path);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401, "{path} {authorization:?}");
        let challenge = &response.headers()["www-authenticate"];
        assert_eq!(challenge, "Bearer", "{path} {authorization:?}");
    }
}

#[tokio::test]
async fn what_an_upstream_says_of_no_credentials_names_no_error_either() {
    let fixture = Fixture::start(|_| Answer::Error(Status::unauthenticated("who are you?"))).await;
    let response = fixture.get("/v1/products/A%201").await;
    assert_eq!(response.headers()["www-authenticate"], "Bearer");
    assert_eq!(response.status(), 401);

    let request = fixture.as_user("GET", "/v1/orders/o-1");
    let response = request.send().await.unwrap();
    let challenge = response.headers()["www-authenticate"].to_str().unwrap();
    assert!(challenge.contains("invalid_token"), "{challenge}");
}

#[tokio::test]
async fn a_token_without_the_role_is_403() {
    let fixture = Fixture::start(shop).await;
    let product = json!({"sku": "B", "price": {"currencyCode": "GBP", "units": "1"}});
    let request = fixture.as_user("POST", "/v1/products").json(&product);
    let response = request.send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(403, "PERMISSION_DENIED", "ACCESS_DENIED")
    );
    let request = fixture.request("POST", "/v1/products").json(&product);
    let response = request
        .bearer_auth(fixture.token(&["user", "admin"]))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 201);
}

#[tokio::test]
async fn a_revoked_session_ends_also_where_its_token_was_seen_before() {
    let fixture = Fixture::start(shop).await;
    let token = fixture.token(&["user"]);
    let get = || {
        fixture
            .request("GET", "/v1/orders/o-1")
            .bearer_auth(&token)
            .send()
    };
    assert_eq!(get().await.unwrap().status(), 200);
    let forget_time = fixture.node.clock.now() + Duration::from_secs(900);
    fixture.node.identity.revocations().insert([Revocation {
        session_id: SESSION,
        forget_time,
    }]);
    let response = get().await.unwrap();
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "SESSION_REVOKED")
    );
}

#[tokio::test]
async fn public_methods_do_not_look_at_tokens() {
    let fixture = Fixture::start(shop).await;
    let now = fixture.node.clock.now();
    let expired = fixture.token_until(&["user"], now - Duration::from_secs(60));
    let request = fixture
        .request("GET", "/v1/products/A%201")
        .bearer_auth(expired);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(fixture.upstream.last_call().metadata("authorization"), None);
}

#[tokio::test]
async fn a_public_method_that_asks_who_it_is_takes_a_bad_token_for_none() {
    let fixture = Fixture::start(shop).await;
    let now = fixture.node.clock.now();
    let expired = fixture.token_until(&["user", "admin"], now - Duration::from_secs(60));
    for token in ["nonsense", &expired] {
        let request = fixture.request("GET", "/v1/products").bearer_auth(token);
        assert_eq!(request.send().await.unwrap().status(), 200);
        assert_eq!(fixture.upstream.last_call().metadata("authorization"), None);
    }
    assert_eq!(fixture.get("/v1/products").await.status(), 200);

    let token = fixture.token(&["user"]);
    let request = fixture.request("GET", "/v1/products").bearer_auth(&token);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let call = fixture.upstream.last_call();
    assert_eq!(
        call.metadata("authorization"),
        Some(format!("Bearer {token}").as_str())
    );

    let document: serde_json::Value = fixture.get("/openapi.json").await.json().await.unwrap();
    let security = &document["paths"]["/v1/products"]["get"]["security"];
    assert_eq!(security, &json!([{}, {"bearer": []}]));
}
