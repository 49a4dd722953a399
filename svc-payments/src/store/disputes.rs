//! What buyers dispute.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use money::Currency;
use sqlx::types::Json;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use crate::domain::Dispute;
use crate::domain::snapshot::DisputeStatus;

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(disputes), " FROM disputes ", $rest)
    };
}

/// The disputes of these payments (ids in hexadecimal), each's oldest first.
pub(super) async fn of(
    tx: &mut Tx,
    payments: &Json<Vec<String>>,
) -> Result<HashMap<Uuid, Vec<Dispute>>, Error> {
    let rows = match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            Row,
            select!(
                "WHERE payment_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1)::uuid)) \
                 ORDER BY dispute_id"
            ),
            payments
        )?,
        Dialect::Sqlite => store::fetch_all!(
            tx,
            Row,
            select!(
                "WHERE payment_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY dispute_id"
            ),
            payments
        )?,
    };
    let mut found: HashMap<Uuid, Vec<Dispute>> = HashMap::new();
    for row in rows {
        let of = row.payment_id;
        found.entry(of).or_default().push(row.into());
    }
    Ok(found)
}

/// A dispute, and the payment that it is about.
pub(crate) struct Found {
    pub(crate) dispute: Dispute,
    pub(crate) payment_id: Uuid,
    pub(crate) order_id: Uuid,
    pub(crate) currency: Currency,
}

/// Disputes, the newest first, from the one after `before`; or that one alone.
pub(crate) async fn list(
    tx: &mut Tx,
    only: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Found>, Error> {
    let rows = store::fetch_all!(
        tx,
        FoundRow,
        "SELECT dispute_id, d.payment_id, d.provider_ref, d.amount, reason, status, \
         evidence_due_time, d.create_time, d.update_time, order_id, currency \
         FROM disputes AS d JOIN payments AS p ON p.payment_id = d.payment_id \
         WHERE dispute_id < $1 AND ($2 IS NULL OR dispute_id = $2) \
         ORDER BY dispute_id DESC LIMIT $3",
        before.unwrap_or(Uuid::max()),
        only,
        limit
    )?;
    let found = |FoundRow {
                     row,
                     order_id,
                     currency,
                 }: FoundRow| {
        let payment_id = row.payment_id;
        let currency =
            Currency::recorded(&currency).map_err(|_| Error::unreadable("payment", payment_id))?;
        Ok(Found {
            dispute: row.into(),
            payment_id,
            order_id,
            currency,
        })
    };
    rows.into_iter().map(found).collect()
}

/// Writes those that are new, or not as they were.
pub(super) async fn update(
    tx: &mut Tx,
    payment: Uuid,
    before: &[Dispute],
    now: &[Dispute],
) -> Result<(), Error> {
    for dispute in now {
        if before.contains(dispute) {
            continue;
        }
        store::execute!(
            tx,
            concat!(
                "INSERT INTO disputes (",
                columns!(disputes),
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
                 ON CONFLICT (dispute_id) DO UPDATE SET status = excluded.status, \
                 evidence_due_time = excluded.evidence_due_time, \
                 update_time = excluded.update_time"
            ),
            dispute.id,
            payment,
            dispute.provider_ref.as_str(),
            dispute.amount,
            dispute.reason.as_str(),
            dispute.status.as_str(),
            dispute.evidence_due_time,
            dispute.create_time,
            dispute.update_time
        )?;
    }
    Ok(())
}

#[derive(sqlx::FromRow)]
struct FoundRow {
    #[sqlx(flatten)]
    row: Row,
    order_id: Uuid,
    currency: String,
}

#[derive(sqlx::FromRow)]
struct Row {
    dispute_id: Uuid,
    payment_id: Uuid,
    provider_ref: String,
    amount: i64,
    reason: String,
    #[sqlx(try_from = "String")]
    status: DisputeStatus,
    evidence_due_time: Option<DateTime<Utc>>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl From<Row> for Dispute {
    fn from(row: Row) -> Self {
        Self {
            id: row.dispute_id,
            provider_ref: row.provider_ref,
            amount: row.amount,
            reason: row.reason,
            status: row.status,
            evidence_due_time: row.evidence_due_time,
            create_time: row.create_time,
            update_time: row.update_time,
        }
    }
}
