//! What is kept for a time only is removed in small batches.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use runtime::node::Node;

use crate::{Database, Dialect, Error};

/// Rows that are kept for a time only.
#[derive(Clone, Copy, Debug)]
pub struct Kept {
    /// Removes up to `$2` of those from before `$1`.
    pub remove: &'static str,
    /// For how long they are kept.
    pub time: Duration,
}

const INTERVAL: Duration = Duration::from_secs(3600);
const BATCH: i64 = 1000;
/// Published events can be published again for this long; idempotency keys hold as long.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Longer than streams keep events: one that comes again must be recognised.
const INBOX_KEPT: Duration = Duration::from_secs(35 * 24 * 3600);

/// Removes now and then what was kept long enough, in a task of this name. Of several, those that come
/// first are removed first.
pub fn start(node: &Node, task: &'static str, database: &Database, kept: Vec<Kept>) {
    let (database, clock) = (database.clone(), node.clock.clone());
    node.tasks.spawn(task, |shutdown| async move {
        let mut interval = tokio::time::interval(INTERVAL);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown
            .run_until_cancelled(interval.tick())
            .await
            .is_some()
        {
            if let Err(error) = purge(&database, &kept, clock.now()).await {
                tracing::warn!(%error, "could not remove old rows");
            }
        }
    });
}

/// A SQLite file belongs to one process: when it starts, claims that a crash left behind need not
/// wait for the end of their lease. On Postgres they may be a living replica's.
pub(crate) async fn after_crash(database: &Database, now: DateTime<Utc>) -> Result<(), Error> {
    if database.dialect() == Dialect::Postgres {
        return Ok(());
    }
    let mut tx = database.begin().await?;
    let sql = "UPDATE idempotency SET lease_until = $1 WHERE code IS NULL AND lease_until > $1";
    crate::execute!(tx, sql, now)?;
    tx.commit().await
}

/// What every database has of that kind.
pub(crate) fn own(dialect: Dialect) -> Vec<Kept> {
    [
        (published(dialect), KEPT),
        (answered(dialect), KEPT),
        (received(dialect), INBOX_KEPT),
    ]
    .map(|(remove, time)| Kept { remove, time })
    .into()
}

async fn purge(database: &Database, kept: &[Kept], now: DateTime<Utc>) -> Result<(), Error> {
    for Kept { remove, time } in kept {
        let time = TimeDelta::from_std(*time).ok();
        // A time longer than all that was is for ever.
        let Some(before) = time.and_then(|time| now.checked_sub_signed(time)) else {
            continue;
        };
        loop {
            let mut tx = database.begin().await?;
            let removed = crate::execute!(tx, *remove, before, BATCH)?;
            tx.commit().await?;
            if removed < BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(())
}

fn published(dialect: Dialect) -> &'static str {
    dialect.pick(
        "DELETE FROM outbox WHERE ctid IN
         (SELECT ctid FROM outbox WHERE published_at < $1 LIMIT $2)",
        "DELETE FROM outbox WHERE rowid IN
         (SELECT rowid FROM outbox WHERE published_at < $1 LIMIT $2)",
    )
}

fn answered(dialect: Dialect) -> &'static str {
    dialect.pick(
        "DELETE FROM idempotency WHERE ctid IN
         (SELECT ctid FROM idempotency WHERE created_at < $1 LIMIT $2)",
        "DELETE FROM idempotency WHERE rowid IN
         (SELECT rowid FROM idempotency WHERE created_at < $1 LIMIT $2)",
    )
}

fn received(dialect: Dialect) -> &'static str {
    dialect.pick(
        "DELETE FROM inbox WHERE ctid IN
         (SELECT ctid FROM inbox WHERE received_at < $1 LIMIT $2)",
        "DELETE FROM inbox WHERE (event_id, work_group) IN
         (SELECT event_id, work_group FROM inbox WHERE received_at < $1 LIMIT $2)",
    )
}
