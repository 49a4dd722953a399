//! Payments that somebody has to work on.

use chrono::{DateTime, Utc};
use store::{Dialect, Error, Tx, measure};
use uuid::Uuid;

/// Whether there is any of this provider's.
pub(crate) async fn is_any(tx: &mut Tx, provider: &str, now: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM payments WHERE due_at <= $1 AND provider = $2 LIMIT 1";
    Ok(store::fetch_optional!(tx, (i32,), sql, now, provider)?.is_some())
}

/// Other providers that are still needed, and how many payments by.
pub(crate) async fn elsewhere(tx: &mut Tx, provider: &str) -> Result<Vec<(String, i64)>, Error> {
    store::fetch_all!(
        tx,
        (String, i64),
        "SELECT provider, count(*) FROM payments WHERE payment_id IN (
             SELECT payment_id FROM payments WHERE due_at IS NOT NULL
             UNION SELECT payment_id FROM disputes WHERE status = 'OPEN')
         AND provider NOT IN ('', $1) GROUP BY provider ORDER BY provider",
        provider
    )
}

/// Takes up to `limit` payments of this provider whose time has come, and leaves them to others again
/// at `until`. Replicas that ask at once get different ones.
pub(crate) async fn claim(
    tx: &mut Tx,
    provider: &str,
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
                 SELECT payment_id FROM payments WHERE due_at <= $1 AND provider = $4
                 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING payment_id",
            now,
            until,
            limit,
            provider
        )?,
        Dialect::Sqlite => store::fetch_all!(
            tx,
            (Uuid,),
            "UPDATE payments SET due_at = $2
             WHERE payment_id IN (
                 SELECT payment_id FROM payments WHERE due_at <= $1 AND provider = $4
                 ORDER BY due_at LIMIT $3)
             RETURNING payment_id",
            now,
            until,
            limit,
            provider
        )?,
    };
    Ok(claimed.into_iter().map(|(id,)| id).collect())
}

/// How many operations that are due before `until` the provider has said nothing of, and when the oldest of
/// them was planned. What waits for its buyer has time, as has a refund that waits for a bank, or for its next
/// attempt.
pub(crate) async fn open_operations(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    let sql = tx.dialect().pick(
        // The array says to look the payments up, as nothing tells how few they are.
        "SELECT count(*), min(create_time) FROM operations
         WHERE state IN ('PLANNED', 'SENT') AND (kind <> 'REFUND' OR provider_ref IS NULL)
             AND (not_before IS NULL OR not_before <= $3) AND payment_id = ANY (ARRAY(
             SELECT payment_id FROM payments WHERE due_at <= $1 AND state <> 'REQUIRES_ACTION'
             ORDER BY due_at LIMIT $2))",
        "SELECT count(*), min(create_time) FROM operations
         WHERE state IN ('PLANNED', 'SENT') AND (kind <> 'REFUND' OR provider_ref IS NULL)
             AND (not_before IS NULL OR not_before <= $3) AND payment_id IN (
             SELECT payment_id FROM payments WHERE due_at <= $1 AND state <> 'REQUIRES_ACTION'
             ORDER BY due_at LIMIT $2)",
    );
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        sql,
        until,
        measure::MOST,
        now
    )
}

/// How many payments hold money until then and no longer. They are due when their hold ends.
pub(crate) async fn holds_ending(tx: &mut Tx, until: DateTime<Utc>) -> Result<i64, Error> {
    let (count,) = store::fetch_one!(
        tx,
        (i64,),
        "SELECT count(*) FROM (
             SELECT state, capture_before FROM payments WHERE due_at <= $1
             ORDER BY due_at LIMIT $2) AS p
         WHERE state = 'AUTHORIZED' AND capture_before <= $1",
        until,
        measure::MOST
    )?;
    Ok(count)
}

/// How many disputes wait for their end.
pub(crate) async fn open_disputes(tx: &mut Tx) -> Result<i64, Error> {
    let (count,) = store::fetch_one!(
        tx,
        (i64,),
        "SELECT count(*) FROM (
             SELECT 1 FROM disputes WHERE status = 'OPEN' ORDER BY dispute_id LIMIT $1) AS open",
        measure::MOST
    )?;
    Ok(count)
}
