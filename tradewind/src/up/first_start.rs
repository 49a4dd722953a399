//! What the first start makes and later ones find: the secrets of the signing keys, of the tokens of
//! means of payment and of webhooks, and the key that signs histories. No password is kept: svc-auth has its hash.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use net::random::Random;
use runtime::{seal, services::AUTHORITY};
use secrecy::SecretString;
use svc_auth::Invitation;

use super::Arguments;
use crate::operator;

/// The first administrator unless the operator names another.
const EMAIL: &str = "admin@tradewind.localhost";
/// Earlier versions kept the first administrator's password here.
const PASSWORD_FILE: &str = "administrator";

/// The key of the tokens of means of payment, and where it is kept if the environment has none.
const PAYMENT_TOKEN_VARIABLE: &str = "PAYMENT_TOKEN_ENCRYPTION_KEY";
const PAYMENT_TOKEN_FILE: &str = "payment-token-secret";

/// The key of the secrets of webhooks, and where it is kept if the environment has none.
const WEBHOOK_VARIABLE: &str = "WEBHOOK_SECRET_ENCRYPTION_KEY";
const WEBHOOK_FILE: &str = "webhook-secret";

/// The first administrator, and how a password comes to be.
pub(super) struct Administrator {
    pub(super) email: String,
    /// Given by the operator.
    pub(super) password: Option<SecretString>,
    /// Asks for a link by which one is chosen, where none was given.
    pub(super) invitation: Option<Invitation>,
    password_file: PathBuf,
}

impl Administrator {
    pub(super) fn of(arguments: &Arguments) -> Administrator {
        let password_file = arguments.data_dir.join(PASSWORD_FILE);
        let password = arguments.admin_password.clone();
        let invitation = || match password_file.exists() {
            // Nobody may know the password but the file, which goes.
            true => Invitation::always(),
            false => Invitation::default(),
        };
        Administrator {
            email: arguments
                .admin_email
                .clone()
                .unwrap_or_else(|| EMAIL.to_owned()),
            invitation: password.is_none().then(invitation),
            password,
            password_file,
        }
    }

    /// Removes the file of an earlier version. After the start, so that one that fails before it
    /// has shown the link leaves what there was.
    pub(super) fn forget_password(&self) -> Result<()> {
        match std::fs::remove_file(&self.password_file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                let path = self.password_file.display();
                Err(error).with_context(|| format!("cannot remove {path}, which has a password"))
            }
            _ => Ok(()),
        }
    }
}

/// From the environment, or from the data folder, which keeps one from the first start on.
pub(super) fn signing_key_secret(data_dir: &Path) -> Result<SecretString> {
    kept(operator::given_secret(), &operator::secret_file(data_dir))
}

/// The same, for the tokens of means of payment.
pub(super) fn payment_token_secret(data_dir: &Path) -> Result<SecretString> {
    given_or_kept(PAYMENT_TOKEN_VARIABLE, &data_dir.join(PAYMENT_TOKEN_FILE))
}

/// The same, for the secrets of webhooks.
pub(super) fn webhook_secret(data_dir: &Path) -> Result<SecretString> {
    given_or_kept(WEBHOOK_VARIABLE, &data_dir.join(WEBHOOK_FILE))
}

fn given_or_kept(variable: &str, file: &Path) -> Result<SecretString> {
    let given = std::env::var(variable).ok();
    kept(given.map(SecretString::from), file)
}

fn kept(given: Option<SecretString>, file: &Path) -> Result<SecretString> {
    match given {
        Some(given) => Ok(given),
        // Whose it is, whoever reads it says.
        None => Ok(seal::key_in_file(AUTHORITY, file, &Random::system())?.to_base64()),
    }
}

/// The key that signs the histories of orders, from the data folder, which keeps one from the first
/// start on; none if the environment says which.
pub(super) fn audit_key(data_dir: &Path) -> Result<Option<SecretString>> {
    if operator::is_audit_key_given() {
        return Ok(None);
    }
    kept(None, &operator::audit_key_file(data_dir)).map(Some)
}
