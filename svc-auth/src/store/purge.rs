//! Removes what has served its time.

use std::time::Duration;

use chrono::{DateTime, Utc};
use store::Tx;

use crate::error::Error;

/// Removes rows that are over at `now`, sessions older than `session`, and audit entries older
/// than `audit`. Gives the number of rows removed.
pub async fn run(
    tx: &mut Tx,
    now: DateTime<Utc>,
    session: Duration,
    audit: Duration,
) -> Result<u64, Error> {
    let mut rows = 0;
    rows += store::execute!(
        tx,
        "DELETE FROM sessions WHERE expire_time <= $1 OR create_time <= $2",
        now,
        now - session
    )?;
    rows += store::execute!(tx, "DELETE FROM revocations WHERE forget_time <= $1", now)?;
    rows += store::execute!(tx, "DELETE FROM tickets WHERE expire_time <= $1", now)?;
    rows += store::execute!(
        tx,
        "DELETE FROM password_resets WHERE expire_time <= $1",
        now
    )?;
    rows += store::execute!(tx, "DELETE FROM account_mails WHERE expire_time <= $1", now)?;
    let unused = "DELETE FROM email_proofs WHERE state = 'ISSUED' AND expire_time <= $1";
    rows += store::execute!(tx, unused, now)?;
    let waiting = "DELETE FROM second_factors WHERE expire_time <= $1";
    rows += store::execute!(tx, waiting, now)?;
    let logins = "DELETE FROM second_factor_logins WHERE expire_time <= $1";
    rows += store::execute!(tx, logins, now)?;
    let external = "DELETE FROM external_logins WHERE expire_time <= $1";
    rows += store::execute!(tx, external, now)?;
    // One that has expired is told from one that never was for a while.
    let day = now - Duration::from_secs(24 * 60 * 60);
    rows += store::execute!(tx, "DELETE FROM access_tokens WHERE expire_time <= $1", day)?;
    rows += store::execute!(tx, "DELETE FROM assertions WHERE expire_time <= $1", now)?;
    let known = "DELETE FROM known_networks WHERE forget_time <= $1";
    rows += store::execute!(tx, known, now)?;
    let changed = "DELETE FROM changed_passwords WHERE forget_time <= $1";
    rows += store::execute!(tx, changed, now)?;
    let micros = now.timestamp_micros();
    rows += store::execute!(tx, "DELETE FROM throttles WHERE empty_at <= $1", micros)?;
    let oldest = now - audit;
    rows += store::execute!(
        tx,
        "DELETE FROM audit_events WHERE event_time <= $1",
        oldest
    )?;
    Ok(rows)
}
