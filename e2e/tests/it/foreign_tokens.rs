//! Clients come over REST with the access tokens of an issuer that is not ours, and that is trusted.

use aws_lc_rs::{
    rand::SystemRandom,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use axum::{Json, Router, routing::get};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use e2e::{Mesh, Reply, Setup, condition::eventually, mesh::Kind, unique::unique};
use net::clock::Clock;
use serde_json::{Value, json};
use std::{fs, time::Duration};
use tempfile::TempDir;
use tokio::net::TcpListener;

crate::on_both_kinds!(
    a_trusted_issuers_token_opens_the_api_for_scripts_until_the_account_is_closed,
);

const PATIENCE: Duration = Duration::from_secs(20);
const API: &str = "https://api.shop.example";

/// An issuer, and what the shop is told of it.
struct Issuer {
    issuer: String,
    key: Ed25519KeyPair,
    folder: TempDir,
}

impl Issuer {
    async fn start() -> Issuer {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let issuer = format!("http://{address}");
        let key = new_key();
        let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": x});
        let keys = json!({"keys": [jwk]});
        let router = Router::new().route("/keys", get(move || async move { Json(keys) }));
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let settings = json!({
            "issuer": issuer,
            "jwksUri": format!("{issuer}/keys"),
            "audience": API,
            "openAccounts": true,
        });
        let file = folder.path().join("example.json");
        fs::write(file, settings.to_string()).expect("it can be written");
        Issuer {
            issuer,
            key,
            folder,
        }
    }

    /// A token of somebody, good for five minutes, of whom this is said besides or instead.
    fn token(&self, subject: &str, said: &Value) -> String {
        let now = Clock::system().now().timestamp();
        let mut claims = json!({
            "iss": self.issuer,
            "aud": API,
            "sub": subject,
            "email": format!("{subject}@example.com"),
            "email_verified": true,
            "iat": now,
            "exp": now + 300,
        });
        for (name, value) in said.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        signed(&self.key, &claims)
    }
}

fn new_key() -> Ed25519KeyPair {
    let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("there is randomness");
    Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("it was just made")
}

fn signed(key: &Ed25519KeyPair, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header = json!({"alg": "EdDSA", "kid": "1", "typ": "at+jwt"});
    let said = format!("{}.{}", part(&header), part(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(said.as_bytes()));
    format!("{said}.{signature}")
}

async fn me(mesh: &Mesh, token: &str) -> Reply {
    mesh.rest().with_token(token).get("/v1/users/me").await
}

async fn a_trusted_issuers_token_opens_the_api_for_scripts_until_the_account_is_closed(kind: Kind) {
    let issuer = Issuer::start().await;
    let setup = Setup::new(kind)
        .with("TRUSTED_ISSUERS", issuer.issuer.clone())
        .with(
            "TRUSTED_ISSUERS_DIR",
            issuer.folder.path().display().to_string(),
        )
        .with("TRUSTED_ISSUERS_ALLOW_HTTP", "true");
    let mesh = Mesh::start(setup).await;
    let subject = unique("ada");
    let token = issuer.token(&subject, &json!({}));
    let account = me(&mesh, &token).await.expect(200);
    assert_eq!(account.text_at("/email"), format!("{subject}@example.com"));
    assert_eq!(account.json["emailVerified"], true, "{}", account.text);
    let rest = mesh.rest().with_token(&token);
    rest.get("/v1/orders").await.expect(200);
    let sessions = rest.get("/v1/auth/sessions").await;
    sessions.refused(403, "ACCESS_DENIED");
    let another = issuer.token(&subject, &json!({"scope": "openid"}));
    let same = me(&mesh, &another).await.expect(200);
    assert_eq!(same.text_at("/userId"), account.text_at("/userId"));

    for said in [
        json!({"aud": "https://another.example"}),
        json!({"iss": "https://another.example"}),
    ] {
        let refused = me(&mesh, &issuer.token(&subject, &said)).await;
        refused.refused(401, "TOKEN_INVALID");
    }
    let forger = Issuer {
        key: new_key(),
        ..issuer
    };
    let forged = me(&mesh, &forger.token(&subject, &json!({}))).await;
    forged.refused(401, "TOKEN_INVALID");

    let id = account.text_at("/userId");
    let admin = mesh.admin().await;
    let deactivate = format!("/v1/users/{id}:deactivate");
    admin.post(&deactivate, &json!({})).await.expect(200);
    eventually("the account is closed to it", PATIENCE, || async {
        let reply = me(&mesh, &token).await;
        (reply.reason() == "ACCOUNT_INACTIVE").then_some(())
    })
    .await;
}
