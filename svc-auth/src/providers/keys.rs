//! The keys of a provider, and what they have signed. A token says nothing about how it is judged
//! (RFC 8725): algorithms are ours, keys are the provider's, and only if the key is of that algorithm.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use crate::domain::id_token::BadIdToken;

/// What is taken. Neither `none` nor one with a shared secret is among it: whoever verifies could sign.
pub(super) const ALGORITHMS: [Algorithm; 3] =
    [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];

/// Public keys that verify signatures.
#[derive(Debug)]
pub(super) struct Keys(Vec<Key>);

#[derive(Debug)]
struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// A key set (RFC 7517, section 5), whose members are read one by one.
#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// What a token says of how it is signed, if that is taken.
///
/// # Errors
/// [`BadIdToken`].
pub(super) fn header(token: &str) -> Result<Header, BadIdToken> {
    // `none` is none that the library knows.
    let header = decode_header(token).map_err(|_| BadIdToken::Malformed)?;
    match (&header.crit, ALGORITHMS.contains(&header.alg)) {
        (None, true) => Ok(header),
        // RFC 7515, section 4.1.11: nothing of it is understood here.
        (Some(_), _) => Err(BadIdToken::Malformed),
        (None, false) => Err(BadIdToken::Algorithm),
    }
}

impl Keys {
    /// Reads a key set. Keys that are not understood are passed over, as RFC 7517 asks in section 5.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn read(set: &[u8]) -> Result<Self, String> {
        let set: Set =
            serde_json::from_slice(set).map_err(|_| "the key set cannot be read".to_owned())?;
        let keys: Vec<_> = set.keys.into_iter().filter_map(Key::of).collect();
        match keys.is_empty() {
            true => Err("no key of the set verifies signatures that are taken".to_owned()),
            false => Ok(Self(keys)),
        }
    }

    /// Whether there is the key of a token.
    pub(super) fn has(&self, header: &Header) -> bool {
        self.find(header).is_some()
    }

    /// What a token says, if the key that it names has signed it.
    ///
    /// # Errors
    /// [`BadIdToken`].
    pub(super) fn verify(&self, token: &str, header: &Header) -> Result<Value, BadIdToken> {
        let key = self.find(header).ok_or(BadIdToken::UnknownKey)?;
        // What it says is checked by who knows what was asked for, by our own clock.
        let mut validation = Validation::new(header.alg);
        (validation.validate_exp, validation.validate_aud) = (false, false);
        validation.set_required_spec_claims::<&str>(&[]);
        let verified = decode::<Value>(token, key, &validation);
        Ok(verified.map_err(|_| BadIdToken::Signature)?.claims)
    }

    /// The key of that name. A token that names none can only be of the one that there is.
    fn find(&self, header: &Header) -> Option<&DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| {
            let is_named = header.kid.is_none() || key.id == header.kid;
            is_named && key.algorithm == header.alg
        });
        let found = fitting.next()?;
        (header.kid.is_some() || fitting.next().is_none()).then_some(&found.key)
    }
}

