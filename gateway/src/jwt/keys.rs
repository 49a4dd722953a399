//! The keys of an issuer.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use Algorithm::{ES256, ES384, EdDSA, PS256, PS384, PS512, RS256, RS384, RS512};

/// Public keys that verify signatures.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    /// What it verifies: an algorithm is never the token's choice alone (RFC 8725, section 3.1).
    algorithms: Vec<Algorithm>,
    key: DecodingKey,
}

/// A key set (RFC 7517, section 5), whose members are read one by one.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

impl Keys {
    /// Reads a key set. Keys that are not understood are passed over, as RFC 7517 asks in section 5.
    pub(super) fn read(set: &[u8]) -> Result<Self, String> {
        let set: Set =
            serde_json::from_slice(set).map_err(|error| format!("no key set: {error}"))?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(Key::of).collect();
        match keys.is_empty() {
            true => Err("no key of the set verifies signatures".to_owned()),
            false => Ok(Self(keys)),
        }
    }

    /// The key of that name. A token that names none can only be of the one that there is.
    pub(super) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<&DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| {
            let is_named = id.is_none() || key.id.as_deref() == id;
            is_named && key.algorithms.contains(&algorithm)
        });
        let found = fitting.next()?;
        (id.is_some() || fitting.next().is_none()).then_some(&found.key)
    }
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        let is_for_signatures =
            matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let operations = common.key_operations.as_ref();
        let verifies = operations.is_none_or(|all| all.contains(&KeyOperations::Verify));
        if !is_for_signatures || !verifies {
            return None;
        }
        let mut algorithms = algorithms(&jwk.algorithm).to_vec();
        if let Some(only) = common.key_algorithm {
            algorithms.retain(|algorithm| KeyAlgorithm::from(*algorithm) == only);
        }
        if algorithms.is_empty() {
            return None;
        }
        let key = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self {
            id: jwk.common.key_id,
            algorithms,
            key,
        })
    }
}

/// What a key of that kind verifies (RFC 7518, sections 3.3 to 3.5; RFC 8037, section 3.1).
fn algorithms(kind: &AlgorithmParameters) -> &'static [Algorithm] {
    match kind {
        AlgorithmParameters::RSA(_) => &[RS256, RS384, RS512, PS256, PS384, PS512],
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => &[ES256],
            EllipticCurve::P384 => &[ES384],
            _ => &[],
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => &[EdDSA],
        // Shared secrets have no place in a set that anybody can read.
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rsa(id: &str) -> Value {
        json!({"kty": "RSA", "kid": id, "n": "3q2-7w", "e": "AQAB"})
    }

    fn read(keys: &[Value]) -> Result<Keys, String> {
        Keys::read(json!({"keys": keys}).to_string().as_bytes())
    }

    #[test]
    fn a_key_verifies_by_its_kind_its_use_and_its_own_word() {
        let with = |id: &str, more: Value| {
            let mut key = rsa(id);
            key.as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            key
        };
        let keys = read(&[
            rsa("any"),
            with("said", json!({"alg": "PS384"})),
            with("enc", json!({"use": "enc"})),
            with("ops", json!({"key_ops": ["sign"]})),
            with("oaep", json!({"alg": "RSA-OAEP"})),
            json!({"kty": "oct", "kid": "oct", "k": "c2VjcmV0"}),
            json!({"kty": "EC", "kid": "p256", "crv": "P-256", "x": "AQ", "y": "Ag"}),
        ])
        .unwrap();
        let fits = |id, algorithm| keys.find(Some(id), algorithm).is_some();
        assert!(fits("any", RS256) && fits("any", PS512) && !fits("any", ES256));
        assert!(fits("said", PS384) && !fits("said", RS256));
        assert!(fits("p256", ES256) && !fits("p256", ES384) && !fits("p256", RS256));
        for id in ["enc", "ops", "oaep", "oct"] {
            assert!(!fits(id, RS256) && !fits(id, Algorithm::HS256), "{id}");
        }
    }

    #[test]
    fn a_token_that_names_no_key_is_of_the_only_one() {
        let keys = read(&[rsa("a")]).unwrap();
        assert!(keys.find(None, RS256).is_some() && keys.find(None, ES256).is_none());
        let keys = read(&[rsa("a"), rsa("b")]).unwrap();
        assert!(keys.find(None, RS256).is_none());
    }

    #[test]
    fn odd_keys_are_passed_over_and_a_set_of_them_alone_is_none() {
        let odd = [
            json!(null),
            json!(7),
            json!({}),
            json!({"kty": "RSA"}),
            json!({"kty": "RSA", "n": "%", "e": "AQAB"}),
            json!({"kty": "EC", "crv": "P-256", "x": 1, "y": "AQ"}),
            json!({"kty": "EC", "crv": "secp256k1", "x": "AQ", "y": "AQ"}),
            json!({"kty": "OKP", "crv": "X25519", "x": "AQ"}),
            json!({"kty": "LMS", "pub": "AQ"}),
        ];
        assert!(read(&odd).is_err());
        let mut many: Vec<_> = (0..1000).map(|id| rsa(&id.to_string())).collect();
        many.extend(odd);
        assert!(read(&many).unwrap().find(Some("999"), RS256).is_some());
        for wrong in ["", "[]", "{}", "{\"keys\": 1}", "\u{0}"] {
            assert!(Keys::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
