//! Chaining events, and erasing what is personal of them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::history::{ERASED, Hash, Record, START, Signer};

/// A hash as a column holds it.
pub(crate) fn hash(order: Uuid, bytes: Vec<u8>) -> Result<Hash, Error> {
    let wrong = |_| Error::unreadable("event of the order", order);
    bytes.try_into().map_err(wrong)
}

#[derive(FromRow)]
struct EventRow {
    sequence: i64,
    old_state: Option<String>,
    new_state: String,
    actor: String,
    reason: String,
    create_time: DateTime<Utc>,
    hash: Option<Vec<u8>>,
}

/// Chains those of the order's events up to `sequence` that have no hash, and notes that they got it
/// at `now`. Returns the hash of the last. The order must be locked.
pub(crate) async fn catch_up(
    tx: &mut Tx,
    order: Uuid,
    sequence: i64,
    signer: &Signer,
    now: DateTime<Utc>,
) -> Result<Hash, Error> {
    let rows = store::fetch_all!(
        tx,
        EventRow,
        "SELECT sequence, old_state, new_state, actor, reason, create_time, hash
         FROM order_events WHERE order_id = $1 AND sequence <= $2 ORDER BY sequence",
        order,
        sequence
    )?;
    let mut last = START;
    for row in rows {
        if let Some(known) = row.hash {
            last = hash(order, known)?;
            continue;
        }
        let record = Record {
            order,
            sequence: row.sequence,
            old_state: row.old_state.as_deref(),
            new_state: &row.new_state,
            time: row.create_time.timestamp_micros(),
            adopt_time: Some(now.timestamp_micros()),
        };
        let link = signer.link(&record, &row.actor, &row.reason, last);
        store::execute!(
            tx,
            "UPDATE order_events SET salt = $3, commitment = $4, previous_hash = $5, hash = $6,
                 signature = $7, adopt_time = $8, erasure_signature = NULL
             WHERE order_id = $1 AND sequence = $2",
            order,
            row.sequence,
            &link.salt[..],
            &link.commitment[..],
            &link.previous[..],
            &link.hash[..],
            &link.signature[..],
            now
        )?;
        last = link.hash;
    }
    Ok(last)
}

/// At most `limit` orders that have events without a hash, after the order `after`.
pub(crate) async fn without_hash(tx: &mut Tx, after: Uuid, limit: i64) -> Result<Vec<Uuid>, Error> {
    let rows = store::fetch_all!(
        tx,
        (Uuid,),
        "SELECT DISTINCT order_id FROM order_events WHERE hash IS NULL AND order_id > $1
         ORDER BY order_id LIMIT $2",
        after,
        limit
    )?;
    Ok(rows.into_iter().map(|(order,)| order).collect())
}

/// Orders, at most `limit`, that have events of the actor without a hash.
pub(crate) async fn without_hash_of(
    tx: &mut Tx,
    actor: &str,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    let rows = store::fetch_all!(
        tx,
        (Uuid,),
        "SELECT DISTINCT order_id FROM order_events WHERE actor = $1 AND hash IS NULL LIMIT $2",
        actor,
        limit
    )?;
    Ok(rows.into_iter().map(|(order,)| order).collect())
}

/// Erases actor, reason and salt of at most `limit` chained events of the actor. Returns how many.
pub(crate) async fn erase(
    tx: &mut Tx,
    actor: &str,
    limit: i64,
    signer: &Signer,
) -> Result<usize, Error> {
    let rows = store::fetch_all!(
        tx,
        (Uuid, i64, Vec<u8>),
        "SELECT order_id, sequence, hash FROM order_events
         WHERE actor = $1 AND hash IS NOT NULL LIMIT $2",
        actor,
        limit
    )?;
    for (order, sequence, hash) in &rows {
        let signature = signer.erasure(*order, *sequence, hash);
        store::execute!(
            tx,
            "UPDATE order_events SET salt = NULL, actor = $3, reason = '', erasure_signature = $4
             WHERE order_id = $1 AND sequence = $2",
            *order,
            *sequence,
            ERASED,
            &signature[..]
        )?;
    }
    Ok(rows.len())
}
