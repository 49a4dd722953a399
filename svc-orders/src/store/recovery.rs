//! Orders in progress that nobody works on any more.

use chrono::{DateTime, Utc};
use store::{Dialect, Error, Tx, measure};
use uuid::Uuid;

/// Takes up to `limit` orders whose time has come, and leaves them to others again at `until`.
/// Returns each with how often it was taken since it got into its state. Replicas that ask at
/// once get different orders.
pub(crate) async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<(Uuid, i64)>, Error> {
    match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            (Uuid, i64),
            "UPDATE orders SET recovery_time = $2, attempts = attempts + 1
             WHERE order_id = ANY (ARRAY(
                 SELECT order_id FROM orders WHERE recovery_time <= $1
                 ORDER BY recovery_time LIMIT $3 FOR UPDATE SKIP LOCKED))
             RETURNING order_id, attempts",
            now,
            until,
            limit
        ),
        Dialect::Sqlite => store::fetch_all!(
            tx,
            (Uuid, i64),
            "UPDATE orders SET recovery_time = $2, attempts = attempts + 1
             WHERE order_id IN (
                 SELECT order_id FROM orders WHERE recovery_time <= $1
                 ORDER BY recovery_time LIMIT $3)
             RETURNING order_id, attempts",
            now,
            until,
            limit
        ),
    }
}

/// Takes an order up at once that nobody works on: it waits for its buyer, or recovery had it before.
pub(crate) async fn wake(tx: &mut Tx, order: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE orders SET recovery_time = $2
         WHERE order_id = $1 AND recovery_time > $2
             AND (state = 'AWAITING_PAYMENT' OR attempts > 0)",
        order,
        now
    )?;
    Ok(())
}

/// Leaves an order that is still in progress alone until `time`.
pub(crate) async fn postpone(tx: &mut Tx, order: Uuid, time: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE orders SET recovery_time = $2
         WHERE order_id = $1 AND recovery_time IS NOT NULL",
        order,
        time
    )?;
    Ok(())
}

/// How many orders in progress there are, by their states, and when the oldest of each came to stand as it
/// does.
pub(crate) async fn in_progress(
    tx: &mut Tx,
) -> Result<Vec<(String, i64, Option<DateTime<Utc>>)>, Error> {
    store::fetch_all!(
        tx,
        (String, i64, Option<DateTime<Utc>>),
        "SELECT state, count(*), min(update_time) FROM (
             SELECT state, update_time FROM orders WHERE recovery_time IS NOT NULL
             ORDER BY recovery_time LIMIT $1) AS waiting
         GROUP BY state",
        measure::MOST
    )
}
