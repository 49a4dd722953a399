//! The table `password_resets`. Tokens are looked up by their SHA-256: how long that takes tells
//! of a hash that nobody can choose, and nothing of the 256 random bits behind it.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// Gives the account this token; one that it had is good no longer.
pub async fn put(
    tx: &mut Tx,
    user_id: Uuid,
    token_hash: &[u8],
    expire_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO password_resets (user_id, token_hash, expire_time) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, \
         expire_time = excluded.expire_time",
        user_id,
        token_hash,
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
        "SELECT user_id FROM password_resets WHERE token_hash = $1 AND expire_time > $2",
        token_hash,
        now
    )?;
    Ok(row.map(|(user_id,)| user_id))
}

/// Takes a token away: whoever gets the account is the only one.
pub async fn take(
    tx: &mut Tx,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "DELETE FROM password_resets WHERE token_hash = $1 AND expire_time > $2 \
         RETURNING user_id",
        token_hash,
        now
    )?;
    Ok(row.map(|(user_id,)| user_id))
}

/// Takes the account's token away, if it has one.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(
        tx,
        "DELETE FROM password_resets WHERE user_id = $1",
        user_id
    )?;
    Ok(())
}
