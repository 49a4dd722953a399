//! A service's key from its environment, and what is derived from it and kept under it.

mod file;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use net::random::Random;
use secrecy::{ExposeSecret as _, SecretBox, SecretString};

pub use file::key_in_file;

/// Length of the key in bytes.
const KEY_LEN: usize = 32;

/// What is wrong with the key, or with what was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The text is not base64 of 32 bytes.
    #[error("it must be 32 bytes in base64, such as `openssl rand -base64 32` prints")]
    BadKey,
    /// It was sealed under another key, for another purpose, or was changed.
    #[error("it was sealed under another key, or was changed")]
    BadSeal,
}

/// The key that everything secret of a service hangs on; the same for all replicas. Under the same key
/// another service has other secrets.
#[derive(Debug)]
pub struct EncryptionKey {
    owner: &'static str,
    bytes: SecretBox<[u8; KEY_LEN]>,
}

impl Clone for EncryptionKey {
    fn clone(&self) -> Self {
        Self::new(self.owner, *self.bytes.expose_secret())
    }
}

/// The key that seals, and one that opens too while it is being replaced.
#[derive(Clone, Debug)]
pub struct EncryptionKeys {
    /// Seals, and signs.
    pub current: EncryptionKey,
    /// What it sealed and signed holds too.
    pub previous: Option<EncryptionKey>,
}

impl EncryptionKey {
    fn new(owner: &'static str, bytes: [u8; KEY_LEN]) -> Self {
        let bytes = SecretBox::new(Box::new(bytes));
        Self { owner, bytes }
    }

    /// A new key of this service.
    #[must_use]
    pub fn generate(owner: &'static str, random: &Random) -> Self {
        Self::new(owner, random.bytes())
    }

    /// Reads the key of this service as the environment and files hold it: base64.
    ///
    /// # Errors
    /// [`SealError::BadKey`]; the text is not repeated.
    pub fn from_base64(owner: &'static str, text: &str) -> Result<Self, SealError> {
        let bytes = STANDARD
            .decode(text.trim())
            .map_err(|_| SealError::BadKey)?;
        bytes
            .try_into()
            .map(|bytes| Self::new(owner, bytes))
            .map_err(|_| SealError::BadKey)
    }

    /// The key as the environment and files hold it.
    #[must_use]
    pub fn to_base64(&self) -> SecretString {
        STANDARD.encode(self.bytes.expose_secret()).into()
    }

    /// 32 bytes for one purpose, which tell nothing of the key (HKDF, RFC 5869).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> [u8; KEY_LEN] {
        let salt = format!("tradewind {}", self.owner);
        let salt = Salt::new(HKDF_SHA256, salt.as_bytes());
        let mut bytes = [0; KEY_LEN];
        salt.extract(self.bytes.expose_secret())
            .expand(&[purpose.as_bytes()], HKDF_SHA256)
            .and_then(|okm| okm.fill(&mut bytes))
            .expect(
                "SHA-256 gives up to 8,160 bytes, and the buffer is the algorithm's own length",
            );
        bytes
    }

    /// Encrypts `secret` (AES-256-GCM); it opens only with the same `label`.
    #[must_use]
    pub fn seal(&self, label: &str, secret: &[u8], random: &Random) -> Vec<u8> {
        let nonce: [u8; NONCE_LEN] = random.bytes();
        let mut sealed = secret.to_vec();
        self.cipher()
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(label.as_bytes()),
                &mut sealed,
            )
            .expect("a secret of a service is far below the 64 GiB that AES-GCM seals");
        [nonce.as_slice(), &sealed].concat()
    }

    /// Decrypts what [`Self::seal`] gave.
    ///
    /// # Errors
    /// [`SealError::BadSeal`].
    pub fn open(&self, label: &str, sealed: &[u8]) -> Result<Vec<u8>, SealError> {
        let (nonce, sealed) = sealed
            .split_at_checked(NONCE_LEN)
            .ok_or(SealError::BadSeal)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::BadSeal)?;
        let mut secret = sealed.to_vec();
        let length = self
            .cipher()
            .open_in_place(nonce, Aad::from(label.as_bytes()), &mut secret)
            .map_err(|_| SealError::BadSeal)?
            .len();
        secret.truncate(length);
        Ok(secret)
    }

    fn cipher(&self) -> LessSafeKey {
        let key = UnboundKey::new(&AES_256_GCM, &self.derive("seal"))
            .expect("32 bytes are the length of an AES-256 key");
        LessSafeKey::new(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_under_the_same_key_and_label_only() {
        let random = Random::seeded(1);
        let key = EncryptionKey::generate("svc-auth", &random);
        let sealed = key.seal("kid-1", b"seed", &random);
        assert_eq!(
            key.open("kid-1", &sealed).as_deref(),
            Ok(b"seed".as_slice())
        );
        assert_eq!(key.open("kid-2", &sealed), Err(SealError::BadSeal));
        assert_eq!(
            EncryptionKey::generate("svc-auth", &random).open("kid-1", &sealed),
            Err(SealError::BadSeal)
        );
        assert_eq!(key.open("kid-1", &sealed[..5]), Err(SealError::BadSeal));
    }

    #[test]
    fn a_key_is_read_from_base64_and_never_printed() {
        let key = EncryptionKey::generate("svc-auth", &Random::seeded(1));
        let text = key.to_base64();
        let read = EncryptionKey::from_base64("svc-auth", text.expose_secret()).unwrap();
        assert_eq!(read.derive("x"), key.derive("x"));
        assert_ne!(read.derive("x"), key.derive("y"));
        let of_another = EncryptionKey::from_base64("svc-users", text.expose_secret()).unwrap();
        assert_ne!(of_another.derive("x"), key.derive("x"));
        assert!(!format!("{key:?}").contains(&text.expose_secret()[..8]));
        assert_eq!(
            EncryptionKey::from_base64("svc-auth", "c2hvcnQ=").unwrap_err(),
            SealError::BadKey
        );
    }
}
