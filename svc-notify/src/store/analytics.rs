//! Lines that wait for analytics, and whose turn it is to send them.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::{Error, Tx, measure};

/// The right to send the next lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Turn {
    /// Grows by one with each.
    turn: i64,
    /// How many attempts have failed one after the other.
    pub(crate) failures: i32,
}

/// Removes up to `$2` lines from before `$1`, whether they were taken or not.
pub(crate) const REMOVE_OLD: &str = "DELETE FROM analytics_lines WHERE position IN (
    SELECT position FROM analytics_lines WHERE create_time < $1 ORDER BY position LIMIT $2)";

/// Adds a line, behind all others.
pub(crate) async fn insert(tx: &mut Tx, line: &str, now: DateTime<Utc>) -> Result<(), Error> {
    let sql = "INSERT INTO analytics_lines (line, create_time) VALUES ($1, $2)";
    store::execute!(tx, sql, line, now)?;
    Ok(())
}

/// How many lines the next batch has, up to `most`, and since when the oldest of them waits. None while
/// somebody else has a turn, or the receiver is left alone.
pub(crate) async fn next(
    tx: &mut Tx,
    now: DateTime<Utc>,
    most: i64,
) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        "SELECT count(*), min(create_time) FROM (
             SELECT create_time FROM analytics_lines
             WHERE EXISTS (SELECT 1 FROM analytics_turns WHERE due_at <= $1)
             ORDER BY position LIMIT $2) AS next",
        now,
        most
    )
}

/// Takes a turn, which is others' again at `until`; none if somebody has it.
pub(crate) async fn take_turn(
    tx: &mut Tx,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<Option<Turn>, Error> {
    let sql = "UPDATE analytics_turns SET turn = turn + 1, due_at = $2 WHERE due_at <= $1
               RETURNING turn, failures";
    store::fetch_optional!(tx, Turn, sql, now, until)
}

/// The first lines, up to `most`, each with its position.
pub(crate) async fn first(tx: &mut Tx, most: i64) -> Result<Vec<(i64, String)>, Error> {
    let sql = "SELECT position, line FROM analytics_lines ORDER BY position LIMIT $1";
    store::fetch_all!(tx, (i64, String), sql, most)
}

/// Ends a turn: the next one is at `due_at`. Returns false if there was another one since.
pub(crate) async fn end_turn(
    tx: &mut Tx,
    turn: &Turn,
    is_taken: bool,
    due_at: DateTime<Utc>,
) -> Result<bool, Error> {
    let failures = match is_taken {
        true => 0,
        false => turn.failures.saturating_add(1),
    };
    let sql = "UPDATE analytics_turns SET failures = $2, due_at = $3 WHERE turn = $1";
    Ok(store::execute!(tx, sql, turn.turn, failures, due_at)? == 1)
}

/// Removes these lines. Others before them may have been committed since, and stay.
pub(crate) async fn remove(tx: &mut Tx, positions: &[i64]) -> Result<(), Error> {
    let sql = tx.dialect().pick(
        "DELETE FROM analytics_lines WHERE position = ANY (ARRAY(SELECT jsonb_array_elements($1)::bigint))",
        "DELETE FROM analytics_lines WHERE position IN (SELECT value FROM json_each($1))",
    );
    store::execute!(tx, sql, Json(positions))?;
    Ok(())
}

/// How many lines wait, and since when the oldest does.
pub(crate) async fn waiting(tx: &mut Tx) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        "SELECT count(*), min(create_time) FROM (
             SELECT create_time FROM analytics_lines ORDER BY position LIMIT $1) AS waiting",
        measure::MOST
    )
}
