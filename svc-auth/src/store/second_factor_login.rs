//! The table `second_factor_logins`: who has given the right password, and has to prove the second
//! factor.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::domain::refresh::hash;
use crate::error::Error;
use crate::store::credential::Credential;

/// Adds a token, under its hash, for who has given this credential's password.
pub async fn insert(
    tx: &mut Tx,
    token_hash: &[u8],
    credential: &Credential,
    expire_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO second_factor_logins (token_hash, user_id, password_mark, expire_time) \
         VALUES ($1, $2, $3, $4)",
        token_hash,
        credential.user_id,
        hash(&credential.password_hash),
        expire_time
    )?;
    Ok(())
}

/// The account that a token was given for, if it is good at `now`.
pub async fn find(
    tx: &mut Tx,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "SELECT user_id FROM second_factor_logins WHERE token_hash = $1 AND expire_time > $2",
        token_hash,
        now
    )?;
    Ok(row.map(|(user_id,)| user_id))
}

/// Takes a token away; says whether it was there for this credential's password: whoever is told so
/// is the only one.
pub async fn take(tx: &mut Tx, token_hash: &[u8], credential: &Credential) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "DELETE FROM second_factor_logins WHERE token_hash = $1 AND user_id = $2 \
         AND password_mark = $3",
        token_hash,
        credential.user_id,
        hash(&credential.password_hash)
    )?;
    Ok(rows == 1)
}

/// Takes all of an account's away.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    let sql = "DELETE FROM second_factor_logins WHERE user_id = $1";
    store::execute!(tx, sql, user_id)?;
    Ok(())
}
