//! What upstreams learn of callers.

use edge::Settings;
use edge::generic::Access;
use gateway::profile::Name;
use serde_json::json;

use super::{BOOK, GET_BOOK, get, guarded, has_keys, issuer, library, status, streams, trust};
use crate::fixture::{Fixture, settings};
use crate::generic::of_library;
use crate::upstream::Upstream;
use issuer::{Issuer, Key};

fn told(fixture: &Fixture, name: &str) -> Option<String> {
    let call = fixture.upstream.last_call();
    assert!(call.metadata.get_all(name).iter().count() < 2, "{name}");
    call.metadata(name).map(str::to_owned)
}

#[tokio::test]
async fn claims_are_metadata_for_upstreams() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |config| {
        let rules = [
            "sub=x-user",
            "realm_access.roles=x-roles",
            "https://shop.example/tenant=x-tenant",
            "address=x-address",
            "name=x-name-bin",
            "absent=x-absent",
        ];
        config.jwt.jwt_claim = rules.map(|rule| rule.parse().unwrap()).to_vec();
    })
    .await;
    let token = issuer.token(
        Key::Rsa,
        &json!({
            "realm_access": {"roles": ["reader", "admin"]},
            "https://shop.example/tenant": 7,
            "address": {"country": "GB"},
            "name": "Zoë",
        }),
    );
    let request = |path: &str| fixture.request("POST", path).bearer_auth(&token);
    let connect = request(GET_BOOK).json(&json!({}));
    let web = request(GET_BOOK).header("content-type", "application/grpc-web");
    let mut calls = 0;
    let mut check = || {
        calls += 1;
        assert_eq!(fixture.upstream.calls().len(), calls);
        for (name, value) in [
            ("x-user", Some("ada")),
            ("x-roles", Some("reader,admin")),
            ("x-tenant", Some("7")),
            ("x-address", Some(r#"{"country":"GB"}"#)),
            // "Zoë" in UTF-8.
            ("x-name-bin", Some("Wm/Dqw")),
            ("x-absent", None),
        ] {
            assert_eq!(told(&fixture, name).as_deref(), value, "{name}");
        }
    };
    assert_eq!(status(&fixture, &token).await, 200);
    check();
    assert_eq!(connect.send().await.unwrap().status(), 200);
    check();
    assert_eq!(web.body(vec![0; 5]).send().await.unwrap().status(), 200);
    check();
    streams::grpc(&fixture, &token).await.unwrap();
    check();
}

#[tokio::test]
async fn a_claim_that_upstreams_could_not_be_told_lets_nobody_in() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |config| {
        config.jwt.jwt_claim = vec!["name=x-name".parse().unwrap()];
    })
    .await;
    for name in ["Zoë", "a\r\nx-admin: yes", "\u{7f}"] {
        let token = issuer.token(Key::Rsa, &json!({"name": name}));
        assert_eq!(get(&fixture, &token).await.status(), 401, "{name:?}");
    }
    assert!(fixture.upstream.calls().is_empty());
}

/// Whatever the gateway passes on beside, and however the client spells it.
#[tokio::test]
async fn nobody_sends_what_tells_who_calls() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let rules = |rules: &[&str]| {
        let mut settings = settings();
        let rules = rules.iter().map(|rule| rule.parse().unwrap());
        settings.metadata.request_header = rules.collect();
        settings
    };
    let start = async |settings: Settings, access, profile| {
        let upstream = Upstream::start(library).await;
        let fixture = of_library(upstream, settings, |config| {
            config.access = access;
            config.servers.profile = profile;
            trust(config, &issuer);
            config.jwt.jwt_claim =
                vec!["sub=x-user".parse().unwrap(), "n=x-n-bin".parse().unwrap()];
        })
        .await;
        has_keys(&fixture).await;
        fixture
    };
    let forged = |fixture: &Fixture| {
        let mut request = fixture.request("GET", BOOK).header("x-other", "1");
        for name in [
            "x-user",
            "X-User",
            "x-n-bin",
            "my-x-user",
            "grpc-metadata-x-user",
        ] {
            request = request.header(name, "Zm9yZ2Vk");
        }
        request
    };
    let token = issuer.token(Key::Rsa, &json!({}));
    for (settings, profile) in [
        (settings(), None),
        (rules(&["x-*", "my-*=*"]), None),
        (rules(&["*"]), None),
        (settings(), Some(Name::Envoy)),
        (settings(), Some(Name::GrpcGateway)),
    ] {
        let passes = settings.metadata.request_header.len();
        let fixture = start(settings.clone(), Access::Public, profile).await;
        assert_eq!(forged(&fixture).send().await.unwrap().status(), 200);
        assert_eq!(told(&fixture, "x-user"), None, "{profile:?} {passes}");
        assert_eq!(told(&fixture, "x-n-bin"), None, "{profile:?} {passes}");
        if passes > 0 {
            assert_eq!(told(&fixture, "x-other").as_deref(), Some("1"));
        }

        let fixture = start(settings, Access::Authenticated, profile).await;
        let request = forged(&fixture).bearer_auth(&token);
        assert_eq!(request.send().await.unwrap().status(), 200);
        let user = told(&fixture, "x-user");
        assert_eq!(user.as_deref(), Some("ada"), "{profile:?} {passes}");
        assert_eq!(told(&fixture, "x-n-bin"), None, "{profile:?} {passes}");
    }
}

#[tokio::test]
async fn the_token_itself_goes_along_only_if_that_is_asked_for() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let token = issuer.token(Key::Rsa, &json!({}));
    let fixture = guarded(&issuer, |config| config.forward_authorization = true).await;
    assert_eq!(status(&fixture, &token).await, 200);
    let sent = told(&fixture, "authorization");
    assert_eq!(sent, Some(format!("Bearer {token}")));
}
