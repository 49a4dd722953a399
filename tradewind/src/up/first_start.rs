//! What the first start makes and later ones find: the data folder, the first administrator, the
//! secret of the signing keys.

use std::{os::unix::fs::DirBuilderExt as _, path::Path};

use anyhow::{Context as _, Result};
use runtime::random::Random;
use secrecy::SecretString;

use super::Arguments;
use crate::client::Credentials;

/// Where the secret is kept if the environment has none.
const SECRET_FILE: &str = "signing-key-secret";
const SECRET_VARIABLE: &str = "SIGNING_KEY_ENCRYPTION_KEY";
/// Letters and digits that nobody takes for another.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";

/// The first administrator, and where it comes from.
pub(super) enum Administrator {
    /// The operator names it.
    Given(Credentials),
    /// Made up now: its password is shown this once.
    New(Credentials),
    /// Made up at an earlier start.
    Kept(Credentials),
}

impl Administrator {
    pub(super) fn credentials(&self) -> &Credentials {
        match self {
            Self::Given(credentials) | Self::New(credentials) | Self::Kept(credentials) => {
                credentials
            }
        }
    }
}

/// Makes the folder, for its owner alone.
pub(super) fn make_folder(data_dir: &Path) -> Result<()> {
    let made = std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data_dir);
    made.with_context(|| format!("--data-dir {}", data_dir.display()))
}

pub(super) fn administrator(arguments: &Arguments) -> Result<Administrator> {
    if let (Some(email), Some(password)) = (&arguments.admin_email, &arguments.admin_password) {
        return Ok(Administrator::Given(Credentials {
            email: email.clone(),
            password: password.clone(),
        }));
    }
    if let Some(kept) = Credentials::load(&arguments.data_dir)? {
        return Ok(Administrator::Kept(kept));
    }
    let random = Random::system();
    let letter = |_| char::from(ALPHABET[random.below(ALPHABET.len())]);
    let words: Vec<String> = (0..4).map(|_| (0..5).map(letter).collect()).collect();
    let credentials = Credentials {
        email: "admin@tradewind.localhost".to_owned(),
        password: words.join("-"),
    };
    credentials.save(&arguments.data_dir)?;
    Ok(Administrator::New(credentials))
}

/// From the environment, or from the data folder, which keeps one from the first start on.
pub(super) fn signing_key_secret(data_dir: &Path) -> Result<SecretString> {
    if let Ok(given) = std::env::var(SECRET_VARIABLE) {
        return Ok(given.into());
    }
    let key = svc_auth::key_in_file(&data_dir.join(SECRET_FILE), &Random::system())?;
    Ok(key.to_base64())
}
