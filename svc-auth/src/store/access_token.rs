//! The table `access_tokens`: personal access tokens, looked up by their SHA-256, which tells nothing of
//! the 256 random bits behind it.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// A personal access token.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct AccessToken {
    /// Its id.
    pub access_token_id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// What stands for a session in the access tokens that are given for it.
    pub session_id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// The roles that it was given.
    pub roles: Json<Vec<String>>,
    /// When it was made.
    pub create_time: DateTime<Utc>,
    /// When it expires.
    pub expire_time: DateTime<Utc>,
    /// When it was used last, roughly.
    pub last_used_time: Option<DateTime<Utc>>,
}

/// `SELECT` of these, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT access_token_id, user_id, session_id, name, roles, create_time, expire_time, \
             last_used_time FROM access_tokens ",
            $rest
        )
    };
}

/// Adds a token under the hash of its text.
pub async fn insert(tx: &mut Tx, hash: &[u8], token: &AccessToken) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO access_tokens (access_token_id, user_id, token_hash, session_id, name, roles, \
         create_time, expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        token.access_token_id,
        token.user_id,
        hash,
        token.session_id,
        token.name.as_str(),
        &token.roles,
        token.create_time,
        token.expire_time
    )?;
    Ok(())
}

/// The token with this hash, expired or not.
pub async fn find(tx: &mut Tx, hash: &[u8]) -> Result<Option<AccessToken>, Error> {
    let sql = select!("WHERE token_hash = $1");
    Ok(store::fetch_optional!(tx, AccessToken, sql, hash)?)
}

/// How many an account has that have not expired.
pub async fn count(tx: &mut Tx, user_id: Uuid, now: DateTime<Utc>) -> Result<i64, Error> {
    let sql = "SELECT count(*) FROM access_tokens WHERE user_id = $1 AND expire_time > $2";
    let (count,) = store::fetch_one!(tx, (i64,), sql, user_id, now)?;
    Ok(count)
}

/// A page of an account's that have not expired, before `before`, the newest first.
pub async fn list(
    tx: &mut Tx,
    user_id: Uuid,
    before: Uuid,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<AccessToken>, Error> {
    Ok(store::fetch_all!(
        tx,
        AccessToken,
        select!(
            "WHERE user_id = $1 AND access_token_id < $2 AND expire_time > $3 \
             ORDER BY access_token_id DESC LIMIT $4"
        ),
        user_id,
        before,
        now,
        limit
    )?)
}

/// Notes that a token was used, unless that was noted after `since`.
pub async fn touch(
    tx: &mut Tx,
    access_token_id: Uuid,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE access_tokens SET last_used_time = $3 WHERE access_token_id = $1 \
         AND (last_used_time IS NULL OR last_used_time <= $2)",
        access_token_id,
        since,
        now
    )?;
    Ok(())
}

/// Ends an account's token; what stood for its session, if it was there.
pub async fn delete(
    tx: &mut Tx,
    access_token_id: Uuid,
    user_id: Uuid,
) -> Result<Option<Uuid>, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "DELETE FROM access_tokens WHERE access_token_id = $1 AND user_id = $2 \
         RETURNING session_id",
        access_token_id,
        user_id
    )?;
    Ok(row.map(|(session_id,)| session_id))
}

/// Ends all of an account's; what stood for their sessions.
pub async fn delete_of_user(tx: &mut Tx, user_id: Uuid) -> Result<Vec<Uuid>, Error> {
    let sql = "DELETE FROM access_tokens WHERE user_id = $1 RETURNING session_id";
    let rows = store::fetch_all!(tx, (Uuid,), sql, user_id)?;
    Ok(rows.into_iter().map(|(session_id,)| session_id).collect())
}

/// Gives each of an account's something else to stand for its session; what stood for it before.
pub async fn renew_of_user(
    tx: &mut Tx,
    user_id: Uuid,
    new: impl Fn() -> Uuid,
) -> Result<Vec<Uuid>, Error> {
    let sql = "SELECT session_id FROM access_tokens WHERE user_id = $1 ORDER BY session_id";
    let rows = store::fetch_all!(tx, (Uuid,), sql, user_id)?;
    let mut before = Vec::new();
    for (session_id,) in rows {
        store::execute!(
            tx,
            "UPDATE access_tokens SET session_id = $3 WHERE user_id = $1 AND session_id = $2",
            user_id,
            session_id,
            new()
        )?;
        before.push(session_id);
    }
    Ok(before)
}
