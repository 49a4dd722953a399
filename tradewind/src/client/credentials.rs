//! How a command proves itself.

use std::fmt;

use runtime::identity::Signer;

#[derive(Clone)]
pub(crate) enum Account {
    /// By a password.
    Password(Credentials),
    /// By a personal access token.
    Token(String),
    /// As whoever runs `tradewind up`.
    Operator(Signer),
}

/// An account and its password. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) email: String,
    pub(crate) password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}
