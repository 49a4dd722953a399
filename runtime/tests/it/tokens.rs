use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use net::clock::Clock;
use net::random::Random;
use runtime::identity::{
    AccessClaims, Identity, Issuer, Signer, Verifier, VerifyError, WorkloadClaims,
};
use serde_json::json;
use uuid::Uuid;

/// An access token that holds for a while.
pub(crate) fn access(signer: &Signer, clock: &Clock, session_id: Uuid) -> String {
    let now = clock.now().timestamp();
    signer.sign(&AccessClaims {
        iss: "tradewind".into(),
        aud: "tradewind".into(),
        sub: Uuid::nil(),
        sid: session_id,
        roles: vec!["user".into()],
        iat: now,
        exp: now + 900,
        jti: Uuid::nil(),
        pat: false,
    })
}

fn identity(clock: &Clock) -> Identity {
    let verifier = Verifier::new(Issuer::default(), clock.clone());
    Identity::new("svc-test", verifier, None, clock.clone(), Random::system())
}

#[tokio::test]
async fn a_token_holds_until_it_expires_also_when_it_was_seen_before() {
    let (clock, hands) = Clock::manual("2026-01-01T00:00:00Z".parse().unwrap());
    let (identity, signer) = (identity(&clock), Signer::generate("a", &Random::system()));
    identity.install_keys(&[signer.jwk()]).unwrap();
    let token = access(&signer, &clock, Uuid::nil());
    for _ in 0..2 {
        assert!(identity.verify_user(&token).await.unwrap().has_role("user"));
    }
    hands.advance(Duration::from_secs(900));
    assert_eq!(
        identity.verify_user(&token).await,
        Err(VerifyError::Expired)
    );
}

#[tokio::test]
async fn a_key_that_was_taken_back_verifies_nothing_also_not_what_was_seen() {
    let clock = Clock::system();
    let identity = identity(&clock);
    let [old, new] = ["old", "new"].map(|id| Signer::generate(id, &Random::system()));
    let [by_old, by_new] = [&old, &new].map(|signer| access(signer, &clock, Uuid::nil()));
    identity.install_keys(&[old.jwk()]).unwrap();
    identity.verify_user(&by_old).await.unwrap();
    identity.install_keys(&[old.jwk(), new.jwk()]).unwrap();
    identity.verify_user(&by_old).await.unwrap();
    identity.verify_user(&by_new).await.unwrap();
    identity.install_keys(&[new.jwk()]).unwrap();
    assert!(identity.verify_user(&by_old).await.is_err());
    identity.verify_user(&by_new).await.unwrap();
}

#[tokio::test]
async fn only_tokens_of_the_issuer_for_this_audience_and_of_the_right_type_count() {
    let clock = Clock::system();
    let (identity, signer) = (identity(&clock), Signer::generate("a", &Random::system()));
    identity.install_keys(&[signer.jwk()]).unwrap();
    let now = clock.now().timestamp();
    let workload = |iss: &str, aud: &str| WorkloadClaims {
        iss: iss.into(),
        aud: aud.into(),
        sub: "svc-orders".into(),
        iat: now,
        exp: now + 60,
    };
    let good = signer.sign(&workload("tradewind", "tradewind"));
    assert_eq!(
        &*identity.verify_workload(&good).await.unwrap(),
        "svc-orders"
    );
    for (iss, aud) in [("other", "tradewind"), ("tradewind", "other")] {
        let token = signer.sign(&workload(iss, aud));
        assert!(matches!(
            identity.verify_workload(&token).await,
            Err(VerifyError::Invalid(_))
        ));
    }
    assert!(matches!(
        identity.verify_user(&good).await,
        Err(VerifyError::Invalid(_))
    ));
    let user = access(&signer, &clock, Uuid::nil());
    assert!(matches!(
        identity.verify_workload(&user).await,
        Err(VerifyError::Invalid(_))
    ));
}

/// RFC 8725, sections 3.1 and 3.10: neither the algorithm nor the key is the token's to choose.
#[tokio::test]
async fn no_token_chooses_how_it_is_verified() {
    let clock = Clock::system();
    let (identity, signer) = (identity(&clock), Signer::generate("a", &Random::system()));
    let stranger = Signer::generate("a", &Random::system());
    identity.install_keys(&[signer.jwk()]).unwrap();
    let token = access(&signer, &clock, Uuid::nil());
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("a token has three parts");
    };
    let part = |json: serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
    let public = URL_SAFE_NO_PAD.decode(signer.jwk().x).unwrap();
    let mac = |header: &str| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &public);
        let tag = hmac::sign(&key, format!("{header}.{claims}").as_bytes());
        URL_SAFE_NO_PAD.encode(tag)
    };
    let none = part(json!({"typ": "at+jwt", "alg": "none", "kid": "a"}));
    let symmetric = part(json!({"typ": "at+jwt", "alg": "HS256", "kid": "a"}));
    let no_key = part(json!({"typ": "at+jwt", "alg": "EdDSA"}));
    let own_key = part(json!({
        "typ": "at+jwt", "alg": "EdDSA", "kid": "a", "jku": "http://127.0.0.1/keys",
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": stranger.jwk().x},
    }));
    let by_stranger = access(&stranger, &clock, Uuid::nil());
    let by_stranger = by_stranger.rsplit('.').next().unwrap();
    let mut admin = access(&signer, &clock, Uuid::from_u128(1));
    admin.truncate(admin.rfind('.').unwrap());
    for forged in [
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{symmetric}.{claims}.{}", mac(&symmetric)),
        format!("{no_key}.{claims}.{signature}"),
        format!("{own_key}.{claims}.{by_stranger}"),
        format!("{header}.{claims}.{by_stranger}"),
        format!("{header}.{claims}."),
        format!("{header}.{claims}"),
        format!("{admin}.{signature}"),
    ] {
        let refused = identity.verify_user(&forged).await;
        assert!(matches!(refused, Err(VerifyError::Invalid(_))), "{forged}");
    }
    identity.verify_user(&token).await.unwrap();
}

#[test]
fn a_key_file_is_read_and_a_wrong_one_is_refused() {
    // openssl genpkey -algorithm ed25519
    let pem = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
        -----END PRIVATE KEY-----\n";
    let signer = Signer::from_pem("svc-orders", pem.as_bytes()).unwrap();
    // RFC 8037, appendix A.2: the public half of the same key.
    assert_eq!(
        signer.jwk().x,
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    );
    assert!(Signer::from_pem("svc-orders", b"not a key").is_err());
}
