use std::time::Duration;

use runtime::clock::Clock;
use runtime::identity::{
    AccessClaims, Identity, Issuer, Signer, Verifier, VerifyError, WorkloadClaims,
};
use runtime::random::Random;
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
