//! Addresses that are known again without being kept.

use aws_lc_rs::hmac;
use runtime::seal::EncryptionKey;
use runtime::text::email_key;

/// What tells an address from others is its hash under a key that the database does not hold.
pub(crate) struct Addresses(hmac::Key);

impl Addresses {
    pub(crate) fn new(key: &EncryptionKey) -> Self {
        let key = key.derive("mail addresses");
        Self(hmac::Key::new(hmac::HMAC_SHA256, &key))
    }

    /// The hash of an address, however it is written.
    pub(crate) fn hash(&self, address: &str) -> Vec<u8> {
        let key = email_key(address);
        hmac::sign(&self.0, key.as_bytes()).as_ref().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use net::random::Random;

    use super::*;

    #[test]
    fn an_address_is_known_again_however_it_is_written() {
        let key = |seed| EncryptionKey::generate("svc-notify", &Random::seeded(seed));
        let addresses = Addresses::new(&key(1));
        let hash = addresses.hash("Ada@Bücher.example");
        assert_eq!(addresses.hash("ada@xn--bcher-kva.example"), hash);
        assert_ne!(addresses.hash("eve@xn--bcher-kva.example"), hash);
        assert_ne!(
            Addresses::new(&key(2)).hash("ada@xn--bcher-kva.example"),
            hash
        );
    }
}
