//! The table `revocations`: sessions that ended while an access token of theirs may live.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// A session that ended before its time.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Revocation {
    /// The session.
    pub session_id: Uuid,
    /// When it ended.
    pub revoke_time: DateTime<Utc>,
    /// When its last access token has expired by itself.
    pub forget_time: DateTime<Utc>,
}

/// Records that a session of `user_id` ended.
pub async fn insert(tx: &mut Tx, user_id: Uuid, revocation: &Revocation) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO revocations (session_id, user_id, revoke_time, forget_time) \
         VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        revocation.session_id,
        user_id,
        revocation.revoke_time,
        revocation.forget_time
    )?;
    Ok(())
}

/// Whether the session ended and was this account's.
pub async fn is_of(tx: &mut Tx, session_id: Uuid, user_id: Uuid) -> Result<bool, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "SELECT session_id FROM revocations WHERE session_id = $1 AND user_id = $2",
        session_id,
        user_id
    )?;
    Ok(row.is_some())
}

/// A page of those that still matter at `now`, after `(revoke_time, session_id)`, the oldest
/// first.
pub async fn list(
    tx: &mut Tx,
    now: DateTime<Utc>,
    after: (DateTime<Utc>, Uuid),
    limit: i64,
) -> Result<Vec<Revocation>, Error> {
    Ok(store::fetch_all!(
        tx,
        Revocation,
        "SELECT session_id, revoke_time, forget_time FROM revocations \
         WHERE (revoke_time, session_id) > ($1, $2) AND forget_time > $3 \
         ORDER BY revoke_time, session_id LIMIT $4",
        after.0,
        after.1,
        now,
        limit
    )?)
}
