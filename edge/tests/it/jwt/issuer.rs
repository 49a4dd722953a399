//! An issuer of tokens as others run them, played: discovery, keys, and tokens of any kind.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
    RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Making them takes a while.
static RSA: LazyLock<[RsaKeyPair; 2]> =
    LazyLock::new(|| [(); 2].map(|()| RsaKeyPair::generate(KeySize::Rsa2048).unwrap()));
static EC: LazyLock<EcdsaKeyPair> =
    LazyLock::new(|| EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap());
static ED: LazyLock<Ed25519KeyPair> = LazyLock::new(|| Ed25519KeyPair::generate().unwrap());

/// A key that the issuer may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Rsa,
    OtherRsa,
    Ec,
    Ed,
}

impl Key {
    pub(super) fn id(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    fn rsa(self) -> &'static RsaKeyPair {
        &RSA[usize::from(self == Self::OtherRsa)]
    }

    /// The public half (RFC 7518, section 6; RFC 8037, section 2).
    pub(super) fn jwk(self) -> Value {
        let mut jwk = match self {
            Self::Rsa | Self::OtherRsa => {
                let public = self.rsa().public_key();
                json!({
                    "kty": "RSA",
                    "n": base64(public.modulus().big_endian_without_leading_zero()),
                    "e": base64(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Self::Ec => {
                let (x, y) = EC.public_key().as_ref()[1..].split_at(32);
                json!({"kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y)})
            }
            Self::Ed => {
                json!({"kty": "OKP", "crv": "Ed25519", "x": base64(ED.public_key().as_ref())})
            }
        };
        jwk["kid"] = self.id().into();
        jwk["use"] = "sig".into();
        jwk
    }

    pub(super) fn sign(self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let of_rsa = |padding| {
            let key = self.rsa();
            let mut signature = vec![0; key.public_modulus_len()];
            key.sign(padding, &random, message, &mut signature).unwrap();
            signature
        };
        match self {
            Self::Rsa | Self::OtherRsa if algorithm == "PS256" => of_rsa(&RSA_PSS_SHA256),
            Self::Rsa | Self::OtherRsa => of_rsa(&RSA_PKCS1_SHA256),
            Self::Ec => EC.sign(&random, message).unwrap().as_ref().to_vec(),
            Self::Ed => ED.sign(message).as_ref().to_vec(),
        }
    }

    fn algorithm(self) -> &'static str {
        match self {
            Self::Rsa | Self::OtherRsa => "RS256",
            Self::Ec => "ES256",
            Self::Ed => "EdDSA",
        }
    }
}

pub(super) fn base64(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What is signed: header and claims (RFC 7515, section 3.1).
pub(super) fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |part: &Value| base64(part.to_string().as_bytes());
    format!("{}.{}", part(header), part(claims))
}

/// Seconds since 1970.
pub(super) fn now() -> i64 {
    net::clock::Clock::system().now().timestamp()
}

/// The running issuer.
pub(super) struct Issuer {
    pub(super) name: String,
    shared: Arc<Shared>,
    _stop: DropGuard,
}

struct Shared {
    address: SocketAddr,
    /// By path.
    documents: Mutex<BTreeMap<&'static str, String>>,
    is_away: AtomicBool,
    asked: AtomicUsize,
}

impl Issuer {
    /// It has these keys.
    pub(super) async fn start(keys: &[Key]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            address,
            documents: Mutex::default(),
            is_away: AtomicBool::new(false),
            asked: AtomicUsize::new(0),
        });
        let answers = shared.clone();
        let service = tower::service_fn(move |request: Request<Incoming>| {
            let answer = answers.answer(request.uri().path());
            async move { Ok::<_, Infallible>(answer) }
        });
        let stop = CancellationToken::new();
        let (limits, stopped) = (net::http::Limits::default(), stop.clone());
        tokio::spawn(net::http::serve(listener, service, limits, stopped));
        let issuer = Self {
            name: format!("http://{address}/realms/shop"),
            shared,
            _stop: stop.drop_guard(),
        };
        issuer.describe(&issuer.name, &issuer.url("/keys"));
        issuer.set_keys(keys);
        issuer
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.shared.address)
    }

    pub(super) fn set_keys(&self, keys: &[Key]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.says("/keys", json!({"keys": keys}).to_string());
    }

    /// What it says of itself.
    pub(super) fn describe(&self, issuer: &str, keys: &str) {
        let description = json!({"issuer": issuer, "jwks_uri": keys});
        let path = "/realms/shop/.well-known/openid-configuration";
        self.says(path, description.to_string());
    }

    /// What it has at a path; `-> PATH` leads elsewhere.
    pub(super) fn says(&self, path: &'static str, document: String) {
        self.shared.documents.lock().unwrap().insert(path, document);
    }

    /// Whether it answers with errors alone.
    pub(super) fn set_away(&self, is_away: bool) {
        self.shared.is_away.store(is_away, Ordering::SeqCst);
    }

    /// How often it was asked for its keys.
    pub(super) fn asked(&self) -> usize {
        self.shared.asked.load(Ordering::SeqCst)
    }

    /// Claims of Ada, for the shop, for a quarter of an hour.
    pub(super) fn claims(&self) -> Value {
        json!({"iss": self.name, "sub": "ada", "aud": "shop", "exp": now() + 900})
    }

    /// A token of hers, with these claims beside or instead.
    pub(super) fn token(&self, key: Key, more: &Value) -> String {
        let header = json!({"alg": key.algorithm(), "typ": "JWT", "kid": key.id()});
        self.token_with(key, &header, more)
    }

    pub(super) fn token_with(&self, key: Key, header: &Value, more: &Value) -> String {
        let mut claims = self.claims();
        claims
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        // What is null is not there.
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let message = unsigned(header, &claims);
        let signature = key.sign(header["alg"].as_str().unwrap(), message.as_bytes());
        format!("{message}.{}", base64(&signature))
    }
}

impl Shared {
    fn answer(&self, path: &str) -> Response<Full<Bytes>> {
        if path == "/keys" {
            self.asked.fetch_add(1, Ordering::SeqCst);
        }
        let documents = self.documents.lock().unwrap();
        let found = documents
            .get(path)
            .filter(|_| !self.is_away.load(Ordering::SeqCst));
        let (status, location, body) = match found {
            None => (503, None, String::new()),
            Some(document) => match document.strip_prefix("-> ") {
                Some(to) => (302, Some(to.to_owned()), String::new()),
                None => (200, None, document.clone()),
            },
        };
        let mut response = Response::builder().status(status);
        if let Some(location) = location {
            response = response.header("location", location);
        }
        response.body(Full::from(body)).unwrap()
    }
}
