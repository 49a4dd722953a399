//! Deliveries on their way: each webhook has a queue of its own.

use chrono::{DateTime, Utc};
use store::measure::{self, Transitions};
use store::{Connection, Dialect, Driver, Error, Tx};
use uuid::Uuid;

use crate::domain::{Attempt, DeliveryState, Fate};

/// A webhook of which something is to be sent now.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Queue {
    pub(crate) webhook_id: Uuid,
    pub(crate) url: String,
    /// Whether nothing but failures came of it last.
    pub(crate) is_failing: bool,
}

/// A delivery that is taken up.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Claimed {
    pub(crate) delivery_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) payload: String,
    pub(crate) round: i64,
    pub(crate) failures: i32,
}

/// The webhooks of which something is to be sent now. An index answers for each, however much waits.
pub(crate) async fn waiting(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<Queue>, Error> {
    store::fetch_all!(
        tx,
        Queue,
        "SELECT webhook_id, url, failing_since IS NOT NULL AS is_failing FROM webhooks AS w
         WHERE state = 'ENABLED' AND EXISTS (
             SELECT 1 FROM deliveries AS d WHERE d.webhook_id = w.webhook_id AND d.due_at <= $1)
         ORDER BY webhook_id",
        now
    )
}

/// Takes up to `limit` deliveries of a webhook whose time has come, and leaves them to others again at
/// `until`. Replicas that ask at once get different ones.
pub(crate) async fn claim(
    tx: &mut Tx,
    webhook: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Claimed>, Error> {
    let sql = match tx.dialect() {
        // The array is made once.
        Dialect::Postgres => {
            "UPDATE deliveries SET due_at = $3 WHERE delivery_id = ANY (ARRAY(
                 SELECT delivery_id FROM deliveries WHERE webhook_id = $1 AND due_at <= $2
                 ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED))
             RETURNING delivery_id, event_id, payload, round, failures"
        }
        Dialect::Sqlite => {
            "UPDATE deliveries SET due_at = $3 WHERE delivery_id IN (
                 SELECT delivery_id FROM deliveries WHERE webhook_id = $1 AND due_at <= $2
                 ORDER BY due_at LIMIT $4)
             RETURNING delivery_id, event_id, payload, round, failures"
        }
    };
    store::fetch_all!(tx, Claimed, sql, webhook, now, until, limit)
}

/// Writes down what came of attempts, each with an id of its own: one statement on Postgres.
pub(crate) async fn note(
    tx: &mut Tx,
    attempts: &[(Uuid, &Claimed, &Attempt)],
) -> Result<(), Error> {
    if tx.dialect() == Dialect::Postgres {
        return note_at_once(tx, attempts).await;
    }
    for (id, claimed, attempt) in attempts {
        store::execute!(
            tx,
            "INSERT INTO attempts (attempt_id, delivery_id, start_time, milliseconds, status, error,
                 remote_address, answer) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            *id,
            claimed.delivery_id,
            attempt.start_time,
            attempt.milliseconds,
            attempt.status.map(i32::from),
            attempt.error.as_str(),
            attempt.remote_address.as_str(),
            attempt.answer.as_slice()
        )?;
    }
    Ok(())
}

