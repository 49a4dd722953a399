//! The table `tickets`.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// What a ticket opens, and for whom.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Ticket {
    /// The session that asked for it.
    pub session_id: Uuid,
    /// Whose session that is.
    pub user_id: Uuid,
    /// The roles of the token that asked for it.
    pub roles: Json<Vec<String>>,
    /// The path it opens.
    pub path: String,
    /// When it expires.
    pub expire_time: DateTime<Utc>,
}

/// Adds a ticket under the hash of its text.
pub async fn insert(tx: &mut Tx, hash: &[u8], ticket: &Ticket) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO tickets (ticket_hash, session_id, user_id, roles, path, expire_time) \
         VALUES ($1, $2, $3, $4, $5, $6)",
        hash,
        ticket.session_id,
        ticket.user_id,
        &ticket.roles,
        ticket.path.as_str(),
        ticket.expire_time
    )?;
    Ok(())
}

/// Takes a ticket away: whoever gets it is the only one.
pub async fn take(tx: &mut Tx, hash: &[u8]) -> Result<Option<Ticket>, Error> {
    Ok(store::fetch_optional!(
        tx,
        Ticket,
        "DELETE FROM tickets WHERE ticket_hash = $1 \
         RETURNING session_id, user_id, roles, path, expire_time",
        hash
    )?)
}
