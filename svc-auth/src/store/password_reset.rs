//! The table `password_resets`. Tokens are looked up by their SHA-256: how long that takes tells
//! of a hash that nobody can choose, and nothing of the 256 random bits behind it.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// Gives the account this token, which goes by a mail or is shown; one that it had is good no longer.
pub async fn put(
    tx: &mut Tx,
    user_id: Uuid,
    token_hash: &[u8],
    expire_time: DateTime<Utc>,
    mail_id: Option<Uuid>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO password_resets (user_id, token_hash, expire_time, mail_id) \
         VALUES ($1, $2, $3, $4) \
         ON CONFLICT (user_id) DO UPDATE SET token_hash = excluded.token_hash, \
         expire_time = excluded.expire_time, mail_id = excluded.mail_id",
        user_id,
        token_hash,
        expire_time,
        mail_id
    )?;
    Ok(())
}

/// The hash of the token that went by a mail, if it is good at `now`.
pub async fn hash_of_mail(
    tx: &mut Tx,
    mail_id: Uuid,
    user_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Vec<u8>>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Vec<u8>,),
        "SELECT token_hash FROM password_resets \
         WHERE user_id = $1 AND mail_id = $2 AND expire_time > $3",
        user_id,
        mail_id,
        now
    )?;
    Ok(row.map(|(hash,)| hash))
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

/// Takes a token away: whoever gets the account is the only one. With it, the mail that it went by.
pub async fn take(
    tx: &mut Tx,
    token_hash: &[u8],
    now: DateTime<Utc>,
) -> Result<Option<(Uuid, Option<Uuid>)>, Error> {
    Ok(store::fetch_optional!(
        tx,
        (Uuid, Option<Uuid>),
        "DELETE FROM password_resets WHERE token_hash = $1 AND expire_time > $2 \
         RETURNING user_id, mail_id",
        token_hash,
        now
    )?)
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
