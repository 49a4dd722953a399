//! The table `external_logins`: who was sent to a provider, and is to come back.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::domain::refresh::hash;
use crate::error::Error;
use crate::store::credential::Credential;

/// Who was sent to a provider.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ExternalLogin {
    /// The provider's name.
    pub provider: String,
    /// The account that the identity is to be linked to; none if it is to sign in.
    pub user_id: Option<Uuid>,
    /// By which the password of that account is known again.
    pub password_mark: Option<Vec<u8>>,
}

impl ExternalLogin {
    /// To sign in.
    #[must_use]
    pub fn of_anybody(provider: &str) -> Self {
        Self {
            provider: provider.to_owned(),
            user_id: None,
            password_mark: None,
        }
    }

    /// To link an identity to the account whose password this is.
    #[must_use]
    pub fn of_owner(provider: &str, owner: &Credential) -> Self {
        Self {
            provider: provider.to_owned(),
            user_id: Some(owner.user_id),
            password_mark: Some(mark(owner)),
        }
    }

    /// Whether the account still has the password that it was begun with.
    #[must_use]
    pub fn is_of(&self, owner: &Credential) -> bool {
        self.user_id == Some(owner.user_id) && self.password_mark == Some(mark(owner))
    }
}

fn mark(owner: &Credential) -> Vec<u8> {
    hash(&owner.password_hash)
}

/// Adds one, under the hashes of its state and of what the browser keeps.
pub async fn insert(
    tx: &mut Tx,
    (state_hash, browser_hash): (&[u8], &[u8]),
    login: &ExternalLogin,
    expire_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO external_logins (state_hash, browser_hash, provider, user_id, password_mark, \
         expire_time) VALUES ($1, $2, $3, $4, $5, $6)",
        state_hash,
        browser_hash,
        login.provider.as_str(),
        login.user_id,
        login.password_mark.as_deref(),
        expire_time
    )?;
    Ok(())
}

/// Takes one away that is good at `now`, and of this browser: whoever gets it is the only one.
pub async fn take(
    tx: &mut Tx,
    (state_hash, browser_hash): (&[u8], &[u8]),
    now: DateTime<Utc>,
) -> Result<Option<ExternalLogin>, Error> {
    Ok(store::fetch_optional!(
        tx,
        ExternalLogin,
        "DELETE FROM external_logins WHERE state_hash = $1 AND browser_hash = $2 \
         AND expire_time > $3 RETURNING provider, user_id, password_mark",
        state_hash,
        browser_hash,
        now
    )?)
}

/// Forgets those of an account.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    let sql = "DELETE FROM external_logins WHERE user_id = $1";
    store::execute!(tx, sql, user_id)?;
    Ok(())
}