async fn note_at_once(tx: &mut Tx, attempts: &[(Uuid, &Claimed, &Attempt)]) -> Result<(), Error> {
    let sql = "INSERT INTO attempts (attempt_id, delivery_id, start_time, milliseconds, status, error,
                   remote_address, answer)
               SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::bigint[], $5::integer[],
                   $6::text[], $7::text[], $8::bytea[])";
    let Connection { driver, measured } = tx.connection();
    let Driver::Postgres(connection) = driver else {
        return Ok(());
    };
    let all = || attempts.iter();
    let _running = measured.run(sql);
    sqlx::query::<sqlx::Postgres>(sql)
        .bind(all().map(|(id, _, _)| *id).collect::<Vec<_>>())
        .bind(all().map(|(_, it, _)| it.delivery_id).collect::<Vec<_>>())
        .bind(all().map(|(_, _, it)| it.start_time).collect::<Vec<_>>())
        .bind(all().map(|(_, _, it)| it.milliseconds).collect::<Vec<_>>())
        .bind(
            all()
                .map(|(_, _, it)| it.status.map(i32::from))
                .collect::<Vec<_>>(),
        )
        .bind(all().map(|(_, _, it)| it.error.clone()).collect::<Vec<_>>())
        .bind(
            all()
                .map(|(_, _, it)| it.remote_address.clone())
                .collect::<Vec<_>>(),
        )
        .bind(
            all()
                .map(|(_, _, it)| it.answer.clone())
                .collect::<Vec<_>>(),
        )
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends deliveries that have succeeded, but for those that were replayed or discarded since they were taken
/// up: one statement on Postgres.
pub(crate) async fn succeeded(
    tx: &mut Tx,
    claimed: &[&Claimed],
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<(), Error> {
    if tx.dialect() == Dialect::Sqlite {
        for one in claimed {
            settle(tx, one, Fate::Succeeded, now, transitions).await?;
        }
        return Ok(());
    }
    let sql = "UPDATE deliveries AS d SET state = 'SUCCEEDED', due_at = NULL, update_time = $3
               FROM unnest($1::uuid[], $2::bigint[]) AS sent (delivery_id, round)
               WHERE d.delivery_id = sent.delivery_id AND d.round = sent.round AND d.state = 'PENDING'";
    if claimed.is_empty() {
        return Ok(());
    }
    let mut moved = 0;
    let Connection { driver, measured } = tx.connection();
    if let Driver::Postgres(connection) = driver {
        let _running = measured.run(sql);
        let done = sqlx::query::<sqlx::Postgres>(sql)
            .bind(claimed.iter().map(|it| it.delivery_id).collect::<Vec<_>>())
            .bind(claimed.iter().map(|it| it.round).collect::<Vec<_>>())
            .bind(now)
            .execute(connection)
            .await?;
        moved = done.rows_affected();
    }
    for _ in 0..moved {
        transitions.count(tx, DeliveryState::Succeeded.as_str());
    }
    Ok(())
}

/// Moves a delivery on, unless it was replayed or discarded since it was taken up.
pub(crate) async fn settle(
    tx: &mut Tx,
    claimed: &Claimed,
    fate: Fate,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<(), Error> {
    let (state, due_at) = match fate {
        Fate::Succeeded => (DeliveryState::Succeeded, None),
        Fate::Exhausted => (DeliveryState::Exhausted, None),
        Fate::Again(at) => (DeliveryState::Pending, Some(at)),
    };
    let moved = store::execute!(
        tx,
        "UPDATE deliveries SET state = $3, due_at = $4, failures = failures + $5, update_time = $6
         WHERE delivery_id = $1 AND round = $2 AND state = 'PENDING'",
        claimed.delivery_id,
        claimed.round,
        state.as_str(),
        due_at,
        i32::from(fate != Fate::Succeeded),
        now
    )?;
    if moved == 1 && due_at.is_none() {
        transitions.count(tx, state.as_str());
    }
    Ok(())
}

/// How many are to be sent now, and since when the oldest is: to webhooks of which nothing but failures came
/// last, or to the others. Of each an index answers. What came in the moment in which its webhook was disabled
/// is not among them: it waits until that is enabled.
pub(crate) async fn due(
    tx: &mut Tx,
    failing: bool,
    now: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        "SELECT (SELECT count(*) FROM (
                     SELECT 1 FROM webhooks AS w JOIN deliveries AS d ON d.webhook_id = w.webhook_id
                     WHERE w.state = 'ENABLED' AND (w.failing_since IS NOT NULL) = $3 AND d.due_at <= $1
                     LIMIT $2) AS due),
                (SELECT min(oldest) FROM (
                     SELECT (SELECT min(due_at) FROM deliveries AS d
                             WHERE d.webhook_id = w.webhook_id AND d.due_at <= $1) AS oldest
                     FROM webhooks AS w
                     WHERE w.state = 'ENABLED' AND (w.failing_since IS NOT NULL) = $3) AS each_one)",
        now,
        measure::MOST,
        failing
    )
}
