//! What the sandbox knows, in tables of its own.

use chrono::{DateTime, Utc};
use money::Currency;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use crate::domain::snapshot::{
    DisputeStatus, Intent, IntentStatus, ProviderDispute, ProviderRefund, RefundStatus, Snapshot,
};

/// An object as it is stored.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub(super) provider_ref: String,
    pub(super) payment_id: Uuid,
    pub(super) order_id: Uuid,
    pub(super) action_id: String,
    pub(super) status: String,
    pub(super) decline_code: Option<String>,
    pub(super) currency: String,
    pub(super) amount: i64,
    pub(super) held: i64,
    pub(super) captured: i64,
    pub(super) token: Option<String>,
    pub(super) return_url: Option<String>,
    pub(super) capture_before: Option<DateTime<Utc>>,
    pub(super) change_time: Option<DateTime<Utc>>,
    pub(super) create_time: DateTime<Utc>,
}

macro_rules! columns {
    () => {
        "provider_ref, payment_id, order_id, action_id, status, decline_code, currency, amount, held, \
         captured, token, return_url, capture_before, change_time, create_time"
    };
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(), " FROM sandbox_intents ", $rest)
    };
}

/// Removes up to `$2` rows each from before `$1`: events that were told, keys, and the objects of
/// payments that have ended without money. Those that have taken some can give it back at any time.
pub(crate) const REMOVE_OLD: [&str; 3] = [
    "DELETE FROM sandbox_events WHERE event_id IN \
     (SELECT event_id FROM sandbox_events WHERE times <= 0 AND create_time < $1 LIMIT $2)",
    "DELETE FROM sandbox_keys WHERE key IN \
     (SELECT key FROM sandbox_keys WHERE create_time < $1 LIMIT $2)",
    "DELETE FROM sandbox_intents WHERE provider_ref IN \
     (SELECT intent.provider_ref FROM sandbox_intents AS intent \
      JOIN payments USING (payment_id) \
      WHERE intent.create_time < $1 AND intent.captured = 0 AND due_at IS NULL \
      AND payments.state IN ('CLOSED', 'DECLINED', 'LAPSED') \
      AND NOT EXISTS (SELECT 1 FROM sandbox_events WHERE intent_ref = intent.provider_ref) \
      LIMIT $2)",
];

impl Row {
    pub(super) fn intent(&self) -> Result<Intent, Error> {
        let unreadable = || Error::unreadable("object of the sandbox", &self.provider_ref);
        let code = self.decline_code.clone().unwrap_or_default();
        Ok(Intent {
            provider_ref: self.provider_ref.clone(),
            payment_id: Some(self.payment_id),
            status: status(&self.status, code).ok_or_else(unreadable)?,
            currency: Currency::recorded(&self.currency).map_err(|_| unreadable())?,
            amount: self.amount,
            held: self.held,
            captured: self.captured,
            capture_before: self.capture_before.filter(|_| self.held > 0),
            create_time: self.create_time,
        })
    }
}

/// Where an object stands, by the word for it and what it was refused for.
pub(super) fn status(word: &str, code: String) -> Option<IntentStatus> {
    Some(match word {
        "UNCONFIRMED" => IntentStatus::Unconfirmed,
        "ACTION" => IntentStatus::RequiresAction,
        "HELD" => IntentStatus::Held,
        "DECLINED" => IntentStatus::Declined { code },
        "CANCELED" => IntentStatus::Canceled,
        "CAPTURED" => IntentStatus::Captured,
        _ => return None,
    })
}

/// The object, locked until the transaction ends.
pub(super) async fn lock(tx: &mut Tx, provider_ref: &str) -> Result<Option<Row>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select!("WHERE provider_ref = $1 FOR UPDATE"),
        Dialect::Sqlite => select!("WHERE provider_ref = $1"),
    };
    store::fetch_optional!(tx, Row, sql, provider_ref)
}

/// The object that a buyer's action is for.
pub(super) async fn of_action(tx: &mut Tx, action: &str) -> Result<Option<Row>, Error> {
    store::fetch_optional!(tx, Row, select!("WHERE action_id = $1"), action)
}

