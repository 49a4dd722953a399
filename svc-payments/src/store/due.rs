//! Payments that somebody has to work on.

use chrono::{DateTime, Utc};
use store::{Dialect, Error, Tx};
use uuid::Uuid;

/// Whether there is any.
pub(crate) async fn is_any(tx: &mut Tx, now: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM payments WHERE due_at <= $1 LIMIT 1";
    Ok(store::fetch_optional!(tx, (i32,), sql, now)?.is_some())
}

/// Takes up to `limit` payments whose time has come, and leaves them to others again at `until`.
/// Replicas that ask at once get different ones.
pub(crate) async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    let claimed = match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            (Uuid,),
            "UPDATE payments SET due_at = $2
             WHERE payment_id = ANY (ARRAY(
                 SELECT payment_id FROM payments WHERE due_at <= $1
                 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING payment_id",
            now,
            until,
            limit
        )?,
        Dialect::Sqlite => store::fetch_all!(
            tx,
            (Uuid,),
            "UPDATE payments SET due_at = $2
             WHERE payment_id IN (
                 SELECT payment_id FROM payments WHERE due_at <= $1 ORDER BY due_at LIMIT $3)
             RETURNING payment_id",
            now,
            until,
            limit
        )?,
    };
    Ok(claimed.into_iter().map(|(id,)| id).collect())
}
