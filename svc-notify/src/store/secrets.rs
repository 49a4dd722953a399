//! The table of what events are signed with.

use chrono::{DateTime, Utc};
use store::{Error, Tx};
use uuid::Uuid;

/// Adds a secret, which holds from now on.
pub(crate) async fn insert(
    tx: &mut Tx,
    id: Uuid,
    webhook: Uuid,
    sealed: Vec<u8>,
) -> Result<(), Error> {
    let sql = "INSERT INTO webhook_secrets (secret_id, webhook_id, sealed) VALUES ($1, $2, $3)";
    store::execute!(tx, sql, id, webhook, sealed)?;
    Ok(())
}

/// The one that holds signs until then, beside the one that follows; those whose time is over go.
pub(crate) async fn retire(
    tx: &mut Tx,
    webhook: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), Error> {
    let sql = "DELETE FROM webhook_secrets WHERE webhook_id = $1 AND retire_time <= $2";
    store::execute!(tx, sql, webhook, now)?;
    let sql = "UPDATE webhook_secrets SET retire_time = $2
               WHERE webhook_id = $1 AND retire_time IS NULL";
    store::execute!(tx, sql, webhook, until)?;
    Ok(())
}

/// Those that sign now, the newest first, each with its id.
pub(crate) async fn of(
    tx: &mut Tx,
    webhook: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<(Uuid, Vec<u8>)>, Error> {
    store::fetch_all!(
        tx,
        (Uuid, Vec<u8>),
        "SELECT secret_id, sealed FROM webhook_secrets
         WHERE webhook_id = $1 AND (retire_time IS NULL OR retire_time > $2)
         ORDER BY secret_id DESC",
        webhook,
        now
    )
}

/// Forgets those of a webhook that was deleted.
pub(crate) async fn forget(tx: &mut Tx, webhook: Uuid) -> Result<(), Error> {
    let sql = "DELETE FROM webhook_secrets WHERE webhook_id = $1";
    store::execute!(tx, sql, webhook)?;
    Ok(())
}
