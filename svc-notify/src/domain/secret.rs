//! What events are signed with (Standard Webhooks, "Webhook authentication": HMAC-SHA256 of id, time
//! and body, joined by points).

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use net::random::Random;
use secrecy::SecretString;
use uuid::Uuid;

/// Says of a text that it is a secret of this kind.
const PREFIX: &str = "whsec_";
/// Within 24 and 64 bytes, as the specification has it.
const LENGTH: usize = 32;
/// For how long a secret signs beside the one that replaced it.
pub(crate) const OVERLAP: TimeDelta = TimeDelta::hours(24);

/// A secret of a webhook.
#[derive(Clone)]
pub(crate) struct Secret([u8; LENGTH]);

impl Secret {
    pub(crate) fn generate(random: &Random) -> Self {
        Self(random.bytes())
    }

    /// What was sealed; none if it has another length.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As its owner is told it.
    pub(crate) fn text(&self) -> SecretString {
        format!("{PREFIX}{}", STANDARD.encode(self.0)).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// The header `webhook-signature` of an event that is sent at this time: one signature a secret.
pub(crate) fn signatures(
    secrets: &[Secret],
    event: Uuid,
    time: DateTime<Utc>,
    payload: &str,
) -> String {
    let signed = format!("{event}.{}.{payload}", time.timestamp());
    let sign = |secret: &Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
        format!(
            "v1,{}",
            STANDARD.encode(hmac::sign(&key, signed.as_bytes()))
        )
    };
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn every_secret_signs_and_none_is_printed() {
        let random = Random::seeded(1);
        let secrets = [Secret::generate(&random), Secret::generate(&random)];
        let header = signatures(&secrets, Uuid::nil(), DateTime::UNIX_EPOCH, "{}");
        let parts: Vec<_> = header.split(' ').collect();
        assert_eq!(parts.len(), 2);
        assert_ne!(parts[0], parts[1]);
        for (part, secret) in parts.iter().zip(&secrets) {
            let bytes = STANDARD.decode(part.strip_prefix("v1,").unwrap()).unwrap();
            let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
            let signed = format!("{}.0.{{}}", Uuid::nil());
            assert!(hmac::verify(&key, signed.as_bytes(), &bytes).is_ok());
        }
        let text = secrets[0].text();
        let bytes = STANDARD.decode(text.expose_secret().strip_prefix("whsec_").unwrap());
        assert_eq!(bytes.unwrap(), secrets[0].bytes());
        assert_eq!(format!("{:?}", secrets[0]), "Secret");
    }
}
