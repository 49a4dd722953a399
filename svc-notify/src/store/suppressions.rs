//! Rows of addresses that nothing is sent to.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use store::{Error, Tx};
use uuid::Uuid;

/// An address that was refused for good; what it was, nobody knows any more.
#[derive(Clone, Debug, PartialEq, Eq, FromRow)]
pub(crate) struct Suppression {
    /// UUIDv7.
    #[sqlx(rename = "suppression_id")]
    pub(crate) id: Uuid,
    /// The account that had it.
    pub(crate) user_id: Uuid,
    /// The mail that was refused.
    pub(crate) message_id: Uuid,
    /// What the server said.
    pub(crate) detail: String,
    /// When.
    pub(crate) create_time: DateTime<Utc>,
}

/// Nothing is sent to this address from now on; one that is there already stays as it is.
pub(crate) async fn insert(tx: &mut Tx, hash: &[u8], new: &Suppression) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO suppressions (suppression_id, address_hash, user_id, message_id, detail, create_time)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (address_hash) DO NOTHING",
        new.id,
        hash,
        new.user_id,
        new.message_id,
        new.detail.as_str(),
        new.create_time
    )?;
    Ok(())
}

/// Whether nothing is sent to this address.
pub(crate) async fn is_any(tx: &mut Tx, hash: &[u8]) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM suppressions WHERE address_hash = $1";
    Ok(store::fetch_optional!(tx, (i32,), sql, hash)?.is_some())
}

/// At most `limit`, the newest first, from the one before `before` on. `None` is any user's.
pub(crate) async fn list(
    tx: &mut Tx,
    user: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Suppression>, Error> {
    store::fetch_all!(
        tx,
        Suppression,
        "SELECT suppression_id, user_id, message_id, detail, create_time FROM suppressions
         WHERE ($1 IS NULL OR user_id = $1) AND suppression_id < $2
         ORDER BY suppression_id DESC LIMIT $3",
        user,
        before.unwrap_or(Uuid::max()),
        limit
    )
}

/// Mails are sent there again. Returns false if there is no such suppression.
pub(crate) async fn lift(tx: &mut Tx, id: Uuid) -> Result<bool, Error> {
    let sql = "DELETE FROM suppressions WHERE suppression_id = $1";
    Ok(store::execute!(tx, sql, id)? == 1)
}
