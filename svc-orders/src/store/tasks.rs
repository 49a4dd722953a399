//! What orders that are not in progress still have to ask of others.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use store::{Dialect, Error, Tx, measure};
use uuid::Uuid;

/// Money to be taken for a shipment: the one kind of task there is.
const CAPTURE: &str = "CAPTURE";

/// A task that was taken up.
#[derive(Clone, Copy, Debug, FromRow)]
pub(crate) struct Task {
    pub(crate) order_id: Uuid,
    /// The shipment whose money is to be taken.
    pub(crate) request_id: Uuid,
    /// How often it was taken up.
    pub(crate) attempts: i64,
}

/// Has the money for a shipment taken, once.
pub(crate) async fn capture(
    tx: &mut Tx,
    order: Uuid,
    shipment: Uuid,
    due_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO order_tasks (order_id, kind, request_id, due_time) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        order,
        CAPTURE,
        shipment,
        due_time
    )?;
    Ok(())
}

/// Takes up to `limit` tasks whose time has come, and leaves them to others again at `until`.
/// Replicas that ask at once get different tasks.
pub(crate) async fn claim(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Task>, Error> {
    match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            Task,
            "UPDATE order_tasks SET due_time = $2, attempts = attempts + 1
             WHERE (order_id, kind, request_id) IN (
                 SELECT order_id, kind, request_id FROM order_tasks WHERE due_time <= $1
                 ORDER BY due_time LIMIT $3 FOR UPDATE SKIP LOCKED)
             RETURNING order_id, request_id, attempts",
            now,
            until,
            limit
        ),
        Dialect::Sqlite => store::fetch_all!(
            tx,
            Task,
            "UPDATE order_tasks SET due_time = $2, attempts = attempts + 1
             WHERE (order_id, kind, request_id) IN (
                 SELECT order_id, kind, request_id FROM order_tasks WHERE due_time <= $1
                 ORDER BY due_time LIMIT $3)
             RETURNING order_id, request_id, attempts",
            now,
            until,
            limit
        ),
    }
}

/// Leaves a task alone until `time`.
pub(crate) async fn postpone(tx: &mut Tx, task: &Task, time: DateTime<Utc>) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE order_tasks SET due_time = $3 WHERE order_id = $1 AND request_id = $2",
        task.order_id,
        task.request_id,
        time
    )?;
    Ok(())
}

/// It is done.
pub(crate) async fn finish(tx: &mut Tx, task: &Task) -> Result<(), Error> {
    store::execute!(
        tx,
        "DELETE FROM order_tasks WHERE order_id = $1 AND request_id = $2",
        task.order_id,
        task.request_id
    )?;
    Ok(())
}

/// How many there are, and since when the first is due. One that failed is due again later: it counts from
/// when its order came to stand as it does.
pub(crate) async fn pending(tx: &mut Tx) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        "SELECT count(*), min(since) FROM (
             SELECT CASE WHEN t.attempts > 0 THEN o.update_time ELSE t.due_time END AS since
             FROM order_tasks t JOIN orders o ON o.order_id = t.order_id
             ORDER BY t.due_time LIMIT $1) AS waiting",
        measure::MOST
    )
}
