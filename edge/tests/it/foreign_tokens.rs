//! Access tokens of issuers that are trusted: svc-auth exchanges them, as it does personal ones.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::tradewind::auth::v1::{RedeemAccessTokenRequest, RedeemAccessTokenResponse};
use edge::{Config, TrustedIssuers};
use runtime::status::{Problem, Reason};
use tonic::Code;

use crate::fixture::{Fixture, refusal, refused, settings, shop};
use crate::upstream::{Answer, Seen, Upstream};

const TRUSTED: &str = "https://id.example/realms/shop";

/// One that says that it is of that issuer, and of whom.
fn token(issuer: &str, subject: &str) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let claims = format!(r#"{{"iss": "{issuer}", "sub": "{subject}"}}"#);
    let header = part(r#"{"alg": "EdDSA"}"#.to_owned());
    format!("{header}.{}.c2ln", part(claims))
}

/// Redeems those of Ada, and has everything else of a shop.
fn services(exchanged: Arc<Mutex<String>>) -> impl Fn(&Seen) -> Answer {
    move |seen| {
        if !seen.path.ends_with("/RedeemAccessToken") {
            return shop(seen);
        }
        let RedeemAccessTokenRequest { token: sent } = seen.decode();
        if sent == token(TRUSTED, "ada") {
            let access_token = exchanged.lock().unwrap().clone();
            return Answer::message(&RedeemAccessTokenResponse { access_token });
        }
        let message = "the access token is not valid";
        Answer::Error(Problem::new(Reason::TokenInvalid, Code::Unauthenticated, message).into())
    }
}

async fn start(issuers: TrustedIssuers) -> Fixture {
    let exchanged = Arc::<Mutex<String>>::default();
    let upstream = Upstream::start(services(exchanged.clone())).await;
    let (mesh, node) = Fixture::mesh(&upstream).await;
    let config = Config {
        settings: settings(),
        ..Config::default()
    };
    let edge = edge::build(config, issuers, &node).await.unwrap();
    let fixture = Fixture::serve(edge, node, mesh, upstream).await;
    *exchanged.lock().unwrap() = fixture.token(&["user"]);
    fixture
}

async fn get(fixture: &Fixture, token: &str) -> reqwest::Response {
    let request = fixture.request("GET", "/v1/orders/o-1").bearer_auth(token);
    request.send().await.unwrap()
}

async fn is_refused(fixture: &Fixture, token: &str) {
    assert_eq!(
        refusal(get(fixture, token).await).await,
        refused(401, "UNAUTHENTICATED", "TOKEN_INVALID")
    );
}

fn redemptions(fixture: &Fixture) -> usize {
    let calls = fixture.upstream.calls();
    let redeemed = calls.iter();
    redeemed
        .filter(|it| it.path.ends_with("/RedeemAccessToken"))
        .count()
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_is_exchanged_once_and_no_service_sees_it() {
    let fixture = start(TrustedIssuers {
        trusted_issuers: vec!["https://other.example".into(), TRUSTED.into()],
    })
    .await;
    let ada = token(TRUSTED, "ada");
    for _ in 0..3 {
        assert_eq!(get(&fixture, &ada).await.status(), 200);
    }
    assert_eq!(redemptions(&fixture), 1);
    for call in fixture.upstream.calls() {
        let sent = call.metadata("authorization").unwrap_or_default();
        assert!(!sent.contains(&ada), "{}", call.path);
    }
    is_refused(&fixture, &token(TRUSTED, "eve")).await;
    assert_eq!(redemptions(&fixture), 2);
    // Our own is verified here, and nobody is asked about what is of nobody.
    assert_eq!(get(&fixture, &fixture.token(&["user"])).await.status(), 200);
    is_refused(&fixture, &token("https://id.example", "ada")).await;
    is_refused(&fixture, "no-token").await;
    assert_eq!(redemptions(&fixture), 2);
}

#[tokio::test]
async fn where_nobody_is_trusted_nobody_is_asked() {
    let fixture = start(TrustedIssuers::default()).await;
    is_refused(&fixture, &token(TRUSTED, "ada")).await;
    assert_eq!(redemptions(&fixture), 0);
}
