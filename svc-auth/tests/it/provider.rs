//! An identity provider, played by the test: it looks at what it is sent as a real one does, and says of
//! people what the test has it say.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Json;
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use net::clock::Clock;
use serde_json::{Value, json};
use svc_auth::{IdentityProviders, TrustedIssuers};
use tempfile::TempDir;
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

/// The page that browsers come back to.
const BACK: &str = "http://localhost:8080/sign-in";
const NAME: &str = "example";
/// What access tokens for the shop are told to.
const API: &str = "https://api.shop.example";

type Fields = HashMap<String, String>;

/// A running provider.
pub(crate) struct Provider {
    shared: Shared,
    folder: TempDir,
}

#[derive(Clone)]
struct Shared {
    issuer: String,
    inner: Arc<Mutex<Inner>>,
    clock: Clock,
}

struct Inner {
    key: EncodingKey,
    public: Value,
    /// What each code is for: what was asked, and what is to be said.
    codes: HashMap<String, (Fields, Value)>,
    /// How often the keys were read.
    looks: usize,
}

impl Provider {
    pub(crate) async fn start(clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let (key, public) = new_key();
        let shared = Shared {
            issuer,
            inner: Arc::new(Mutex::new(Inner {
                key,
                public,
                codes: HashMap::new(),
                looks: 0,
            })),
            clock: clock.clone(),
        };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        let folder = tempfile::tempdir().unwrap();
        let settings = json!({
            "issuer": shared.issuer,
            "displayName": "Example",
            "clientId": "shop",
            "clientSecret": "s:cret",
        });
        let file = folder.path().join(format!("{NAME}.json"));
        std::fs::write(file, settings.to_string()).unwrap();
        Self { shared, folder }
    }

    /// What svc-auth is told of it.
    pub(crate) fn settings(&self) -> IdentityProviders {
        IdentityProviders {
            identity_providers_dir: Some(self.folder.path().to_owned()),
            identity_providers_redirect_uri: Some(BACK.into()),
            identity_providers_allow_http: true,
        }
    }

    /// What svc-auth is told of it, as an issuer whose access tokens it takes: this, and what it needs.
    pub(crate) fn trusted(&self, more: &Value) -> TrustedIssuers {
        let mut settings = json!({
            "issuer": self.shared.issuer,
            "jwksUri": format!("{}/keys", self.shared.issuer),
            "audience": API,
        });
        extend(&mut settings, more);
        let folder = self.folder.path().join("trusted");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{NAME}.json"));
        std::fs::write(file, settings.to_string()).unwrap();
        TrustedIssuers {
            trusted_issuers_dir: Some(folder),
            trusted_issuers_allow_http: true,
        }
    }

    /// An access token that it gives for the shop, which says this besides.
    pub(crate) fn access_token(&self, said: &Value) -> String {
        let now = self.shared.clock.now().timestamp();
        let mut claims = json!({
            "iss": self.shared.issuer,
            "aud": API,
            "iat": now,
            "exp": now + 300,
        });
        extend(&mut claims, said);
        sign(&self.shared.inner().key, &claims)
    }

    /// Somebody signs in there, of whom this is said; the `state` and the `code` that the browser is sent
    /// back with.
    pub(crate) fn sign_in(&self, authorization_url: &str, said: Value) -> (String, String) {
        let url = Url::parse(authorization_url).unwrap();
        assert!(authorization_url.starts_with(&format!("{}/authorize?", self.shared.issuer)));
        let asked: Fields = url.query_pairs().into_owned().collect();
        for (name, value) in [
            ("response_type", "code"),
            ("client_id", "shop"),
            ("redirect_uri", BACK),
            ("scope", "openid email profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(asked[name], value, "{name}");
        }
        let state = asked["state"].clone();
        let mut inner = self.shared.inner();
        let code = format!("code-{}", inner.codes.len());
        inner.codes.insert(code.clone(), (asked, said));
        (state, code)
    }

    /// Signs by another key from now on, which it does not publish.
    pub(crate) fn lose_its_key(&self) {
        self.shared.inner().key = new_key().0;
    }

    /// How often its keys were read.
    pub(crate) fn looks(&self) -> usize {
        self.shared.inner().looks
    }
}

impl Shared {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }
}

fn new_key() -> (EncodingKey, Value) {
    let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
    let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
    let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let public = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1", "use": "sig"});
    (EncodingKey::from_ed_der(der.as_ref()), public)
}

fn extend(object: &mut Value, more: &Value) {
    let more = more.as_object().cloned().unwrap_or_default();
    object.as_object_mut().unwrap().extend(more);
}

/// Signs by the key that the claims name, and as the `typ` that they name.
fn sign(key: &EncodingKey, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(claims["kid"].as_str().unwrap_or("1").to_owned());
    header.typ = claims["typ"].as_str().map(str::to_owned);
    encode(&header, claims, key).unwrap()
}

async fn describe(State(shared): State<Shared>) -> Json<Value> {
    let at = |path: &str| format!("{}/{path}", shared.issuer);
    Json(json!({
        "issuer": shared.issuer,
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "jwks_uri": at("keys"),
    }))
}

async fn keys(State(shared): State<Shared>) -> Json<Value> {
    let mut inner = shared.inner();
    inner.looks += 1;
    Json(json!({"keys": [inner.public]}))
}

async fn token(
    State(shared): State<Shared>,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, Json<Value>) {
    let refused = |error: &str| (StatusCode::BAD_REQUEST, Json(json!({"error": error})));
    // RFC 6749, section 2.3.1: both in the form's encoding.
    let basic = format!("Basic {}", STANDARD.encode("shop:s%3Acret"));
    if headers.get("authorization").is_none_or(|it| *it != basic) {
        return refused("invalid_client");
    }
    let form: Fields = form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect();
    let mut inner = shared.inner();
    let Some((asked, said)) = inner.codes.remove(&form["code"]) else {
        return refused("invalid_grant");
    };
    let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes()));
    if challenge != asked["code_challenge"] || form["redirect_uri"] != asked["redirect_uri"] {
        return refused("invalid_grant");
    }
    let now = shared.clock.now().timestamp();
    let mut claims = json!({
        "iss": shared.issuer,
        "aud": "shop",
        "iat": now,
        "exp": now + 300,
        "nonce": asked["nonce"],
    });
    extend(&mut claims, &said);
    let id_token = sign(&inner.key, &claims);
    let body = json!({"access_token": "theirs", "token_type": "Bearer", "id_token": id_token});
    (StatusCode::OK, Json(body))
}
