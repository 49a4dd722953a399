//! Events whose effect is in this database already.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{Error, Tx};

/// Notes that the group has the event's effect, in the transaction of the effect. `false` if it
/// had it before: then there is nothing left to do.
///
/// # Errors
/// When the database is away.
pub async fn first_time(
    tx: &mut Tx,
    group: &str,
    event_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let rows = crate::execute!(
        tx,
        "INSERT INTO inbox (event_id, work_group, received_at) VALUES ($1, $2, $3)
         ON CONFLICT (event_id, work_group) DO NOTHING",
        event_id,
        group,
        now
    )?;
    Ok(rows == 1)
}
