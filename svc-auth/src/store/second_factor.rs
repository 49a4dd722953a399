//! The tables `second_factors` and `recovery_codes`.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// The second factor of an account.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct SecondFactor {
    /// Whose it is.
    pub user_id: Uuid,
    /// Its secret, sealed.
    pub sealed_secret: Vec<u8>,
    /// Until when it waits for its first code; none once it is on.
    pub expire_time: Option<DateTime<Utc>>,
    /// Since when it is on.
    pub enable_time: Option<DateTime<Utc>>,
}

/// `SELECT` of these, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT user_id, sealed_secret, expire_time, enable_time FROM second_factors ",
            $rest
        )
    };
}

/// The second factor of an account, on or not.
pub async fn find(tx: &mut Tx, user_id: Uuid) -> Result<Option<SecondFactor>, Error> {
    let sql = select!("WHERE user_id = $1");
    Ok(store::fetch_optional!(tx, SecondFactor, sql, user_id)?)
}

/// Whether an account has one that is on.
pub async fn is_enabled(tx: &mut Tx, user_id: Uuid) -> Result<bool, Error> {
    Ok(find(tx, user_id)
        .await?
        .is_some_and(|one| one.enable_time.is_some()))
}

/// Gives an account a secret that waits for its first code; says whether it did, which it does not
/// once one is on.
pub async fn propose(
    tx: &mut Tx,
    user_id: Uuid,
    sealed_secret: &[u8],
    expire_time: DateTime<Utc>,
) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "INSERT INTO second_factors (user_id, sealed_secret, last_step, expire_time) \
         VALUES ($1, $2, 0, $3) ON CONFLICT (user_id) DO UPDATE \
         SET sealed_secret = excluded.sealed_secret, last_step = 0, \
         expire_time = excluded.expire_time WHERE second_factors.enable_time IS NULL",
        user_id,
        sealed_secret,
        expire_time
    )?;
    Ok(rows == 1)
}

/// Turns on the secret that waits, by the code of `step`; says whether it did: another may have
/// been given, or this one turned on, at the same time.
pub async fn enable(
    tx: &mut Tx,
    user_id: Uuid,
    sealed_secret: &[u8],
    step: i64,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "UPDATE second_factors SET enable_time = $4, expire_time = NULL, last_step = $3 \
         WHERE user_id = $1 AND sealed_secret = $2 AND enable_time IS NULL",
        user_id,
        sealed_secret,
        step,
        now
    )?;
    Ok(rows == 1)
}

/// Uses up a step, and those before it; says whether it was not. Of two that try at once, one
/// succeeds.
pub async fn use_step(tx: &mut Tx, user_id: Uuid, step: i64) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "UPDATE second_factors SET last_step = $2 \
         WHERE user_id = $1 AND last_step < $2 AND enable_time IS NOT NULL",
        user_id,
        step
    )?;
    Ok(rows == 1)
}

/// Gives an account these recovery codes in place of those that it had.
pub async fn put_codes(tx: &mut Tx, user_id: Uuid, hashes: &[Vec<u8>]) -> Result<(), Error> {
    forget_codes(tx, user_id).await?;
    for hash in hashes {
        store::execute!(
            tx,
            "INSERT INTO recovery_codes (user_id, code_hash) VALUES ($1, $2)",
            user_id,
            hash.as_slice()
        )?;
    }
    Ok(())
}

/// Uses up a recovery code; says whether it was there. Of two that try at once, one succeeds.
pub async fn use_code(tx: &mut Tx, user_id: Uuid, hash: &[u8]) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "DELETE FROM recovery_codes WHERE user_id = $1 AND code_hash = $2",
        user_id,
        hash
    )?;
    Ok(rows == 1)
}

/// How many recovery codes an account has left.
pub async fn count_codes(tx: &mut Tx, user_id: Uuid) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM recovery_codes WHERE user_id = $1";
    let (count,) = store::fetch_one!(tx, (i64,), sql, user_id)?;
    Ok(count)
}

/// The account has no second factor any more; says whether it had one that was on or waited.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<bool, Error> {
    forget_codes(tx, user_id).await?;
    let sql = "DELETE FROM second_factors WHERE user_id = $1";
    Ok(store::execute!(tx, sql, user_id)? == 1)
}

async fn forget_codes(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM recovery_codes WHERE user_id = $1", user_id)?;
    Ok(())
}

/// So many after `after`, by their accounts.
pub async fn page(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<SecondFactor>, Error> {
    let sql = select!("WHERE user_id > $1 ORDER BY user_id LIMIT $2");
    Ok(store::fetch_all!(tx, SecondFactor, sql, after, limit)?)
}

/// Replaces the sealed secret, unless it is not `old` any more.
pub async fn seal_anew(tx: &mut Tx, user_id: Uuid, old: &[u8], new: &[u8]) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE second_factors SET sealed_secret = $3 WHERE user_id = $1 AND sealed_secret = $2",
        user_id,
        old,
        new
    )?;
    Ok(())
}
