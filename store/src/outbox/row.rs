//! Rows on their way: leased, then marked.

use std::{collections::BTreeMap, time::Duration};

use bus::Delivery;
use chrono::{DateTime, TimeDelta, Utc};
use net::backoff::Backoff;
use sqlx::types::Json;
use uuid::Uuid;

use crate::{Connection, Database, Driver, Error, Tx};

/// How long an event is left alone that the bus did not take.
const PAUSE: TimeDelta = TimeDelta::milliseconds(500);
/// Before a row that could not be published is taken again.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));

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
    pub(super) publication: i64,
}

/// What to write into a row.
pub(super) enum Mark {
    Delivered(Delivery),
    /// The bus did not take it; not the event's fault.
    PutBack,
}

/// Leases up to `count` rows that are due: nobody else relays them until `lease` has passed.
pub(super) async fn take(
    database: &Database,
    now: DateTime<Utc>,
    lease: TimeDelta,
    count: i64,
) -> Result<Vec<Leased>, Error> {
    let mut tx = database.statements().await?;
    let sql = tx.dialect().pick(
        // The array is made once. `IN` may be looked up anew for each row, which takes more rows
        // than the limit, as those that are locked already are skipped.
        "UPDATE outbox SET due_at = $2 WHERE id = ANY (ARRAY
         (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3
          FOR UPDATE SKIP LOCKED))
         RETURNING id, subject, aggregate_id, version, time, data, trace, attempts, failures,
                   publication",
        "UPDATE outbox SET due_at = $2 WHERE id IN
         (SELECT id FROM outbox WHERE due_at <= $1 ORDER BY due_at, id LIMIT $3)
         RETURNING id, subject, aggregate_id, version, time, data, trace, attempts, failures,
                   publication",
    );
    let rows = crate::fetch_all!(tx, Leased, sql, now, now + lease, count)?;
    tx.commit().await?;
    Ok(rows)
}

/// Ends all leases, those of a process that died among them. Another replica's events may be
/// published twice by that: the bus and the inboxes recognise them.
pub(super) async fn end_leases(database: &Database, now: DateTime<Utc>) -> Result<(), Error> {
    let mut tx = database.statements().await?;
    crate::execute!(tx, "UPDATE outbox SET due_at = $1 WHERE due_at > $1", now)?;
    tx.commit().await
}

