//! What an identity provider says of somebody (OpenID Connect Core 1.0, section 2), and whether it is said
//! to us, now, of who was sent there.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::assertion::Audience;

/// How far clocks may differ.
pub const SKEW: Duration = Duration::from_secs(60);
/// OpenID Connect Core 1.0, section 2: a subject has no more characters.
const LONGEST_SUBJECT: usize = 255;

/// The claims of an id token that decide.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct IdToken {
    /// Who says it.
    pub iss: String,
    /// Of whom, by the name that nobody else is given there.
    pub sub: String,
    /// To whom.
    pub aud: Audience,
    /// To which of several.
    #[serde(default)]
    pub azp: Option<String>,
    /// When it expires, in seconds of the Unix epoch.
    pub exp: i64,
    /// When it was said.
    pub iat: i64,
    /// What was asked for it with.
    #[serde(default)]
    pub nonce: Option<String>,
}

/// What else is told of somebody, by the id token or at the UserInfo endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Profile {
    /// The e-mail address.
    #[serde(default)]
    pub email: Option<String>,
    /// Whether the provider has seen to it that the address is the person's.
    #[serde(default, deserialize_with = "truth")]
    pub email_verified: bool,
    /// The name for people.
    #[serde(default)]
    pub name: Option<String>,
}

/// Some providers write booleans as text; anything but `true` is none.
fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Bool(is_true) => is_true,
        Value::String(text) => text == "true",
        _ => false,
    })
}

/// Why an id token proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadIdToken {
    /// It cannot be read.
    #[error("it is no id token")]
    Malformed,
    /// `none`, a shared secret, or what else is not taken.
    #[error("it is signed by an algorithm that is not taken")]
    Algorithm,
    /// The provider publishes no such key.
    #[error("its key is not one of the provider's")]
    UnknownKey,
    /// The signature does not hold.
    #[error("its signature does not hold")]
    Signature,
    /// Another provider says it.
    #[error("it is of another issuer")]
    Issuer,
    /// It is told to somebody else.
    #[error("it is for another audience")]
    Audience,
    /// It names nobody.
    #[error("its subject is empty or too long")]
    Subject,
    /// It is over, or of the future.
    #[error("it has expired, or is of the future")]
    Expired,
    /// It was asked for by somebody else, or at another time.
    #[error("its nonce is another")]
    Nonce,
}

impl IdToken {
    /// Checks everything but the signature (OpenID Connect Core 1.0, section 3.1.3.7).
    ///
    /// # Errors
    /// [`BadIdToken`].
    pub fn check(
        &self,
        issuer: &str,
        client_id: &str,
        nonce: &str,
        now: DateTime<Utc>,
    ) -> Result<(), BadIdToken> {
        if self.iss != issuer {
            return Err(BadIdToken::Issuer);
        }
        let is_of_us = match &self.azp {
            Some(azp) => azp == client_id,
            None => self.aud.is_alone(),
        };
        if !self.aud.contains(client_id) || !is_of_us {
            return Err(BadIdToken::Audience);
        }
        if self.sub.is_empty() || self.sub.len() > LONGEST_SUBJECT {
            return Err(BadIdToken::Subject);
        }
        let (now, skew) = (now.timestamp(), SKEW.as_secs().cast_signed());
        if self.exp <= now.saturating_sub(skew) || self.iat > now.saturating_add(skew) {
            return Err(BadIdToken::Expired);
        }
        if self.nonce.as_deref() != Some(nonce) {
            return Err(BadIdToken::Nonce);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn check(change: impl FnOnce(&mut IdToken)) -> Result<(), BadIdToken> {
        let mut token = IdToken {
            iss: "https://id.example".into(),
            sub: "ada".into(),
            aud: Audience::One("shop".into()),
            azp: None,
            exp: NOW + 60,
            iat: NOW,
            nonce: Some("once".into()),
        };
        change(&mut token);
        let now = DateTime::from_timestamp(NOW, 0).unwrap();
        token.check("https://id.example", "shop", "once", now)
    }

    #[test]
    fn an_id_token_is_of_this_provider_for_us_now_and_asked_for() {
        let many = |all: &[&str]| Audience::Many(all.iter().map(|&one| one.into()).collect());
        assert_eq!(check(|_| {}), Ok(()));
        assert_eq!(check(|it| it.aud = many(&["shop"])), Ok(()));
        let for_us = |it: &mut IdToken| {
            (it.aud, it.azp) = (many(&["api", "shop"]), Some("shop".into()));
        };
        assert_eq!(check(for_us), Ok(()));
        type Change = fn(&mut IdToken);
        let all: [(BadIdToken, Change); 10] = [
            (BadIdToken::Issuer, |it| {
                it.iss = "https://id.example/".into();
            }),
            (BadIdToken::Audience, |it| {
                it.aud = Audience::One("api".into());
            }),
            (BadIdToken::Audience, |it| it.azp = Some("api".into())),
            (BadIdToken::Audience, |it| {
                it.aud = Audience::Many(vec!["api".into(), "shop".into()]);
            }),
            (BadIdToken::Subject, |it| it.sub.clear()),
            (BadIdToken::Subject, |it| it.sub = "a".repeat(256)),
            (BadIdToken::Expired, |it| it.exp = NOW - 60),
            (BadIdToken::Expired, |it| it.iat = NOW + 61),
            (BadIdToken::Nonce, |it| it.nonce = None),
            (BadIdToken::Nonce, |it| it.nonce = Some("twice".into())),
        ];
        for (bad, change) in all {
            assert_eq!(check(change), Err(bad));
        }
    }

    #[test]
    fn an_address_is_verified_where_the_provider_says_so_and_nowhere_else() {
        let read = |json: &str| {
            serde_json::from_str::<Profile>(json)
                .unwrap()
                .email_verified
        };
        assert!(read(r#"{"email_verified": true}"#) && read(r#"{"email_verified": "true"}"#));
        for not in [
            "{}",
            r#"{"email_verified": "True"}"#,
            r#"{"email_verified": 1}"#,
        ] {
            assert!(!read(not), "{not}");
        }
        assert!(!read(r#"{"email_verified": null}"#) && !read(r#"{"email_verified": false}"#));
    }
}