impl Key {
    fn of(value: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(value).ok()?;
        let common = &jwk.common;
        let algorithm = match &jwk.algorithm {
            AlgorithmParameters::RSA(_) => Algorithm::RS256,
            AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
                Algorithm::ES256
            }
            AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
                Algorithm::EdDSA
            }
            // Shared secrets have no place in a set that anybody can read.
            _ => return None,
        };
        let signs = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
        let only = common.key_algorithm;
        if !signs || only.is_some_and(|only| only != KeyAlgorithm::from(algorithm)) {
            return None;
        }
        Some(Self {
            key: DecodingKey::from_jwk(&jwk).ok()?,
            id: jwk.common.key_id,
            algorithm,
        })
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    };
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    use jsonwebtoken::{EncodingKey, encode};
    use serde_json::json;

    use super::*;

    /// A key that signs, and what is published of it.
    struct Signer(Algorithm, EncodingKey, Value);

    impl Signer {
        fn rs256() -> Self {
            let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
            let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
            let public = pair.public_key();
            let n = text(public.modulus().big_endian_without_leading_zero());
            let e = text(public.exponent().big_endian_without_leading_zero());
            let jwk = json!({"kty": "RSA", "kid": "1", "n": n, "e": e});
            // The library reads PKCS #8 as PEM alone.
            let body = STANDARD.encode(der.as_ref());
            let pem = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
            let key = EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap();
            Self(Algorithm::RS256, key, jwk)
        }

        fn es256() -> Self {
            let kind = &ECDSA_P256_SHA256_FIXED_SIGNING;
            let der = EcdsaKeyPair::generate_pkcs8(kind, &SystemRandom::new()).unwrap();
            let pair = EcdsaKeyPair::from_pkcs8(kind, der.as_ref()).unwrap();
            let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
            let jwk = json!({"kty": "EC", "crv": "P-256", "kid": "1", "x": text(x), "y": text(y)});
            Self(
                Algorithm::ES256,
                EncodingKey::from_ec_der(der.as_ref()),
                jwk,
            )
        }

        fn eddsa() -> Self {
            let der = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            let pair = Ed25519KeyPair::from_pkcs8(der.as_ref()).unwrap();
            let x = text(pair.public_key().as_ref());
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": x});
            Self(
                Algorithm::EdDSA,
                EncodingKey::from_ed_der(der.as_ref()),
                jwk,
            )
        }

        fn token(&self, kid: Option<&str>) -> String {
            let mut header = Header::new(self.0);
            header.kid = kid.map(str::to_owned);
            encode(&header, &json!({"sub": "ada"}), &self.1).unwrap()
        }

        fn keys(&self) -> Keys {
            read(std::slice::from_ref(&self.2)).unwrap()
        }
    }

    fn text(bytes: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn read(keys: &[Value]) -> Result<Keys, String> {
        Keys::read(json!({"keys": keys}).to_string().as_bytes())
    }

    fn verify(keys: &Keys, token: &str) -> Result<Value, BadIdToken> {
        keys.verify(token, &header(token)?)
    }

    #[test]
    fn what_the_provider_has_signed_is_read_and_nothing_else() {
        let all = [Signer::rs256(), Signer::es256(), Signer::eddsa()];
        for signer in &all {
            let (keys, token) = (signer.keys(), signer.token(Some("1")));
            assert_eq!(verify(&keys, &token).unwrap()["sub"], "ada");
            assert_eq!(verify(&keys, &signer.token(None)).unwrap()["sub"], "ada");
            let unknown = signer.token(Some("2"));
            assert_eq!(verify(&keys, &unknown), Err(BadIdToken::UnknownKey));
            // The header and the signature of one, the claims of another.
            let parts: Vec<_> = token.split('.').collect();
            let eve = text(br#"{"sub": "eve"}"#);
            let forged = [parts[0], eve.as_str(), parts[2]].join(".");
            assert_eq!(verify(&keys, &forged), Err(BadIdToken::Signature));
            for other in all.iter().filter(|other| other.0 != signer.0) {
                // A key is of one algorithm, whatever it is called.
                let refused = verify(&other.keys(), &token);
                assert_eq!(refused, Err(BadIdToken::UnknownKey));
            }
        }
        let another = Signer::eddsa().token(Some("1"));
        assert_eq!(verify(&all[2].keys(), &another), Err(BadIdToken::Signature));
    }

    #[test]
    fn no_signature_and_one_by_the_public_key_as_a_secret_are_refused() {
        let signer = Signer::rs256();
        let none = text(br#"{"alg": "none"}"#);
        let claims = text(br#"{"sub": "eve"}"#);
        for unsigned in [
            format!("{none}.{claims}."),
            format!("{none}.{claims}"),
            String::new(),
        ] {
            let refused = verify(&signer.keys(), &unsigned);
            assert_eq!(refused, Err(BadIdToken::Malformed), "{unsigned}");
        }
        let public = EncodingKey::from_secret(signer.2["n"].as_str().unwrap().as_bytes());
        let mut with_secret = Header::new(Algorithm::HS256);
        with_secret.kid = Some("1".into());
        let forged = encode(&with_secret, &json!({"sub": "eve"}), &public).unwrap();
        assert_eq!(verify(&signer.keys(), &forged), Err(BadIdToken::Algorithm));
    }

    #[test]
    fn keys_that_are_not_for_signatures_are_passed_over_and_a_set_of_them_alone_is_none() {
        let with = |name: &str, value: &str| {
            let mut key = Signer::eddsa().2;
            key[name] = value.into();
            key
        };
        let odd = [
            json!(null),
            json!({"kty": "oct", "kid": "1", "k": "c2VjcmV0"}),
            json!({"kty": "RSA", "n": "%", "e": "AQAB"}),
            with("use", "enc"),
            with("alg", "RS256"),
            with("crv", "X25519"),
        ];
        assert!(read(&odd).is_err());
        let mut some = odd.to_vec();
        some.push(Signer::eddsa().2);
        assert_eq!(read(&some).unwrap().0.len(), 1);
        for wrong in ["", "[]", "{}", "{\"keys\": 1}"] {
            assert!(Keys::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
