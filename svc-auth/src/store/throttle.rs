//! The table `throttles`: leaky buckets that all replicas share.

use chrono::{DateTime, Utc};
use store::Tx;

use crate::domain::throttle::Bucket;
use crate::error::Error;

/// Puts an attempt into a bucket. One statement decides, so that attempts at once cannot
/// overflow it.
///
/// # Errors
/// [`Error::Throttled`] if it is full.
pub async fn take(tx: &mut Tx, bucket: &Bucket, now: DateTime<Utc>) -> Result<(), Error> {
    let Bucket { name, limit, .. } = bucket;
    let rows = store::execute!(
        tx,
        "INSERT INTO throttles (bucket, empty_at) VALUES ($1, $2 + $3) \
         ON CONFLICT (bucket) DO UPDATE SET empty_at = \
         CASE WHEN throttles.empty_at > $2 THEN throttles.empty_at ELSE $2 END + $3 \
         WHERE throttles.empty_at <= $4",
        name.as_str(),
        now.timestamp_micros(),
        limit.cost(),
        limit.admits(now)
    )?;
    if rows == 1 {
        return Ok(());
    }
    let (empty_at,) = store::fetch_optional!(
        tx,
        (i64,),
        "SELECT empty_at FROM throttles WHERE bucket = $1",
        name.as_str()
    )?
    .unwrap_or((0,));
    Err(Error::Throttled(limit.wait(empty_at, now)))
}

/// Takes an attempt out of a bucket again: it was a good one.
pub async fn give_back(tx: &mut Tx, bucket: &Bucket) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE throttles SET empty_at = empty_at - $2 WHERE bucket = $1",
        bucket.name.as_str(),
        bucket.limit.cost()
    )?;
    Ok(())
}

/// Empties a bucket.
pub async fn reset(tx: &mut Tx, bucket: &Bucket) -> Result<(), Error> {
    let name = bucket.name.as_str();
    store::execute!(tx, "DELETE FROM throttles WHERE bucket = $1", name)?;
    Ok(())
}
