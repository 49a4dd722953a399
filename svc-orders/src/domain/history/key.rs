//! The key that signs histories, and its public half.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretBox};
use uuid::Uuid;

use super::{erasure, head};

/// The text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it must be 32 bytes in base64")]
pub struct BadKey;

/// Signs the histories of orders (Ed25519): the seed of RFC 8032, section 5.1.5.
#[derive(Debug)]
pub struct SigningKey(SecretBox<[u8; 32]>);

impl SigningKey {
    /// Reads a key as `openssl rand -base64 32` prints one.
    ///
    /// # Errors
    /// [`BadKey`]; the text is not repeated.
    pub fn from_base64(text: &str) -> Result<SigningKey, BadKey> {
        Ok(SigningKey(SecretBox::new(Box::new(bytes(text)?))))
    }

    /// The half that verifies.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut public = [0; 32];
        public.copy_from_slice(self.pair().public_key().as_ref());
        PublicKey(public)
    }

    pub(super) fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(self.0.expose_secret())
            .expect("any 32 bytes are a seed")
    }
}

/// Verifies what a [`SigningKey`] signed. Its text is base64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Whether the key signed that the order's history has this hash at this event.
    #[must_use]
    pub fn signed_head(&self, order: Uuid, sequence: i64, hash: &[u8], signature: &[u8]) -> bool {
        self.verifies(&head(order, sequence, hash), signature)
    }

    /// Whether the key signed that the event's personal data was erased.
    pub(super) fn signed_erasure(
        &self,
        order: Uuid,
        sequence: i64,
        hash: &[u8],
        signature: &[u8],
    ) -> bool {
        self.verifies(&erasure(order, sequence, hash), signature)
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, self.0);
        key.verify(message, signature).is_ok()
    }
}

impl std::str::FromStr for PublicKey {
    type Err = BadKey;

    fn from_str(text: &str) -> Result<PublicKey, BadKey> {
        bytes(text).map(PublicKey)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&STANDARD.encode(self.0))
    }
}

fn bytes(text: &str) -> Result<[u8; 32], BadKey> {
    let bytes = STANDARD.decode(text.trim()).map_err(|_| BadKey)?;
    bytes.try_into().map_err(|_| BadKey)
}