/// Writes what became of rows, but of those that are to be published again by now: what became of the
/// publication before is nothing to them. Returns when the first of them is due again, if one is.
pub(super) async fn mark(
    database: &Database,
    settled: &[(Leased, Mark)],
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, Error> {
    type ByPublication = BTreeMap<i64, Vec<Uuid>>;
    let (mut published, mut put_back) = (ByPublication::new(), ByPublication::new());
    let mut first_due: Option<DateTime<Utc>> = None;
    let mut is_due = |at: DateTime<Utc>| first_due = Some(first_due.map_or(at, |due| due.min(at)));
    let mut tx = database.statements().await?;
    for (row, mark) in settled {
        match mark {
            Mark::Delivered(Delivery::Settled) => {
                published.entry(row.publication).or_default().push(row.id);
            }
            Mark::PutBack => {
                put_back.entry(row.publication).or_default().push(row.id);
                is_due(now + PAUSE);
            }
            Mark::Delivered(Delivery::Dead { group, why }) => {
                let sql = "UPDATE outbox SET due_at = NULL, dead_at = $2, dead_group = $3, why = $4
                           WHERE id = $1 AND publication = $5";
                let (group, why) = (group.as_str(), why.as_str());
                crate::execute!(tx, sql, row.id, now, group, why, row.publication)?;
            }
            Mark::Delivered(Delivery::Retry { why, permanent }) => {
                let due_at = now + BACKOFF.after(u32::try_from(row.attempts).unwrap_or(0));
                let sql = "UPDATE outbox SET due_at = $2, attempts = attempts + 1,
                           failures = failures + $3, why = $4
                           WHERE id = $1 AND publication = $5";
                let (failed, why) = (i64::from(*permanent), why.as_str());
                crate::execute!(tx, sql, row.id, due_at, failed, why, row.publication)?;
                is_due(due_at);
            }
        }
    }
    let settle = tx.dialect().pick(
        "UPDATE outbox SET due_at = NULL, published_at = $2, why = NULL
         WHERE id = ANY($1) AND publication = $3",
        "UPDATE outbox SET due_at = NULL, published_at = $2, why = NULL
         WHERE id = $1 AND publication = $3",
    );
    for (publication, ids) in &published {
        update(&mut tx, settle, ids, now, *publication).await?;
    }
    let put_off = tx.dialect().pick(
        "UPDATE outbox SET due_at = $2 WHERE id = ANY($1) AND publication = $3",
        "UPDATE outbox SET due_at = $2 WHERE id = $1 AND publication = $3",
    );
    for (publication, ids) in &put_back {
        update(&mut tx, put_off, ids, now + PAUSE, *publication).await?;
    }
    tx.commit().await?;
    Ok(first_due)
}

/// The same update of many rows: one statement on Postgres, one for each on SQLite.
async fn update(
    tx: &mut Tx,
    sql: &'static str,
    ids: &[Uuid],
    at: DateTime<Utc>,
    publication: i64,
) -> Result<(), Error> {
    let Connection { driver, measured } = tx.connection();
    let _running = measured.run(sql);
    match driver {
        Driver::Postgres(connection) => {
            sqlx::query(sql)
                .bind(ids)
                .bind(at)
                .bind(publication)
                .execute(connection)
                .await?;
        }
        Driver::Sqlite(connection, pace) => {
            for id in ids {
                let update = sqlx::query(sql).bind(id).bind(at).bind(publication);
                pace.of(update.execute(&mut *connection)).await?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Migrations, testing::TestDatabase};
    use net::clock::Clock;

    async fn write(database: &Database, count: i64, now: DateTime<Utc>) {
        let mut tx = database.begin().await.expect("a transaction");
        let sql = "INSERT INTO outbox
                       (id, subject, aggregate_id, version, time, data, trace, due_at)
                   SELECT gen_random_uuid(), 'orders.v1.OrderConfirmed', '', 1, $2, '', '[]', $2
                   FROM generate_series(1, $1)";
        crate::execute!(tx, sql, count, now).expect("written");
        tx.commit().await.expect("committed");
    }

    /// A database with so many events that are due now.
    async fn holding(count: i64) -> (TestDatabase, Database, DateTime<Utc>) {
        let (place, now) = (TestDatabase::postgres(), Clock::system().now());
        place.leaves_events();
        let migrations = Migrations {
            postgres: sqlx::migrate!("tests/migrations/postgres"),
            sqlite: sqlx::migrate!("tests/migrations/sqlite"),
        };
        let database = place.open(migrations).await;
        write(&database, count, now).await;
        (place, database, now)
    }

    /// The planner that knows of one row in the table may look for the batch anew for each row.
    #[tokio::test]
    async fn a_batch_is_no_larger_than_asked_for() {
        let (_place, database, now) = holding(1).await;
        let mut tx = database.statements().await.expect("a connection");
        crate::execute!(tx, "ANALYZE outbox").expect("analysed");
        drop(tx);
        write(&database, 40, now).await;
        let batch = take(&database, now, TimeDelta::seconds(30), 5).await;
        assert_eq!(batch.expect("a batch").len(), 5);
    }

    /// A bus that is there and refuses at once must not be asked as fast as it can refuse.
    #[tokio::test]
    async fn what_the_bus_did_not_take_is_left_alone_for_a_moment() {
        let (_place, database, now) = holding(3).await;
        let lease = TimeDelta::seconds(30);
        let batch = take(&database, now, lease, 64).await.expect("a batch");
        let refused: Vec<_> = batch.into_iter().map(|row| (row, Mark::PutBack)).collect();
        let due = mark(&database, &refused, now).await.expect("marked");
        assert_eq!(due, Some(now + PAUSE));
        let at_once = take(&database, now, lease, 64).await.expect("a batch");
        assert_eq!(at_once.len(), 0);
        let later = take(&database, now + PAUSE, lease, 64)
            .await
            .expect("a batch");
        assert_eq!(later.len(), 3);
    }

    /// Whoever asks for it to be published again does not wait for what the bus said before.
    #[tokio::test]
    async fn what_became_of_a_publication_is_not_said_of_the_next_one() {
        let (_place, database, now) = holding(4).await;
        let lease = TimeDelta::seconds(30);
        let batch = take(&database, now, lease, 64).await.expect("a batch");
        let mut tx = database.begin().await.expect("a transaction");
        let again = "UPDATE outbox SET due_at = $1, publication = publication + 1";
        crate::execute!(tx, again, now).expect("due again");
        tx.commit().await.expect("committed");
        let (why, group) = ("no".to_owned(), "svc-shipping".to_owned());
        let permanent = true;
        let became = [
            Mark::Delivered(Delivery::Settled),
            Mark::PutBack,
            Mark::Delivered(Delivery::Retry {
                why: why.clone(),
                permanent,
            }),
            Mark::Delivered(Delivery::Dead { group, why }),
        ];
        let marked: Vec<_> = batch.into_iter().zip(became).collect();
        mark(&database, &marked, now).await.expect("marked");
        let batch = take(&database, now, lease, 64).await.expect("a batch");
        let kept = batch.iter().filter(|row| row.attempts + row.failures == 0);
        assert_eq!(kept.count(), 4);
    }
}
