//! The table `assertions`: which assertions of workloads were used.

use chrono::{DateTime, Utc};
use store::Tx;

use crate::error::Error;

/// Uses an assertion up; false if that was done before.
pub async fn use_up(
    tx: &mut Tx,
    workload: &str,
    jti: &str,
    expire_time: DateTime<Utc>,
) -> Result<bool, Error> {
    let rows = store::execute!(
        tx,
        "INSERT INTO assertions (workload, jti, expire_time) VALUES ($1, $2, $3) \
         ON CONFLICT DO NOTHING",
        workload,
        jti,
        expire_time
    )?;
    Ok(rows == 1)
}
