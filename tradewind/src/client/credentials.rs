//! Which edge a command speaks to, and as whom.

use std::{fmt, path::PathBuf};

use anyhow::{Result, bail};
use clap::Args;
use runtime::identity::Signer;
use url::Url;

use crate::operator;

/// Flags of every command that is a client.
#[derive(Args, Clone)]
pub(crate) struct Door {
    /// The edge to speak to
    #[arg(long, env = "TRADEWIND_URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) edge: Url,
    /// E-mail address of the account to act as [default: the first administrator of the
    /// `tradewind up` whose data folder this is]
    #[arg(long, env = "ADMIN_EMAIL")]
    pub(crate) email: Option<String>,
    /// Its password
    #[arg(
        long,
        env = "ADMIN_PASSWORD",
        hide_env_values = true,
        requires = "email"
    )]
    pub(crate) password: Option<String>,
    /// Folder that `tradewind up` keeps its data in
    #[arg(long, env = "DATA_DIR", default_value = ".tradewind")]
    pub(crate) data_dir: PathBuf,
    /// Seconds to go on asking a server that is away or busy
    #[arg(long, default_value_t = 60)]
    pub(crate) patience: u64,
}

/// How a command proves itself.
#[derive(Clone)]
pub(crate) enum Account {
    /// By a password.
    Password(Credentials),
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

impl Door {
    /// From the flags, or else by the data folder.
    pub(super) fn account(&self) -> Result<Account> {
        if let (Some(email), Some(password)) = (&self.email, &self.password) {
            return Ok(Account::Password(Credentials {
                email: email.clone(),
                password: password.clone(),
            }));
        }
        match operator::find(&self.data_dir)? {
            Some(signer) => Ok(Account::Operator(signer)),
            None => bail!(
                "who are you? Give --email and --password (ADMIN_EMAIL, ADMIN_PASSWORD), or the \
                 --data-dir of a `tradewind up`; {} is none",
                self.data_dir.display()
            ),
        }
    }
}
