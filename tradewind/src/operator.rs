//! Whoever may read the data folder of `tradewind up` operates it, and needs no password: the
//! operator's key comes from the secret of the signing keys, which is there anyway.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use net::{clock::Clock, random::Random};
use runtime::{
    identity::{AssertionClaims, Issuer, Signer},
    seal::EncryptionKey,
    services::AUTHORITY,
};
use secrecy::{ExposeSecret as _, SecretString};
use svc_auth::OPERATOR;

/// Where the secret is kept if the environment has none.
const SECRET_FILE: &str = "signing-key-secret";
const SECRET_VARIABLE: &str = "SIGNING_KEY_ENCRYPTION_KEY";
/// Where the key is that signs histories, if the environment has none.
const AUDIT_KEY_FILE: &str = "audit-signing-key";
const AUDIT_KEY_VARIABLES: [&str; 2] = ["AUDIT_SIGNING_KEY", "AUDIT_SIGNING_KEY_FILE"];
/// Seconds that an assertion holds.
const ASSERTION_LIFE: i64 = 60;

pub(crate) fn given_secret() -> Option<SecretString> {
    std::env::var(SECRET_VARIABLE).ok().map(SecretString::from)
}

pub(crate) fn secret_file(data_dir: &Path) -> PathBuf {
    data_dir.join(SECRET_FILE)
}

/// Whether the environment has the key that signs histories.
pub(crate) fn is_audit_key_given() -> bool {
    let given = AUDIT_KEY_VARIABLES.map(std::env::var_os);
    given.iter().any(Option::is_some)
}

pub(crate) fn audit_key_file(data_dir: &Path) -> PathBuf {
    data_dir.join(AUDIT_KEY_FILE)
}

/// The operator's key; none if there is no `tradewind up` of this folder.
pub(crate) fn find(data_dir: &Path) -> Result<Option<Signer>> {
    let secret = match given_secret() {
        Some(given) => given,
        None => match std::fs::read_to_string(secret_file(data_dir)) {
            Ok(text) => text.into(),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                let path = secret_file(data_dir);
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        },
    };
    signer(&secret).map(Some)
}

/// The key that belongs to a secret.
pub(crate) fn signer(secret: &SecretString) -> Result<Signer> {
    let key = EncryptionKey::from_base64(AUTHORITY, secret.expose_secret())
        .with_context(|| format!("{SECRET_VARIABLE} ({SECRET_FILE})"))?;
    Ok(svc_auth::operator(&key))
}

/// Proves the operator, once (RFC 7523).
pub(crate) fn assertion(signer: &Signer) -> String {
    let (clock, random) = (Clock::system(), Random::system());
    let now = clock.now().timestamp();
    signer.sign(&AssertionClaims {
        iss: OPERATOR.to_owned(),
        sub: OPERATOR.to_owned(),
        aud: Issuer::default().audience.to_string(),
        iat: now,
        exp: now + ASSERTION_LIFE,
        jti: random.uuid7(&clock),
    })
}