/// Objects, the newest first, before this one.
pub(super) async fn list(
    tx: &mut Tx,
    before: Option<&str>,
    create_after: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Row>, Error> {
    store::fetch_all!(
        tx,
        Row,
        select!(
            "WHERE ($1 IS NULL OR provider_ref < $1) AND create_time > $2 \
             ORDER BY provider_ref DESC LIMIT $3"
        ),
        before,
        create_after,
        limit
    )
}

pub(super) async fn insert(tx: &mut Tx, row: &Row) -> Result<(), Error> {
    store::execute!(
        tx,
        concat!(
            "INSERT INTO sandbox_intents (",
            columns!(),
            ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
        ),
        row.provider_ref.as_str(),
        row.payment_id,
        row.order_id,
        row.action_id.as_str(),
        row.status.as_str(),
        row.decline_code.as_deref(),
        row.currency.as_str(),
        row.amount,
        row.held,
        row.captured,
        row.token.as_deref(),
        row.return_url.as_deref(),
        row.capture_before,
        row.change_time,
        row.create_time
    )?;
    Ok(())
}

pub(super) async fn update(tx: &mut Tx, row: &Row) -> Result<(), Error> {
    store::execute!(
        tx,
        "UPDATE sandbox_intents SET status = $2, decline_code = $3, held = $4, captured = $5, \
         token = $6, return_url = $7, capture_before = $8, change_time = $9 \
         WHERE provider_ref = $1",
        row.provider_ref.as_str(),
        row.status.as_str(),
        row.decline_code.as_deref(),
        row.held,
        row.captured,
        row.token.as_deref(),
        row.return_url.as_deref(),
        row.capture_before,
        row.change_time
    )?;
    Ok(())
}

/// What was answered under a key: the object, and the refusal, if it was one.
pub(super) async fn answered(
    tx: &mut Tx,
    key: &str,
) -> Result<Option<(String, Option<String>)>, Error> {
    store::fetch_optional!(
        tx,
        (String, Option<String>),
        "SELECT object_ref, refusal FROM sandbox_keys WHERE key = $1",
        key
    )
}

/// Remembers what is answered under a key.
pub(super) async fn answer(
    tx: &mut Tx,
    key: &str,
    object: &str,
    refusal: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO sandbox_keys (key, object_ref, refusal, create_time) VALUES ($1, $2, $3, $4)",
        key,
        object,
        refusal,
        now
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct RefundRow {
    provider_ref: String,
    refund_id: Uuid,
    amount: i64,
    status: String,
}

/// The refunds of an object, the oldest first.
pub(super) async fn refunds(tx: &mut Tx, object: &str) -> Result<Vec<ProviderRefund>, Error> {
    let rows = store::fetch_all!(
        tx,
        RefundRow,
        "SELECT provider_ref, refund_id, amount, status FROM sandbox_refunds \
         WHERE intent_ref = $1 ORDER BY provider_ref",
        object
    )?;
    let refund = |row: RefundRow| ProviderRefund {
        status: match row.status.as_str() {
            "PENDING" => RefundStatus::Pending,
            "SUCCEEDED" => RefundStatus::Succeeded,
            code => RefundStatus::Failed {
                code: code.to_owned(),
            },
        },
        provider_ref: row.provider_ref,
        refund_id: Some(row.refund_id),
        amount: row.amount,
    };
    Ok(rows.into_iter().map(refund).collect())
}

pub(super) async fn insert_refund(
    tx: &mut Tx,
    object: &str,
    provider_ref: &str,
    refund_id: Uuid,
    amount: i64,
    fails: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    let status = if fails.is_some() {
        "PENDING"
    } else {
        "SUCCEEDED"
    };
    store::execute!(
        tx,
        "INSERT INTO sandbox_refunds (provider_ref, intent_ref, refund_id, amount, status, \
         change_time) VALUES ($1, $2, $3, $4, $5, $6)",
        provider_ref,
        object,
        refund_id,
        amount,
        status,
        fails
    )?;
    Ok(())
}

pub(super) async fn insert_dispute(
    tx: &mut Tx,
    object: &str,
    provider_ref: &str,
    amount: i64,
    decided: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO sandbox_disputes (provider_ref, intent_ref, amount, status, change_time, \
         create_time) VALUES ($1, $2, $3, 'OPEN', $4, $5)",
        provider_ref,
        object,
        amount,
        decided,
        now
    )?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct DisputeRow {
    provider_ref: String,
    amount: i64,
    #[sqlx(try_from = "String")]
    status: DisputeStatus,
    change_time: Option<DateTime<Utc>>,
    create_time: DateTime<Utc>,
}

/// All that there is to see of an object.
pub(super) async fn snapshot(tx: &mut Tx, row: &Row) -> Result<Snapshot, Error> {
    let rows = store::fetch_all!(
        tx,
        DisputeRow,
        "SELECT provider_ref, amount, status, change_time, create_time FROM sandbox_disputes \
         WHERE intent_ref = $1 ORDER BY provider_ref",
        row.provider_ref.as_str()
    )?;
    let dispute = |row: DisputeRow| ProviderDispute {
        provider_ref: row.provider_ref,
        amount: row.amount,
        reason: "product_not_received".to_owned(),
        status: row.status,
        evidence_due_time: row.change_time,
        create_time: row.create_time,
    };
    Ok(Snapshot {
        intent: row.intent()?,
        refunds: refunds(tx, &row.provider_ref).await?,
        disputes: rows.into_iter().map(dispute).collect(),
    })
}

/// What changes by itself at this time. Gives the objects that it is about.
pub(super) async fn pass_time(tx: &mut Tx, now: DateTime<Utc>) -> Result<Vec<String>, Error> {
    let mut changed = Vec::new();
    for sql in [
        "UPDATE sandbox_intents SET held = 0, change_time = NULL, decline_code = CASE status \
         WHEN 'ACTION' THEN 'authentication_abandoned' ELSE decline_code END, \
         status = CASE status WHEN 'ACTION' THEN 'DECLINED' ELSE 'CANCELED' END \
         WHERE change_time <= $1 RETURNING provider_ref",
        "UPDATE sandbox_refunds SET status = 'lost_or_stolen_card', change_time = NULL \
         WHERE change_time <= $1 RETURNING intent_ref",
        "UPDATE sandbox_disputes SET status = 'WON', change_time = NULL \
         WHERE change_time <= $1 RETURNING intent_ref",
    ] {
        changed.extend(store::fetch_all!(tx, (String,), sql, now)?);
    }
    Ok(changed.into_iter().map(|(object,)| object).collect())
}
