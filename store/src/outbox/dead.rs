//! Dead letters of the bus in process: rows that a work group gave up on.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Error, Tx};

/// An event that a work group gave up on.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct DeadEvent {
    /// The event's id.
    pub id: Uuid,
    /// `<service>.v1.<Event>`.
    pub subject: String,
    /// Of which aggregate it tells.
    pub aggregate_id: String,
    /// When the group gave up.
    pub dead_at: DateTime<Utc>,
    /// The work group.
    #[sqlx(rename = "dead_group")]
    pub group: String,
    /// What it said last.
    pub why: String,
}

/// Lists them, oldest first.
///
/// # Errors
/// When the database is away.
pub async fn dead(tx: &mut Tx) -> Result<Vec<DeadEvent>, Error> {
    crate::fetch_all!(
        tx,
        DeadEvent,
        "SELECT id, subject, aggregate_id, dead_at, coalesce(dead_group, '') AS dead_group,
                coalesce(why, '') AS why
         FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at, id"
    )
}

/// Has the event published again; groups that had it recognise it. `false` if there is none.
///
/// # Errors
/// When the database is away.
pub async fn replay(tx: &mut Tx, id: Uuid, now: DateTime<Utc>) -> Result<bool, Error> {
    let rows = crate::execute!(
        tx,
        "UPDATE outbox SET due_at = $2, attempts = 0, failures = 0, dead_at = NULL,
                dead_group = NULL
         WHERE id = $1 AND dead_at IS NOT NULL",
        id,
        now
    )?;
    Ok(rows == 1)
}

/// Has all of them published again; gives their number.
///
/// # Errors
/// When the database is away.
pub async fn replay_all(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, Error> {
    crate::execute!(
        tx,
        "UPDATE outbox SET due_at = $1, attempts = 0, failures = 0, dead_at = NULL,
                dead_group = NULL
         WHERE dead_at IS NOT NULL",
        now
    )
}
