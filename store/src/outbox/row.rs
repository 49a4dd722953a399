//! Rows on their way: leased, then marked.

use bus::Delivery;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Database, Error, Tx};

/// Longer than a handler may take: nobody else relays the row meanwhile. After a crash it is
/// relayed again when this has passed.
const LEASE: TimeDelta = TimeDelta::seconds(90);

#[derive(sqlx::FromRow)]
pub(super) struct Leased {
    pub(super) id: Uuid,
    pub(super) subject: String,
    pub(super) aggregate_id: String,
    pub(super) version: i64,
    pub(super) time: DateTime<Utc>,
    pub(super) data: Vec<u8>,
    pub(super) trace: Json<Vec<(String, String)>>,
    pub(super) attempts: i64,
    pub(super) failures: i64,
}

/// What to write into a row.
pub(super) enum Mark {
    Delivered(Delivery),
    /// The bus did not take it; not the event's fault.
    PutBack,
}

/// Leases up to `count` rows that are due.
pub(super) async fn lease(
    database: &Database,
    now: DateTime<Utc>,
    count: i64,
) -> Result<Vec<Leased>, Error> {
    let dialect = database.dialect();
    let mut tx = database.begin().await?;
    let rows = crate::fetch_all!(
        tx,
        Leased,
        dialect.pick(
            "UPDATE outbox SET due_at = $2 WHERE id IN
             (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3
              FOR UPDATE SKIP LOCKED)
             RETURNING id, subject, aggregate_id, version, time, data, trace, attempts, failures",
            "UPDATE outbox SET due_at = $2 WHERE id IN
             (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3)
             RETURNING id, subject, aggregate_id, version, time, data, trace, attempts, failures",
        ),
        now,
        now + LEASE,
        count
    )?;
    tx.commit().await?;
    Ok(rows)
}

/// Writes what became of a row. Returns when it is due again, if it is.
pub(super) async fn mark(
    tx: &mut Tx,
    row: &Leased,
    mark: &Mark,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    match mark {
        Mark::Delivered(Delivery::Settled) => {
            let sql =
                "UPDATE outbox SET due_at = NULL, published_at = $2, why = NULL WHERE id = $1";
            crate::execute!(tx, sql, row.id, now)?;
            Ok(None)
        }
        Mark::Delivered(Delivery::Dead { group, why }) => {
            let sql = "UPDATE outbox SET due_at = NULL, dead_at = $2, dead_group = $3, why = $4
                       WHERE id = $1";
            crate::execute!(tx, sql, row.id, now, group.as_str(), why.as_str())?;
            Ok(None)
        }
        Mark::Delivered(Delivery::Retry { why, permanent }) => {
            let due_at = now + backoff(row.attempts);
            let sql = "UPDATE outbox SET due_at = $2, attempts = attempts + 1,
                       failures = failures + $3, why = $4 WHERE id = $1";
            crate::execute!(tx, sql, row.id, due_at, i64::from(*permanent), why.as_str())?;
            Ok(Some(due_at))
        }
        Mark::PutBack => {
            let sql = "UPDATE outbox SET due_at = $2 WHERE id = $1";
            crate::execute!(tx, sql, row.id, now)?;
            Ok(Some(now))
        }
    }
}

/// From 100 ms, doubling, up to 30 s.
fn backoff(attempts: i64) -> TimeDelta {
    TimeDelta::milliseconds(100 << attempts.clamp(0, 9)).min(TimeDelta::seconds(30))
}
