//! What was written into an outbox, and is still there.

use uuid::Uuid;

use crate::{Error, Tx};

/// An event, on its way or published.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct Written {
    /// The event's id.
    pub id: Uuid,
    /// The message, in protobuf.
    pub data: Vec<u8>,
}

/// The next events of a subject, by id, after that one; at most `limit`.
///
/// # Errors
/// When the database is away.
pub async fn written(
    tx: &mut Tx,
    subject: &str,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Written>, Error> {
    crate::fetch_all!(
        tx,
        Written,
        "SELECT id, data FROM outbox WHERE subject = $1 AND id > $2 ORDER BY id LIMIT $3",
        subject,
        after,
        limit
    )
}
