//! What was asked of the provider, and heard of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use crate::domain::{Kind, Operation, OperationState};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(operations), " FROM operations ", $rest)
    };
}

/// The operations of these payments (ids in hexadecimal), each's oldest first.
pub(super) async fn of(
    tx: &mut Tx,
    payments: &Json<Vec<String>>,
) -> Result<HashMap<Uuid, Vec<Operation>>, Error> {
    let rows = match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            Row,
            select!(
                "WHERE payment_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1)::uuid)) \
                 ORDER BY number"
            ),
            payments
        )?,
        Dialect::Sqlite => store::fetch_all!(
            tx,
            Row,
            select!(
                "WHERE payment_id IN (SELECT unhex(value) FROM json_each($1)) \
                 ORDER BY number"
            ),
            payments
        )?,
    };
    let mut found: HashMap<Uuid, Vec<Operation>> = HashMap::new();
    for row in rows {
        let of = row.payment_id;
        found.entry(of).or_default().push(row.into());
    }
    Ok(found)
}

/// Operations of a payment, the oldest first, from the one after `after`.
pub(crate) async fn list(
    tx: &mut Tx,
    payment: Uuid,
    after: i64,
    limit: i64,
) -> Result<Vec<Operation>, Error> {
    let rows = store::fetch_all!(
        tx,
        Row,
        select!("WHERE payment_id = $1 AND number > $2 ORDER BY number LIMIT $3"),
        payment,
        after,
        limit
    )?;
    Ok(rows.into_iter().map(Operation::from).collect())
}

pub(super) async fn insert(tx: &mut Tx, payment: Uuid, new: &Operation) -> Result<(), Error> {
    store::execute!(
        tx,
        concat!(
            "INSERT INTO operations (",
            columns!(operations),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        ),
        new.id,
        payment,
        new.number,
        new.kind.as_str(),
        new.request_id,
        new.amount,
        new.reason.as_str(),
        new.attempt,
        new.state.as_str(),
        new.provider_ref.as_deref(),
        new.provider_code.as_deref(),
        new.failures,
        new.not_before,
        new.create_time,
        new.update_time
    )?;
    Ok(())
}

/// Writes those that are new, or not as they were.
pub(super) async fn update(
    tx: &mut Tx,
    payment: Uuid,
    before: &[Operation],
    now: &[Operation],
) -> Result<(), Error> {
    for operation in now {
        match before.iter().find(|it| it.id == operation.id) {
            None => insert(tx, payment, operation).await?,
            Some(was) if was == operation => {}
            Some(_) => {
                store::execute!(
                    tx,
                    "UPDATE operations SET attempt = $2, state = $3, provider_ref = $4, \
                     provider_code = $5, failures = $6, not_before = $7, update_time = $8 \
                     WHERE operation_id = $1",
                    operation.id,
                    operation.attempt,
                    operation.state.as_str(),
                    operation.provider_ref.as_deref(),
                    operation.provider_code.as_deref(),
                    operation.failures,
                    operation.not_before,
                    operation.update_time
                )?;
            }
        }
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    operation_id: Uuid,
    payment_id: Uuid,
    number: i64,
    #[sqlx(try_from = "String")]
    kind: Kind,
    request_id: Option<Uuid>,
    amount: i64,
    reason: String,
    attempt: i32,
    #[sqlx(try_from = "String")]
    state: OperationState,
    provider_ref: Option<String>,
    provider_code: Option<String>,
    failures: i64,
    not_before: Option<DateTime<Utc>>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl From<Row> for Operation {
    fn from(row: Row) -> Self {
        Self {
            id: row.operation_id,
            number: row.number,
            kind: row.kind,
            request_id: row.request_id,
            amount: row.amount,
            reason: row.reason,
            attempt: row.attempt,
            state: row.state,
            provider_ref: row.provider_ref,
            provider_code: row.provider_code,
            failures: row.failures,
            not_before: row.not_before,
            create_time: row.create_time,
            update_time: row.update_time,
        }
    }
}
