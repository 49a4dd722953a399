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
    /// Of one that reconnects: the stream of its newest use, nil before the first.
    pub stream_id: Option<Uuid>,
    /// And of the use before.
    pub previous_stream_id: Option<Uuid>,
}

/// What a statement gives back of a ticket.
macro_rules! returning {
    ($statement:literal) => {
        concat!(
            $statement,
            " RETURNING session_id, user_id, roles, path, expire_time, stream_id, \
             previous_stream_id"
        )
    };
}

/// Adds a ticket under the hash of its text.
pub async fn insert(tx: &mut Tx, hash: &[u8], ticket: &Ticket) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO tickets (ticket_hash, session_id, user_id, roles, path, expire_time, \
         stream_id) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        hash,
        ticket.session_id,
        ticket.user_id,
        &ticket.roles,
        ticket.path.as_str(),
        ticket.expire_time,
        ticket.stream_id
    )?;
    Ok(())
}

/// Takes a single-use ticket away: whoever gets it is the only one.
pub async fn take(tx: &mut Tx, hash: &[u8]) -> Result<Option<Ticket>, Error> {
    Ok(store::fetch_optional!(
        tx,
        Ticket,
        returning!("DELETE FROM tickets WHERE ticket_hash = $1 AND stream_id IS NULL"),
        hash
    )?)
}

/// Uses a ticket that reconnects, for the stream `stream_id`.
pub async fn reuse(tx: &mut Tx, hash: &[u8], stream_id: Uuid) -> Result<Option<Ticket>, Error> {
    Ok(store::fetch_optional!(
        tx,
        Ticket,
        returning!(
            "UPDATE tickets SET previous_stream_id = stream_id, stream_id = $2 \
             WHERE ticket_hash = $1 AND stream_id IS NOT NULL"
        ),
        hash,
        stream_id
    )?)
}
