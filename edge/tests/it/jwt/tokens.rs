//! Which tokens count.

use std::time::Duration;

use serde_json::{Value, json};

use super::issuer::{Issuer, Key, base64, now, unsigned};
use super::{challenge, get, guarded, status};
use crate::waiting::eventually;

#[tokio::test]
async fn no_token_chooses_how_it_is_verified() {
    let issuer = Issuer::start(&[Key::Rsa, Key::Ec]).await;
    let fixture = guarded(&issuer, |_| ()).await;
    let claims = issuer.claims();
    let shared = |header: Value, secret: &[u8]| {
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        let message = unsigned(&header, &claims);
        let signature = aws_lc_rs::hmac::sign(&key, message.as_bytes());
        format!("{message}.{}", base64(signature.as_ref()))
    };
    let with = |key: Key, header: Value| issuer.token_with(key, &header, &json!({}));
    let public = Key::Rsa.jwk();
    let modulus = public["n"].as_str().unwrap();
    let good = with(Key::Rsa, json!({"alg": "RS256", "kid": "rsa"}));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let none = unsigned(&json!({"alg": "none", "kid": "rsa"}), &claims);
    let mut other = claims.clone();
    other["sub"] = "grace".into();
    let swapped = unsigned(&json!({"alg": "RS256", "kid": "rsa"}), &other);
    for (token, why) in [
        (format!("{none}."), "none"),
        (none, "two parts"),
        (format!("{message}."), "no signature"),
        (format!("{swapped}.{signature}"), "the signature of another"),
        (format!("{good}.{signature}"), "four parts"),
        (
            shared(json!({"alg": "HS256", "kid": "rsa"}), modulus.as_bytes()),
            "HS256 under the public key as it is written",
        ),
        (
            shared(json!({"alg": "HS256"}), public.to_string().as_bytes()),
            "HS256 under the whole key",
        ),
        (
            with(Key::OtherRsa, json!({"alg": "RS256", "kid": "rsa"})),
            "another key under its name",
        ),
        (
            with(Key::Ec, json!({"alg": "ES256", "kid": "rsa"})),
            "an algorithm that the key is not of",
        ),
        (
            with(Key::Rsa, json!({"alg": "RS256", "kid": "ec"})),
            "a key that the algorithm is not of",
        ),
        (
            with(
                Key::OtherRsa,
                json!({"alg": "RS256", "jwk": Key::OtherRsa.jwk(), "jku": issuer.url("/keys")}),
            ),
            "its own key",
        ),
        (
            with(
                Key::Rsa,
                json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"}),
            ),
            "another type",
        ),
        (
            with(
                Key::Rsa,
                json!({"alg": "RS256", "kid": "rsa", "crit": ["b64"], "b64": true}),
            ),
            "critical headers",
        ),
        ("..".to_owned(), "nothing"),
        (format!("{good}="), "padding"),
    ] {
        assert_eq!(status(&fixture, &token).await, 401, "{why}");
    }
    assert!(fixture.upstream.calls().is_empty());
    assert_eq!(status(&fixture, &good).await, 200);
}

#[tokio::test]
async fn an_algorithm_that_is_not_asked_for_is_not_taken() {
    let issuer = Issuer::start(&[Key::Rsa, Key::Ed]).await;
    let fixture = guarded(&issuer, |config| {
        config.jwt.jwt_algorithm = vec![gateway::jwt::Algorithm::EdDSA];
    })
    .await;
    let token = |key| issuer.token(key, &json!({}));
    assert_eq!(status(&fixture, &token(Key::Ed)).await, 200);
    assert_eq!(status(&fixture, &token(Key::Rsa)).await, 401);
}

#[tokio::test]
async fn only_tokens_of_the_issuer_for_this_audience_and_of_now_count() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |_| ()).await;
    let other = format!("{}/", issuer.name);
    for wrong in [
        json!({"aud": "till"}),
        json!({"aud": ["till", "shops"]}),
        json!({"aud": []}),
        json!({"aud": {"shop": 1}}),
        json!({"aud": null}),
        json!({"iss": other}),
        json!({"iss": [issuer.name]}),
        json!({"iss": null}),
        json!({"sub": null}),
        json!({"sub": 7}),
        json!({"exp": now() - 31}),
        json!({"exp": null}),
        json!({"exp": "soon"}),
        json!({"exp": -1}),
        json!({"exp": i64::MIN}),
        json!({"nbf": now() + 60}),
        json!({"nbf": "soon"}),
        json!({"nbf": 1e300}),
    ] {
        let token = issuer.token(Key::Rsa, &wrong);
        assert_eq!(status(&fixture, &token).await, 401, "{wrong}");
    }
    // Clocks differ a little, and some count in fractions or to the end of time.
    for right in [
        json!({"exp": now() - 10}),
        json!({"exp": now() as f64 + 60.5}),
        json!({"exp": i64::MAX}),
        json!({"exp": 1e18}),
        json!({"nbf": now() + 10}),
    ] {
        let token = issuer.token(Key::Rsa, &right);
        assert_eq!(status(&fixture, &token).await, 200, "{right}");
    }
}

#[tokio::test]
async fn a_token_holds_until_it_expires_also_when_it_was_seen_before() {
    let issuer = Issuer::start(&[Key::Rsa]).await;
    let fixture = guarded(&issuer, |config| {
        config.jwt.jwt_leeway = Duration::ZERO;
    })
    .await;
    let token = issuer.token(Key::Rsa, &json!({"exp": now() + 3}));
    assert_eq!(status(&fixture, &token).await, 200);
    eventually(async || status(&fixture, &token).await != 200).await;
    let last = get(&fixture, &token).await;
    assert_eq!(last.status(), 401);
    assert!(challenge(&last).contains("the token has expired"));
    assert!(now() >= issuer.claims()["exp"].as_i64().unwrap() - 900);
}
