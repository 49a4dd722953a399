//! Refresh tokens: session, generation and a MAC over both, in base64url. Only this service can
//! make one, and it can make the same one again.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::seal::{EncryptionKey, EncryptionKeys};
use uuid::Uuid;

const ID_LEN: usize = 16;
const BODY_LEN: usize = ID_LEN + 8;

/// What a refresh token names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session.
    pub session_id: Uuid,
    /// How many times the session was refreshed before the token was given.
    pub generation: i64,
}

/// Makes refresh tokens and recognises them.
#[derive(Clone, Debug)]
pub struct RefreshTokens {
    current: hmac::Key,
    previous: Option<hmac::Key>,
}

impl RefreshTokens {
    /// The tokens of everybody who has these keys.
    #[must_use]
    pub fn new(keys: &EncryptionKeys) -> Self {
        let mac =
            |key: &EncryptionKey| hmac::Key::new(hmac::HMAC_SHA256, &key.derive("refresh tokens"));
        Self {
            current: mac(&keys.current),
            previous: keys.previous.as_ref().map(mac),
        }
    }

    /// The text of a token: the same each time.
    #[must_use]
    pub fn issue(&self, token: RefreshToken) -> String {
        let body = body(token);
        let mac = hmac::sign(&self.current, &body);
        URL_SAFE_NO_PAD.encode([body.as_slice(), mac.as_ref()].concat())
    }

    /// Reads a token; `None` unless it was made with one of the keys. Compares in constant time.
    #[must_use]
    pub fn read(&self, text: &str) -> Option<RefreshToken> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (body, mac) = bytes.split_at_checked(BODY_LEN)?;
        let is_by = |key: &hmac::Key| hmac::verify(key, body, mac).is_ok();
        if !is_by(&self.current) && !self.previous.as_ref().is_some_and(is_by) {
            return None;
        }
        let (id, generation) = body.split_at(ID_LEN);
        Some(RefreshToken {
            session_id: Uuid::from_slice(id).ok()?,
            generation: i64::from_be_bytes(generation.try_into().ok()?),
        })
    }
}

fn body(token: RefreshToken) -> [u8; BODY_LEN] {
    let mut body = [0; BODY_LEN];
    body[..ID_LEN].copy_from_slice(token.session_id.as_bytes());
    body[ID_LEN..].copy_from_slice(&token.generation.to_be_bytes());
    body
}

/// What the database keeps of a secret (SHA-256).
#[must_use]
pub fn hash(secret: &str) -> Vec<u8> {
    digest(&SHA256, secret.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use net::random::Random;
    use runtime::services::AUTHORITY;

    use super::*;

    fn key(seed: u64) -> EncryptionKey {
        EncryptionKey::generate(AUTHORITY, &Random::seeded(seed))
    }

    fn tokens(seed: u64) -> RefreshTokens {
        RefreshTokens::new(&EncryptionKeys {
            current: key(seed),
            previous: None,
        })
    }

    #[test]
    fn a_token_is_the_same_each_time_and_names_its_session() {
        let token = RefreshToken {
            session_id: Uuid::from_u128(7),
            generation: 3,
        };
        let text = tokens(1).issue(token);
        assert_eq!(text, tokens(1).issue(token));
        assert_eq!(tokens(1).read(&text), Some(token));
    }

    #[test]
    fn a_token_of_the_previous_key_holds_and_new_ones_are_of_the_current() {
        let token = RefreshToken {
            session_id: Uuid::from_u128(7),
            generation: 3,
        };
        let both = RefreshTokens::new(&EncryptionKeys {
            current: key(2),
            previous: Some(key(1)),
        });
        assert_eq!(both.read(&tokens(1).issue(token)), Some(token));
        assert_eq!(tokens(2).read(&both.issue(token)), Some(token));
        assert_eq!(tokens(1).read(&both.issue(token)), None);
    }

    #[test]
    fn a_token_that_was_changed_or_made_elsewhere_is_not_read() {
        let token = RefreshToken {
            session_id: Uuid::from_u128(7),
            generation: 3,
        };
        let text = tokens(1).issue(token);
        assert_eq!(tokens(2).read(&text), None);
        assert_eq!(tokens(1).read(&format!("B{}", &text[1..])), None);
        assert_eq!(tokens(1).read("AAAA"), None);
        assert_eq!(tokens(1).read("not base64!"), None);
    }
}
