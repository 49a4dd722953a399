//! Which passwords are taken, and in what memory they are hashed.

use secrecy::SecretString;

use crate::domain::password::rules::{self, Owner, Refusal};

/// Which passwords are taken and in what memory they are hashed.
#[derive(clap::Args, Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passwords {
    /// The fewest characters of a new password. NIST SP 800-63B-4 asks for 15 where there is no
    /// second factor.
    #[arg(
        long,
        env = "PASSWORD_MIN_LENGTH",
        default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(8..=64)
    )]
    pub password_min_length: u16,
    /// MiB in which passwords are hashed. One of ours takes 19, an imported argon2 hash what its
    /// parameters say.
    #[arg(
        long,
        env = "PASSWORD_HASHING_MEMORY",
        value_name = "MIB",
        default_value_t = 64,
        value_parser = clap::value_parser!(u32).range(19..=65_536)
    )]
    pub password_hashing_memory: u32,
}

impl Default for Passwords {
    fn default() -> Self {
        net::process::arguments::defaults()
    }
}

impl Passwords {
    /// The form in which a new password is hashed, if it is taken.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn admit(&self, typed: &str, owner: Owner<'_>) -> Result<SecretString, Refusal> {
        rules::admit(typed, owner, self.password_min_length.into())
    }
}
