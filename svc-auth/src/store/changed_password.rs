//! The table `changed_passwords`: which hash an account had before the one it has, for as long as a
//! change may be repeated whose reply was lost.

use chrono::{DateTime, Utc};
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// Remembers the hash until `forget_time`.
pub async fn remember(
    tx: &mut Tx,
    user_id: Uuid,
    hash: &str,
    forget_time: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO changed_passwords (user_id, password_hash, forget_time) VALUES ($1, $2, $3) \
         ON CONFLICT (user_id) DO UPDATE \
         SET password_hash = excluded.password_hash, forget_time = excluded.forget_time",
        user_id,
        hash,
        forget_time
    )?;
    Ok(())
}

/// The hash before, unless that is too long ago.
pub async fn find(tx: &mut Tx, user_id: Uuid, now: DateTime<Utc>) -> Result<Option<String>, Error> {
    let row = store::fetch_optional!(
        tx,
        (String,),
        "SELECT password_hash FROM changed_passwords WHERE user_id = $1 AND forget_time > $2",
        user_id,
        now
    )?;
    Ok(row.map(|(hash,)| hash))
}

/// Forgets it.
pub async fn forget(tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    store::execute!(
        tx,
        "DELETE FROM changed_passwords WHERE user_id = $1",
        user_id
    )?;
    Ok(())
}
