//! Callers who are known by the tokens of an issuer that is not Tradewind's.

use edge::generic::{Access, Config};
use reqwest::Response;
use serde_json::{Value, json};
use tonic::Code;

use crate::fixture::{Fixture, bare};
use crate::generic::{Book, before};
use crate::upstream::{Answer, Seen, Upstream};

mod claims;
mod issuer;
mod keys;
mod reload;
mod roles;
mod start;
mod streams;
mod tokens;

use issuer::{Issuer, Key, now};

const BOOK: &str = "/v1/shelves/1/books/2";
const GET_BOOK: &str = "/library.v1.Library/GetBook";

fn library(seen: &Seen) -> Answer {
    let Book { name, .. } = seen.decode();
    Answer::message(&Book { name, pages: 300 })
}

/// Trusts that issuer in what it says for the shop.
fn trust(config: &mut Config, issuer: &Issuer) {
    config.jwt.jwt_issuer = vec![issuer.name.clone()];
    config.jwt.jwt_audience = vec!["shop".to_owned()];
}

/// In front of a library, for who has a token of that issuer.
async fn guarded(issuer: &Issuer, change: impl FnOnce(&mut Config)) -> Fixture {
    let fixture = starting(issuer, Access::Authenticated, change).await;
    has_keys(&fixture).await;
    fixture
}

async fn starting(issuer: &Issuer, access: Access, change: impl FnOnce(&mut Config)) -> Fixture {
    let upstream = Upstream::start(library).await;
    before(upstream, access, |config| {
        trust(config, issuer);
        change(config);
    })
    .await
}

/// What the process waits for, or does without.
fn lacks(fixture: &Fixture) -> String {
    format!("{:?}", fixture.node.readiness.changes().borrow())
}

async fn has_keys(fixture: &Fixture) {
    until(fixture, |lacks| !lacks.contains("the keys of")).await;
}

async fn until(fixture: &Fixture, holds: impl Fn(&str) -> bool) {
    let mut changes = fixture.node.readiness.changes();
    let held = changes.wait_for(|state| holds(&format!("{state:?}")));
    let in_time = tokio::time::timeout(std::time::Duration::from_secs(20), held).await;
    let _ = in_time
        .unwrap_or_else(|_| panic!("{}", lacks(fixture)))
        .unwrap();
}

async fn get(fixture: &Fixture, token: &str) -> Response {
    let request = fixture.request("GET", BOOK).bearer_auth(token);
    request.send().await.unwrap()
}

async fn status(fixture: &Fixture, token: &str) -> u16 {
    get(fixture, token).await.status().as_u16()
}

fn challenge(response: &Response) -> String {
    let challenge = &response.headers()["www-authenticate"];
    challenge.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn who_has_a_token_of_the_issuer_may_call_whatever_key_signed_it() {
    let keys = [Key::Rsa, Key::OtherRsa, Key::Ec, Key::Ed];
    let issuer = Issuer::start(&keys).await;
    let fixture = guarded(&issuer, |_| ()).await;
    for key in keys {
        let token = issuer.token(key, &json!({}));
        assert_eq!(status(&fixture, &token).await, 200, "{key:?}");
    }
    for header in [
        json!({"alg": "PS256", "kid": "rsa", "typ": "at+jwt"}),
        json!({"alg": "RS256", "kid": "rsa", "typ": "application/AT+JWT"}),
        json!({"alg": "RS256", "kid": "rsa"}),
    ] {
        let token = issuer.token_with(Key::Rsa, &header, &json!({"aud": ["till", "shop"]}));
        assert_eq!(status(&fixture, &token).await, 200, "{header}");
    }
    let call = fixture.upstream.last_call();
    assert_eq!(call.metadata("authorization"), None, "it stays at the edge");
}

#[tokio::test]
async fn who_has_none_is_told_how_to_get_in() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |_| ()).await;
    for authorization in [None, Some("Basic YWRhOmxvdmVsYWNl")] {
        let mut request = fixture.request("GET", BOOK);
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let response = request.send().await.unwrap();
        assert_eq!(challenge(&response), "Bearer realm=\"shop\"");
        let refused = bare(response).await;
        assert_eq!(refused, (401, "UNAUTHENTICATED".to_owned()));
    }

    let response = get(&fixture, "nonsense").await;
    assert_eq!(
        challenge(&response),
        "Bearer realm=\"shop\", error=\"invalid_token\", \
         error_description=\"the token is not valid\""
    );
    assert_eq!(response.status(), 401);

    let expired = issuer.token(Key::Rsa, &json!({"exp": now() - 60}));
    let response = get(&fixture, &expired).await;
    let says = challenge(&response);
    assert!(
        says.contains("error_description=\"the token has expired\""),
        "{says}"
    );
    assert!(fixture.upstream.calls().is_empty());
}

