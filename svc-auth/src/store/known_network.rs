//! The table `known_networks`: from which networks an account has signed in.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// How many networks of an account are remembered.
pub const MOST: i64 = 20;

/// Whether an account has signed in from a network, given its name and the one before.
pub async fn is_known(
    tx: &mut Tx,
    name: &[u8],
    previous_name: &[u8],
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let row = store::fetch_optional!(
        tx,
        (Uuid,),
        "SELECT user_id FROM known_networks WHERE network IN ($1, $2) AND forget_time > $3 LIMIT 1",
        name,
        previous_name,
        now
    )?;
    Ok(row.is_some())
}

/// Remembers a network until `forget_time`, and forgets the account's oldest beyond [`MOST`].
pub async fn remember(
    tx: &mut Tx,
    user_id: Uuid,
    name: &[u8],
    forget_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO known_networks (network, user_id, forget_time) VALUES ($1, $2, $3) \
         ON CONFLICT (network) DO UPDATE \
         SET user_id = excluded.user_id, forget_time = excluded.forget_time",
        name,
        user_id,
        forget_time
    )?;
    store::execute!(
        tx,
        "DELETE FROM known_networks WHERE user_id = $1 AND network NOT IN \
         (SELECT network FROM known_networks WHERE user_id = $1 \
         ORDER BY forget_time DESC, network LIMIT $2)",
        user_id,
        MOST
    )?;
    Ok(())
}

/// Forgets the networks of an account.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(tx, "DELETE FROM known_networks WHERE user_id = $1", user_id)?;
    Ok(())
}
