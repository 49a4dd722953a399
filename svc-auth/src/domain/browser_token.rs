//! What a browser keeps while it is at an identity provider: one secret, from which follows what the
//! provider is told. So the database can have its hash alone, and whoever comes back without it proves
//! nothing.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A browser's secret. `Debug` does not show it.
#[derive(Clone)]
pub struct BrowserToken(String);

impl std::fmt::Debug for BrowserToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserToken")
    }
}

impl From<String> for BrowserToken {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl BrowserToken {
    /// Of these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// As the browser keeps it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the code is exchanged with (RFC 7636, section 4.1).
    #[must_use]
    pub fn code_verifier(&self) -> String {
        self.derive("code verifier")
    }

    /// What the provider is told of it before (RFC 7636, section 4.2, `S256`).
    #[must_use]
    pub fn code_challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.code_verifier().as_bytes()))
    }

    /// What the provider puts into the id token (OpenID Connect Core 1.0, section 3.1.2.1).
    #[must_use]
    pub fn nonce(&self) -> String {
        self.derive("nonce")
    }

    fn derive(&self, what: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.0.as_bytes());
        URL_SAFE_NO_PAD.encode(hmac::sign(&key, what.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_provider_is_told_follows_from_the_token_and_tells_nothing_of_it() {
        let token = BrowserToken::new([7; 32]);
        let same = BrowserToken::from(token.as_str().to_owned());
        assert_eq!(token.code_verifier(), same.code_verifier());
        let told = [
            token.as_str().to_owned(),
            token.code_verifier(),
            token.code_challenge(),
            token.nonce(),
            BrowserToken::new([8; 32]).nonce(),
        ];
        for (index, one) in told.iter().enumerate() {
            // RFC 7636, section 4.1: 43 to 128 characters.
            assert_eq!(one.len(), 43);
            assert!(!told[..index].contains(one));
        }
        assert!(!format!("{token:?}").contains(token.as_str()));
    }
}