#[tokio::test]
async fn every_protocol_refuses_in_its_own_words() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |_| ()).await;
    let good = issuer.token(Key::Rsa, &json!({}));
    let call = |token: &str, content_type: &str| {
        let request = fixture.request("POST", GET_BOOK).bearer_auth(token);
        let request = request.header("content-type", content_type);
        match content_type {
            "application/json" => request.body("{}").send(),
            _ => request.body(vec![0; 5]).send(),
        }
    };
    let connect = call("nonsense", "application/json").await.unwrap();
    assert_eq!(connect.status(), 401);
    assert!(challenge(&connect).contains("invalid_token"));
    let error: Value = connect.json().await.unwrap();
    assert_eq!(error["code"], "unauthenticated");
    assert_eq!(call(&good, "application/json").await.unwrap().status(), 200);

    let web = call("nonsense", "application/grpc-web").await.unwrap();
    assert_eq!(web.headers()["grpc-status"], "16");
    let web = call(&good, "application/grpc-web").await.unwrap();
    assert!(!web.headers().contains_key("grpc-status"));

    let refused = streams::grpc(&fixture, "nonsense").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(refused.message(), "the token is not valid");
    streams::grpc(&fixture, &good).await.unwrap();
}

#[tokio::test]
async fn several_issuers_speak_each_for_its_own_users() {
    let (one, two) = (
        Issuer::start(&[Key::Rsa]).await,
        Issuer::start(&[Key::Ed]).await,
    );
    let fixture = guarded(&one, |config| {
        config.jwt.jwt_issuer.push(two.name.clone());
        config.jwt.jwt_audience = vec![format!("{}=shop", one.name), format!("{}=till", two.name)];
    })
    .await;
    let till = json!({"aud": "till"});
    assert_eq!(
        status(&fixture, &one.token(Key::Rsa, &json!({}))).await,
        200
    );
    assert_eq!(status(&fixture, &two.token(Key::Ed, &till)).await, 200);
    for (token, why) in [
        (two.token(Key::Ed, &json!({})), "for the other's audience"),
        (one.token(Key::Rsa, &till), "for the other's audience"),
        (one.token(Key::Ed, &json!({})), "by the other's key"),
        (two.token(Key::Rsa, &till), "by the other's key"),
    ] {
        assert_eq!(status(&fixture, &token).await, 401, "{why}");
    }
}

#[tokio::test]
async fn a_user_is_counted_by_issuer_and_subject() {
    let (one, two) = (
        Issuer::start(&[Key::Rsa]).await,
        Issuer::start(&[Key::Rsa]).await,
    );
    let mut settings = crate::fixture::settings();
    settings.rates.user_limit = edge::Rate::of(1, 60);
    let upstream = Upstream::start(library).await;
    let fixture = crate::generic::of_library(upstream, settings, |config| {
        config.access = Access::Authenticated;
        trust(config, &one);
        config.jwt.jwt_issuer.push(two.name.clone());
    })
    .await;
    has_keys(&fixture).await;
    let of = |issuer: &Issuer, claims: Value| issuer.token(Key::Rsa, &claims);
    assert_eq!(status(&fixture, &of(&one, json!({}))).await, 200);
    let again = of(&one, json!({"exp": now() + 60}));
    assert_eq!(
        status(&fixture, &again).await,
        429,
        "another token, the same user"
    );
    assert_eq!(
        status(&fixture, &of(&one, json!({"sub": "grace"}))).await,
        200
    );
    assert_eq!(status(&fixture, &of(&two, json!({}))).await, 200);
}

#[tokio::test]
async fn where_anybody_may_call_a_good_token_makes_its_user_known_and_any_other_is_none() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = starting(&issuer, Access::Public, |config| {
        config.jwt.jwt_claim = vec!["sub=x-user".parse().unwrap()];
    })
    .await;
    has_keys(&fixture).await;
    let user = || {
        let call = fixture.upstream.last_call();
        assert_eq!(call.metadata("authorization"), None);
        call.metadata("x-user").map(str::to_owned)
    };
    assert_eq!(fixture.get(BOOK).await.status(), 200);
    assert_eq!(user(), None);
    let good = issuer.token(Key::Rsa, &json!({}));
    assert_eq!(status(&fixture, &good).await, 200);
    assert_eq!(user().as_deref(), Some("ada"));
    for token in ["nonsense", &issuer.token(Key::Rsa, &json!({"exp": 1}))] {
        assert_eq!(status(&fixture, token).await, 200);
        assert_eq!(user(), None);
    }
    let document: Value = fixture.get("/openapi.json").await.json().await.unwrap();
    let mut paths = document["paths"].as_object().unwrap().values();
    let security = paths.find_map(|path| path["get"].get("security")).unwrap();
    assert_eq!(*security, json!([{}, {"bearer": []}]));
}
