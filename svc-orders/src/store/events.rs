//! Rows of orders' histories.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::{Event, State};

#[derive(FromRow)]
struct EventRow {
    sequence: i64,
    old_state: Option<String>,
    #[sqlx(try_from = "String")]
    new_state: State,
    actor: String,
    reason: String,
    create_time: DateTime<Utc>,
}

/// At most `limit` events of the order after the sequence number `after`, the oldest first.
pub(crate) async fn after(
    tx: &mut Tx,
    order: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>, Error> {
    let rows = store::fetch_all!(
        tx,
        EventRow,
        concat!(
            "SELECT ",
            columns!(order_events),
            " FROM order_events WHERE order_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3"
        ),
        order,
        after,
        limit
    )?;
    let event = |row: EventRow| {
        let old_state = row.old_state.map(State::try_from).transpose();
        Ok(Event {
            sequence: row.sequence,
            old_state: old_state.map_err(|_| Error::unreadable("event of the order", order))?,
            new_state: row.new_state,
            actor: row.actor,
            reason: row.reason,
            time: row.create_time,
        })
    };
    rows.into_iter().map(event).collect()
}
