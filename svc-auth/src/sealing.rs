//! What is kept under the key from the environment.

use net::random::Random;
use runtime::seal::EncryptionKeys;
use store::Database;
use uuid::Uuid;

use crate::error::Error;
use crate::store::second_factor;

/// How many are sealed anew at a time.
const PAGE: i64 = 500;

/// Seals secrets of accounts, and opens them.
#[derive(Clone, Debug)]
pub(crate) struct Sealing {
    keys: EncryptionKeys,
    random: Random,
}

impl Sealing {
    /// With these keys.
    #[must_use]
    pub(crate) fn new(keys: EncryptionKeys, random: Random) -> Self {
        Self { keys, random }
    }

    /// Seals under the current key; it opens only with the same `label`.
    #[must_use]
    pub(crate) fn seal(&self, label: &str, secret: &[u8]) -> Vec<u8> {
        self.keys.current.seal(label, secret, &self.random)
    }

    /// Opens what either key has sealed.
    ///
    /// # Errors
    /// When it was sealed under another key.
    pub(crate) fn open(&self, label: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let current = self.keys.current.open(label, sealed);
        let opened = match &self.keys.previous {
            Some(previous) => current.or_else(|_| previous.open(label, sealed)),
            None => current,
        };
        opened.map_err(|error| store::Error::unreadable(label, error).into())
    }

    /// Puts what the previous key has sealed under the current one.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn seal_anew(&self, db: &Database) -> Result<(), Error> {
        let Some(previous) = &self.keys.previous else {
            return Ok(());
        };
        let mut after = Uuid::nil();
        loop {
            let mut tx = db.begin().await?;
            let found = second_factor::page(&mut tx, after, PAGE).await?;
            let Some(last) = found.last() else {
                return Ok(());
            };
            after = last.user_id;
            for one in &found {
                let label = second_factor_label(one.user_id);
                if let Ok(secret) = previous.open(&label, &one.sealed_secret) {
                    let (old, new) = (&one.sealed_secret, self.seal(&label, &secret));
                    second_factor::seal_anew(&mut tx, one.user_id, old, &new).await?;
                }
            }
            tx.commit().await?;
        }
    }
}

/// What the secret of an account's second factor is sealed with: it opens for no other account.
#[must_use]
pub(crate) fn second_factor_label(user_id: Uuid) -> String {
    format!("second factor of {user_id}")
}
