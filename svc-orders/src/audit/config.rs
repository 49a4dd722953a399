//! Where the key that signs histories comes from.

use std::path::PathBuf;

use secrecy::{ExposeSecret as _, SecretString};

use crate::domain::history::SigningKey;

const KEY: &str = "AUDIT_SIGNING_KEY";
const KEY_FILE: &str = "AUDIT_SIGNING_KEY_FILE";

/// The key that signs the histories of orders. The database must not hold it.
#[derive(clap::Args, Clone, Debug, Default)]
pub struct AuditKey {
    /// The key that signs the histories of orders (Ed25519): 32 bytes in base64, the same for all
    /// replicas (`openssl rand -base64 32`).
    #[arg(
        long,
        env = KEY,
        hide_env_values = true,
        value_name = "KEY"
    )]
    pub audit_signing_key: Option<SecretString>,
    /// File with that key instead.
    #[arg(long, env = KEY_FILE, value_name = "FILE")]
    pub audit_signing_key_file: Option<PathBuf>,
}

impl AuditKey {
    /// The key, as base64.
    #[must_use]
    pub fn given(key: SecretString) -> AuditKey {
        AuditKey {
            audit_signing_key: Some(key),
            audit_signing_key_file: None,
        }
    }

    /// The key; none if none is given.
    ///
    /// # Errors
    /// What is wrong, without the key.
    pub fn read(&self) -> Result<Option<SigningKey>, String> {
        let (name, text) = match (&self.audit_signing_key, &self.audit_signing_key_file) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(format!("give {KEY} or {KEY_FILE}, not both"));
            }
            (Some(key), None) => (KEY.to_owned(), key.clone()),
            (None, Some(path)) => {
                let name = format!("{KEY_FILE} {}", path.display());
                let text = std::fs::read_to_string(path);
                (
                    name.clone(),
                    text.map_err(|error| format!("{name}: {error}"))?.into(),
                )
            }
        };
        let key = SigningKey::from_base64(text.expose_secret());
        key.map(Some).map_err(|error| format!("{name}: {error}"))
    }
}
