//! The tables of deliveries and of what came of each.

use chrono::{DateTime, Utc};
use store::measure::Transitions;
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::{Delivery, DeliveryState};

/// Of all that a [`Row`] holds.
macro_rules! columns {
    () => {
        "delivery_id, webhook_id, event_id, event_type, event_time, payload, state, due_at, \
         create_time, update_time"
    };
}

/// Removes up to `$2` that came to their end before `$1`, with what came of them.
pub(crate) const REMOVE_OLD: &str = "DELETE FROM deliveries WHERE delivery_id IN (
    SELECT delivery_id FROM deliveries WHERE due_at IS NULL AND update_time < $1 LIMIT $2)";

#[derive(sqlx::FromRow)]
struct Row {
    delivery_id: Uuid,
    webhook_id: Uuid,
    event_id: Uuid,
    event_type: String,
    event_time: DateTime<Utc>,
    payload: String,
    #[sqlx(try_from = "String")]
    state: DeliveryState,
    due_at: Option<DateTime<Utc>>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl From<Row> for Delivery {
    fn from(row: Row) -> Self {
        Self {
            id: row.delivery_id,
            webhook_id: row.webhook_id,
            event_id: row.event_id,
            event_type: row.event_type,
            event_time: row.event_time,
            payload: row.payload,
            state: row.state,
            due_at: row.due_at,
            create_time: row.create_time,
            update_time: row.update_time,
        }
    }
}

/// An attempt as it is kept.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Kept {
    pub(crate) start_time: DateTime<Utc>,
    pub(crate) milliseconds: i64,
    pub(crate) status: Option<i32>,
    pub(crate) error: String,
    pub(crate) remote_address: String,
    pub(crate) answer: Vec<u8>,
}

/// Adds a delivery, unless the webhook has one of this event.
pub(crate) async fn insert(
    tx: &mut Tx,
    delivery: &Delivery,
    transitions: &Transitions,
) -> Result<(), Error> {
    let inserted = store::execute!(
        tx,
        concat!(
            "INSERT INTO deliveries (",
            columns!(),
            ", round, failures) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, 0)
             ON CONFLICT (webhook_id, event_id) DO NOTHING"
        ),
        delivery.id,
        delivery.webhook_id,
        delivery.event_id,
        delivery.event_type.as_str(),
        delivery.event_time,
        delivery.payload.as_str(),
        delivery.state.as_str(),
        delivery.due_at,
        delivery.create_time,
        delivery.update_time
    )?;
    if inserted == 1 {
        transitions.count(tx, delivery.state.as_str());
    }
    Ok(())
}

/// A delivery of a webhook.
pub(crate) async fn find(tx: &mut Tx, webhook: Uuid, id: Uuid) -> Result<Option<Delivery>, Error> {
    let row = store::fetch_optional!(
        tx,
        Row,
        concat!(
            "SELECT ",
            columns!(),
            " FROM deliveries WHERE delivery_id = $1 AND webhook_id = $2"
        ),
        id,
        webhook
    )?;
    Ok(row.map(Delivery::from))
}

/// Those of a webhook that stand there, the newest first, from the one before `before` on. `None` is
/// wherever they stand.
pub(crate) async fn list(
    tx: &mut Tx,
    webhook: Uuid,
    state: Option<DeliveryState>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Delivery>, Error> {
    let rows = store::fetch_all!(
        tx,
        Row,
        concat!(
            "SELECT ",
            columns!(),
            " FROM deliveries WHERE webhook_id = $1 AND ($2 IS NULL OR state = $2)
             AND delivery_id < $3 ORDER BY delivery_id DESC LIMIT $4"
        ),
        webhook,
        state.map(DeliveryState::as_str),
        before.unwrap_or(Uuid::max()),
        limit
    )?;
    Ok(rows.into_iter().map(Delivery::from).collect())
}

/// What came of a delivery, the first first.
pub(crate) async fn attempts(tx: &mut Tx, id: Uuid) -> Result<Vec<Kept>, Error> {
    store::fetch_all!(
        tx,
        Kept,
        "SELECT start_time, milliseconds, status, error, remote_address, answer FROM attempts
         WHERE delivery_id = $1 ORDER BY attempt_id",
        id
    )
}

/// Has a delivery sent anew, whatever came of it.
pub(crate) async fn replay(
    tx: &mut Tx,
    id: Uuid,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE deliveries SET state = 'PENDING', round = round + 1, failures = 0, due_at = $2,
         update_time = $2 WHERE delivery_id = $1",
        id,
        now
    )?;
    transitions.count(tx, DeliveryState::Pending.as_str());
    Ok(())
}

/// Has those of a webhook sent anew that came to their end and whose events are of this time. Returns
/// how many.
pub(crate) async fn replay_all(
    tx: &mut Tx,
    webhook: Uuid,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    only_failed: bool,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<u64, Error> {
    let replayed = store::execute!(
        tx,
        "UPDATE deliveries SET state = 'PENDING', round = round + 1, failures = 0, due_at = $5,
         update_time = $5
         WHERE webhook_id = $1 AND event_time >= $2 AND event_time < $3 AND due_at IS NULL
         AND (state <> 'SUCCEEDED' OR NOT $4)",
        webhook,
        since,
        until,
        only_failed,
        now
    )?;
    for _ in 0..replayed {
        transitions.count(tx, DeliveryState::Pending.as_str());
    }
    Ok(replayed)
}

/// What is pending of a webhook is not sent any more.
pub(crate) async fn discard(
    tx: &mut Tx,
    webhook: Uuid,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<(), Error> {
    let discarded = store::execute!(
        tx,
        "UPDATE deliveries SET state = 'DISCARDED', due_at = NULL, update_time = $2
         WHERE webhook_id = $1 AND due_at IS NOT NULL",
        webhook,
        now
    )?;
    for _ in 0..discarded {
        transitions.count(tx, DeliveryState::Discarded.as_str());
    }
    Ok(())
}
