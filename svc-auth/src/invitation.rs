//! The invitation of the first administrator, to be shown by whoever runs svc-auth beside others.

use std::sync::{Arc, OnceLock};

use secrecy::SecretString;

use crate::domain::unset::is_unset;

/// How the process that runs svc-auth beside others learns of the token by which the first
/// administrator chooses a password: it is nowhere else in plain text.
#[derive(Clone, Debug, Default)]
pub struct Invitation {
    always: bool,
    token: Arc<OnceLock<SecretString>>,
}

impl Invitation {
    /// Also for an administrator who has a password, which holds until another one is chosen.
    #[must_use]
    pub fn always() -> Self {
        Self {
            always: true,
            ..Self::default()
        }
    }

    /// Whether a token is asked for, of an administrator with this hash of a password.
    pub(crate) fn is_for(&self, password_hash: &str) -> bool {
        self.always || is_unset(password_hash)
    }

    /// Only the first service that is built with this configuration tells.
    pub(crate) fn tell(&self, token: SecretString) {
        let _ = self.token.set(token);
    }

    /// The token, once the service is built; none if there is a password.
    #[must_use]
    pub fn token(&self) -> Option<&SecretString> {
        self.token.get()
    }
}
