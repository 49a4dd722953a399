//! Personal access tokens: how scripts bring their right.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use contracts::tradewind::auth::v1::{RedeemAccessTokenRequest, RedeemAccessTokenResponse};
use runtime::identity::{AccessClaims, Revocation, personal};
use runtime::status::{Problem, Reason};
use tonic::Code;
use uuid::Uuid;

use crate::fixture::{Fixture, USER, refusal, refused, shop};
use crate::upstream::{Answer, Seen};

/// What stands for its session, until the first exchange is revoked and after.
const SESSIONS: [Uuid; 2] = [Uuid::from_u128(21), Uuid::from_u128(22)];

/// The access tokens that the personal one is exchanged for, one after the other; the last stays.
type Exchanged = Arc<Mutex<Vec<String>>>;

fn good() -> String {
    personal::token([7; 32])
}

/// Redeems the good one, and has everything else of a shop.
fn services(exchanged: Exchanged) -> impl Fn(&Seen) -> Answer {
    let turn = AtomicU8::new(0);
    move |seen| {
        if !seen.path.ends_with("/RedeemAccessToken") {
            return shop(seen);
        }
        let RedeemAccessTokenRequest { token } = seen.decode();
        let exchanged = exchanged.lock().unwrap();
        if token == good() && !exchanged.is_empty() {
            let turn = usize::from(turn.fetch_add(1, Ordering::Relaxed));
            let access_token = exchanged[turn.min(exchanged.len() - 1)].clone();
            return Answer::message(&RedeemAccessTokenResponse { access_token });
        }
        let message = "the personal access token is not valid";
        Answer::Error(Problem::new(Reason::TokenInvalid, Code::Unauthenticated, message).into())
    }
}

fn access_token(fixture: &Fixture, session: Uuid, roles: &[&str]) -> String {
    let (issuer, now) = (
        fixture.node.identity.verifier().issuer(),
        fixture.node.clock.now().timestamp(),
    );
    fixture.mesh.signer().sign(&AccessClaims {
        iss: issuer.name.to_string(),
        aud: issuer.audience.to_string(),
        sub: USER,
        sid: session,
        roles: roles.iter().map(ToString::to_string).collect(),
        iat: now,
        exp: now + 300,
        jti: Uuid::from_u128(9),
        pat: true,
    })
}

/// An edge before services that know the good one.
async fn start(roles: &[&str]) -> Fixture {
    let exchanged = Exchanged::default();
    let fixture = Fixture::start(services(exchanged.clone())).await;
    let tokens = SESSIONS.map(|session| access_token(&fixture, session, roles));
    exchanged.lock().unwrap().extend(tokens);
    fixture
}

async fn get(fixture: &Fixture, path: &str, token: &str) -> reqwest::Response {
    let request = fixture.request("GET", path).bearer_auth(token);
    request.send().await.unwrap()
}

fn redemptions(fixture: &Fixture) -> usize {
    let calls = fixture.upstream.calls();
    calls
        .iter()
        .filter(|it| it.path.ends_with("/RedeemAccessToken"))
        .count()
}

#[tokio::test]
async fn a_personal_access_token_is_exchanged_once_and_used_again() {
    let fixture = start(&["user"]).await;
    for _ in 0..3 {
        assert_eq!(get(&fixture, "/v1/orders/o-1", &good()).await.status(), 200);
    }
    assert_eq!(redemptions(&fixture), 1);
    let calls = fixture.upstream.calls();
    let redeemed = &calls[0];
    assert!(redeemed.metadata("x-workload-authorization").is_some());
    assert_eq!(redeemed.metadata("authorization"), None);
    // No service sees it.
    for call in &calls[1..] {
        let sent = call.metadata("authorization").unwrap();
        assert!(sent.starts_with("Bearer eyJ"), "{sent}");
    }
}

#[tokio::test]
async fn what_is_not_for_scripts_is_refused() {
    let fixture = start(&["user", "admin"]).await;
    for path in [
        "/v1/auth/sessions",
        "/v1/auth/access-tokens",
        "/v1/auth/second-factor",
    ] {
        let response = get(&fixture, path, &good()).await;
        assert_eq!(
            refusal(response).await,
            refused(403, "PERMISSION_DENIED", "ACCESS_DENIED"),
            "{path}"
        );
    }
    let request = fixture
        .request("DELETE", "/v1/users/me")
        .bearer_auth(good());
    assert_eq!(request.send().await.unwrap().status(), 403);
    assert_eq!(get(&fixture, "/v1/users/me", &good()).await.status(), 200);
}

#[tokio::test]
async fn one_that_was_cut_off_asks_nobody_and_an_unknown_one_is_401() {
    let fixture = start(&["user"]).await;
    let cut_off = &good()[..50];
    let unknown = personal::token([8; 32]);
    for token in [cut_off, "twp_", unknown.as_str()] {
        let response = get(&fixture, "/v1/orders/o-1", token).await;
        let challenge = response.headers()["www-authenticate"]
            .to_str()
            .unwrap()
            .to_owned();
        assert!(challenge.contains("invalid_token"), "{challenge}");
        assert_eq!(
            refusal(response).await,
            refused(401, "UNAUTHENTICATED", "TOKEN_INVALID")
        );
    }
    assert_eq!(redemptions(&fixture), 1);
}

#[tokio::test]
async fn what_was_revoked_is_exchanged_anew() {
    let fixture = start(&["user"]).await;
    let revoke = |session_id| {
        let forget_time = fixture.node.clock.now() + Duration::from_secs(900);
        fixture.node.identity.revocations().insert([Revocation {
            session_id,
            forget_time,
        }]);
    };
    assert_eq!(get(&fixture, "/v1/orders/o-1", &good()).await.status(), 200);
    revoke(SESSIONS[0]);
    assert_eq!(get(&fixture, "/v1/orders/o-1", &good()).await.status(), 200);
    assert_eq!(redemptions(&fixture), 2);
    revoke(SESSIONS[1]);
    let response = get(&fixture, "/v1/orders/o-1", &good()).await;
    assert_eq!(
        refusal(response).await,
        refused(401, "UNAUTHENTICATED", "SESSION_REVOKED")
    );
}
