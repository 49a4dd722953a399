//! Mails to accounts: what they are about, how long they are worth sending, and the tokens of their
//! links, which are kept nowhere.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use runtime::seal::{EncryptionKey, EncryptionKeys};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::refresh::hash;

/// How long a link is good for.
const LINK_LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How long it is worth telling what has happened.
const NEWS_LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What a mail is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailKind {
    /// A link to set the password by.
    PasswordReset,
    /// A link to prove the address by.
    EmailVerification,
    /// The account has another address now.
    EmailChanged,
    /// Somebody signed in from a network that is new to the account.
    NewSignIn,
    /// The password was changed, or set by a link.
    PasswordChanged,
    /// A second factor was turned on.
    SecondFactorEnabled,
    /// The second factor was turned off by its owner.
    SecondFactorDisabled,
    /// The second factor was taken away by an administrator or the operator.
    SecondFactorRemoved,
    /// A recovery code was used in place of the second factor.
    RecoveryCodeUsed,
    /// A personal access token was made.
    AccessTokenCreated,
    /// An identity elsewhere was linked to the account.
    IdentityLinked,
}

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::PasswordReset,
        Self::EmailVerification,
        Self::EmailChanged,
        Self::NewSignIn,
        Self::PasswordChanged,
        Self::SecondFactorEnabled,
        Self::SecondFactorDisabled,
        Self::SecondFactorRemoved,
        Self::RecoveryCodeUsed,
        Self::AccessTokenCreated,
        Self::IdentityLinked,
    ];

    /// Its name in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PasswordReset => "PASSWORD_RESET",
            Self::EmailVerification => "EMAIL_VERIFICATION",
            Self::EmailChanged => "EMAIL_CHANGED",
            Self::NewSignIn => "NEW_SIGN_IN",
            Self::PasswordChanged => "PASSWORD_CHANGED",
            Self::SecondFactorEnabled => "SECOND_FACTOR_ENABLED",
            Self::SecondFactorDisabled => "SECOND_FACTOR_DISABLED",
            Self::SecondFactorRemoved => "SECOND_FACTOR_REMOVED",
            Self::RecoveryCodeUsed => "RECOVERY_CODE_USED",
            Self::AccessTokenCreated => "ACCESS_TOKEN_CREATED",
            Self::IdentityLinked => "IDENTITY_LINKED",
        }
    }

    /// How long it is worth sending: for as long as its link is good, if it has one.
    #[must_use]
    pub fn lifetime(self) -> Duration {
        match self.has_link() {
            true => LINK_LIFETIME,
            false => NEWS_LIFETIME,
        }
    }

    /// Whether it has a link, rather than news.
    #[must_use]
    pub fn has_link(self) -> bool {
        matches!(self, Self::PasswordReset | Self::EmailVerification)
    }
}

impl TryFrom<String> for MailKind {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| format!("`{name}` is not a kind of mail"))
    }
}

/// Makes the tokens of links: a MAC of the mail's id, so that whoever has the database alone has none,
/// and a mail that is fetched twice has the same.
#[derive(Clone, Debug)]
pub struct MailTokens {
    current: hmac::Key,
    previous: Option<hmac::Key>,
}

impl MailTokens {
    /// The tokens of everybody who has these keys.
    #[must_use]
    pub fn new(keys: &EncryptionKeys) -> Self {
        let mac =
            |key: &EncryptionKey| hmac::Key::new(hmac::HMAC_SHA256, &key.derive("account mails"));
        Self {
            current: mac(&keys.current),
            previous: keys.previous.as_ref().map(mac),
        }
    }

    /// The token of a mail that is written now.
    #[must_use]
    pub fn issue(&self, mail_id: Uuid) -> SecretString {
        token(&self.current, mail_id)
    }

    /// The token of a mail that has this hash: it may have been written under the key before. `None` if
    /// it is of neither.
    #[must_use]
    pub fn find(&self, mail_id: Uuid, token_hash: &[u8]) -> Option<SecretString> {
        let keys = [Some(&self.current), self.previous.as_ref()];
        let mut tokens = keys.into_iter().flatten().map(|key| token(key, mail_id));
        tokens.find(|token| hash(token.expose_secret()) == token_hash)
    }
}

fn token(key: &hmac::Key, mail_id: Uuid) -> SecretString {
    let mac = hmac::sign(key, mail_id.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.as_ref()).into()
}

#[cfg(test)]
mod tests {
    use net::random::Random;
    use runtime::services::AUTHORITY;

    use super::*;

    fn tokens(current: u64, previous: Option<u64>) -> MailTokens {
        let key = |seed| EncryptionKey::generate(AUTHORITY, &Random::seeded(seed));
        MailTokens::new(&EncryptionKeys {
            current: key(current),
            previous: previous.map(key),
        })
    }

    fn found(by: &MailTokens, mail: u128, of: &SecretString) -> Option<String> {
        let token = by.find(Uuid::from_u128(mail), &hash(of.expose_secret()));
        token.map(|token| token.expose_secret().to_owned())
    }

    #[test]
    fn a_mail_has_one_token_which_survives_a_change_of_keys() {
        let token = tokens(1, None).issue(Uuid::from_u128(7));
        let text = token.expose_secret().to_owned();
        assert_eq!(text.len(), 43, "256 bits");
        assert_eq!(found(&tokens(1, None), 7, &token), Some(text.clone()));
        assert_eq!(found(&tokens(2, Some(1)), 7, &token), Some(text));
    }

    #[test]
    fn a_token_is_of_one_mail_and_one_key() {
        let token = tokens(1, None).issue(Uuid::from_u128(7));
        assert_eq!(found(&tokens(1, None), 8, &token), None);
        assert_eq!(found(&tokens(2, None), 7, &token), None);
    }

    #[test]
    fn kinds_are_read_as_they_are_written() {
        for kind in MailKind::ALL {
            assert_eq!(MailKind::try_from(kind.as_str().to_owned()), Ok(kind));
        }
        assert!(MailKind::try_from("SPAM".to_owned()).is_err());
    }
}
