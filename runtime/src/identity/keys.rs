//! Keys: one that signs, those that verify.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
pub use contracts::tradewind::auth::v1::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use net::random::Random;
use serde::Serialize;

use super::claims::{Claims, Issuer};
use super::error::VerifyError;

/// A key that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(String);

/// A private Ed25519 key with its id. `Debug` shows the id alone.
#[derive(Clone)]
pub struct Signer {
    key_id: Arc<str>,
    pair: Arc<Ed25519KeyPair>,
}

impl Signer {
    /// A new key.
    pub fn generate(key_id: &str, random: &Random) -> Signer {
        Signer::from_seed(key_id, &random.bytes())
    }

    /// The key of a seed (RFC 8032, section 5.1.5).
    pub fn from_seed(key_id: &str, seed: &[u8; 32]) -> Signer {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).expect("any 32 bytes are a seed");
        Signer {
            key_id: key_id.into(),
            pair: Arc::new(pair),
        }
    }

    /// The key of a PEM file: `PRIVATE KEY`, PKCS #8, as `openssl genpkey -algorithm ed25519`
    /// writes it.
    pub fn from_pem(key_id: &str, pem: &[u8]) -> Result<Signer, KeyError> {
        let wrong = || KeyError("is not an Ed25519 private key in PEM (PKCS #8)".into());
        let key = EncodingKey::from_ed_pem(pem).map_err(|_| wrong())?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes());
        Ok(Signer {
            key_id: key_id.into(),
            pair: Arc::new(pair.map_err(|_| wrong())?),
        })
    }

    /// The key's id.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The public half (RFC 8037, section 2).
    pub fn jwk(&self) -> Jwk {
        Jwk {
            kty: "OKP".into(),
            crv: "Ed25519".into(),
            x: URL_SAFE_NO_PAD.encode(self.pair.public_key()),
            kid: self.key_id.to_string(),
            r#use: "sig".into(),
            alg: "EdDSA".into(),
        }
    }

    /// A signed token: JWS compact serialization (RFC 7515, section 7.1). By hand, as the library
    /// would parse the private key anew for each.
    pub fn sign<C: Claims>(&self, claims: &C) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(C::TYPE.into());
        header.kid = Some(self.key_id.to_string());
        let mut token = base64_of(&header);
        token.push('.');
        token.push_str(&base64_of(claims));
        let signature = self.pair.sign(token.as_bytes());
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut token);
        token
    }
}

fn base64_of(part: &impl Serialize) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).expect("headers and claims are plain data"))
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

/// Public keys by their id.
#[derive(Default)]
pub struct VerifyingKeys(HashMap<String, DecodingKey>);

impl VerifyingKeys {
    /// Reads a key set; keys of other kinds are passed over, as RFC 7517 asks in section 5.
    pub fn new(keys: &[Jwk]) -> Result<VerifyingKeys, KeyError> {
        let ours = keys
            .iter()
            .filter(|key| key.kty == "OKP" && key.crv == "Ed25519");
        let parsed = ours.map(|key| {
            let decoding = DecodingKey::from_ed_components(&key.x);
            let wrong = |_| KeyError(format!("the key {} is not an Ed25519 key", key.kid));
            decoding
                .map(|decoding| (key.kid.clone(), decoding))
                .map_err(wrong)
        });
        parsed.collect::<Result<_, _>>().map(VerifyingKeys)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the key that a token names is here; `Err` for what is no token at all.
    pub fn knows_key_of(&self, token: &str) -> Result<bool, VerifyError> {
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let key_id = header
            .kid
            .ok_or_else(|| VerifyError::Invalid("no key id".into()))?;
        Ok(self.0.contains_key(&key_id))
    }

    /// The claims of a token of type `C` that is signed by one of the keys, of the right issuer
    /// (unless that is none) and audience. `now` in seconds since 1970.
    pub fn verify<C: Claims>(
        &self,
        token: &str,
        issuer: Option<&str>,
        audience: &str,
        now: i64,
    ) -> Result<C, VerifyError> {
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let key = header.kid.as_ref().and_then(|key_id| self.0.get(key_id));
        let key = key.ok_or_else(|| VerifyError::Invalid("signed by an unknown key".into()))?;
        if !header
            .typ
            .as_deref()
            .is_some_and(|typ| typ.eq_ignore_ascii_case(C::TYPE))
        {
            return Err(VerifyError::Invalid(format!(
                "not a token of type {}",
                C::TYPE
            )));
        }
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false; // by our own clock, below
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.set_audience(&[audience]);
        if let Some(issuer) = issuer {
            validation.set_issuer(&[issuer]);
        }
        let data = jsonwebtoken::decode::<C>(token, key, &validation).map_err(invalid)?;
        if data.claims.expires() <= now {
            Err(VerifyError::Expired)
        } else {
            Ok(data.claims)
        }
    }

    /// As `verify`, for tokens that this mesh's authority issued.
    pub(crate) fn verify_issued<C: Claims>(
        &self,
        token: &str,
        issuer: &Issuer,
        now: i64,
    ) -> Result<C, VerifyError> {
        self.verify(token, Some(&issuer.name), &issuer.audience, now)
    }
}

impl fmt::Debug for VerifyingKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err wants"
)]
fn invalid(error: jsonwebtoken::errors::Error) -> VerifyError {
    VerifyError::Invalid(error.to_string())
}
