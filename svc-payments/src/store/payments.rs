//! Payments, with what was asked for them and what is disputed of them.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use money::Currency;
use sqlx::types::Json;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use super::{disputes, ledger, operations};
use crate::domain::{Dispute, Operation, Payment, Posting, State};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(payments), " FROM payments ", $rest)
    };
}

/// The payment with this id.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Payment>, Error> {
    let row = store::fetch_optional!(tx, Row, select!("WHERE payment_id = $1"), id)?;
    Ok(with_parts(tx, row.into_iter().collect()).await?.pop())
}

/// The same, locked until the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Payment>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select!("WHERE payment_id = $1 FOR UPDATE"),
        // A transaction that writes has SQLite for itself.
        Dialect::Sqlite => select!("WHERE payment_id = $1"),
    };
    let row = store::fetch_optional!(tx, Row, sql, id)?;
    Ok(with_parts(tx, row.into_iter().collect()).await?.pop())
}

/// The payment of this order, locked until the transaction ends.
pub(crate) async fn lock_of_order(tx: &mut Tx, order: Uuid) -> Result<Option<Payment>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select!("WHERE order_id = $1 FOR UPDATE"),
        Dialect::Sqlite => select!("WHERE order_id = $1"),
    };
    let row = store::fetch_optional!(tx, Row, sql, order)?;
    Ok(with_parts(tx, row.into_iter().collect()).await?.pop())
}

/// Which payments to list.
pub(crate) struct Filter {
    /// Only this user's.
    pub(crate) user_id: Option<Uuid>,
    /// Only the one of this order.
    pub(crate) order_id: Option<Uuid>,
}

/// Payments that were begun, the newest first, from the one after `before`.
pub(crate) async fn list(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Payment>, Error> {
    let before = before.unwrap_or(Uuid::max());
    let rows = match (filter.order_id, filter.user_id) {
        (Some(order), user) => store::fetch_all!(
            tx,
            Row,
            select!(
                "WHERE order_id = $1 AND payment_id < $2 AND provider <> '' \
                 AND ($3 IS NULL OR user_id = $3) LIMIT $4"
            ),
            order,
            before,
            user,
            limit
        )?,
        (None, Some(user)) => store::fetch_all!(
            tx,
            Row,
            select!(
                "WHERE user_id = $1 AND payment_id < $2 AND provider <> '' \
                 ORDER BY payment_id DESC LIMIT $3"
            ),
            user,
            before,
            limit
        )?,
        (None, None) => store::fetch_all!(
            tx,
            Row,
            select!("WHERE payment_id < $1 AND provider <> '' ORDER BY payment_id DESC LIMIT $2"),
            before,
            limit
        )?,
    };
    with_parts(tx, rows).await
}

/// Adds a payment, with what is planned for it. Returns whether there was none for its order.
pub(crate) async fn insert(
    tx: &mut Tx,
    payment: &Payment,
    due: Option<DateTime<Utc>>,
) -> Result<bool, Error> {
    let inserted = store::execute!(
        tx,
        "INSERT INTO payments (payment_id, order_id, user_id, provider, state, version, currency, \
         amount, capturing, refunding, final_amount, final_reason, token_sealed, return_url, looks, hints, \
         hints_heard, create_time, update_time, due_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, $9, '', $10, $11, 0, 0, 0, $12, $12, $13) \
         ON CONFLICT (order_id) DO NOTHING",
        payment.id,
        payment.order_id,
        payment.user_id,
        payment.provider.as_str(),
        payment.state.as_str(),
        payment.version,
        payment.currency.code(),
        payment.amount,
        payment.final_amount,
        payment.token_sealed.as_deref(),
        payment.return_url.as_str(),
        payment.create_time,
        due
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    for operation in &payment.operations {
        operations::insert(tx, payment.id, operation).await?;
    }
    Ok(true)
}

/// Writes what has changed of a payment that is locked. What it counts of money moves with the postings.
pub(crate) async fn update(
    tx: &mut Tx,
    before: &Payment,
    payment: &Payment,
    postings: &[Posting],
    due: Option<DateTime<Utc>>,
) -> Result<(), Error> {
    operations::update(tx, payment.id, &before.operations, &payment.operations).await?;
    disputes::update(tx, payment.id, &before.disputes, &payment.disputes).await?;
    // What is decided makes room for what moves, which makes room for what is planned.
    let (capturing, refunding) = (
        before.capturing.min(payment.capturing),
        before.refunding.min(payment.refunding),
    );
    if !postings.is_empty() {
        store::execute!(
            tx,
            "UPDATE payments SET capturing = $2, refunding = $3 WHERE payment_id = $1",
            payment.id,
            capturing,
            refunding
        )?;
        ledger::append(tx, postings, payment.update_time).await?;
    }
    store::execute!(
        tx,
        "UPDATE payments SET provider_ref = $2, state = $3, version = $4, capturing = $5, \
         refunding = $6, final_amount = $7, decline_code = $8, capture_before = $9, \
         token_sealed = $10, looks = $11, hints_heard = $12, update_time = $13, due_at = $14, \
         final_reason = $15 \
         WHERE payment_id = $1",
        payment.id,
        payment.provider_ref.as_deref(),
        payment.state.as_str(),
        payment.version,
        payment.capturing,
        payment.refunding,
        payment.final_amount,
        payment.decline_code.as_deref(),
        payment.capture_before,
        payment.token_sealed.as_deref(),
        payment.looks,
        payment.hints_heard,
        payment.update_time,
        due,
        payment.final_reason.as_str()
    )?;
    Ok(())
}

async fn with_parts(tx: &mut Tx, rows: Vec<Row>) -> Result<Vec<Payment>, Error> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids = rows.iter().map(|row| row.payment_id.simple().to_string());
    let ids = Json(ids.collect::<Vec<_>>());
    let mut operations = operations::of(tx, &ids).await?;
    let mut disputes = disputes::of(tx, &ids).await?;
    let complete = |row: Row| row.complete(&mut operations, &mut disputes);
    rows.into_iter().map(complete).collect()
}

/// A row of the table.
#[derive(sqlx::FromRow)]
struct Row {
    payment_id: Uuid,
    order_id: Uuid,
    user_id: Uuid,
    provider: String,
    provider_ref: Option<String>,
    #[sqlx(try_from = "String")]
    state: State,
    version: i64,
    currency: String,
    amount: i64,
    authorized: i64,
    held: i64,
    capturing: i64,
    captured: i64,
    refunding: i64,
    refunded: i64,
    disputed: i64,
    final_amount: Option<i64>,
    final_reason: String,
    decline_code: Option<String>,
    capture_before: Option<DateTime<Utc>>,
    token_sealed: Option<Vec<u8>>,
    return_url: String,
    looks: i64,
    hints: i64,
    hints_heard: i64,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

impl Row {
    fn complete(
        self,
        operations: &mut HashMap<Uuid, Vec<Operation>>,
        disputes: &mut HashMap<Uuid, Vec<Dispute>>,
    ) -> Result<Payment, Error> {
        let currency = Currency::recorded(&self.currency)
            .map_err(|_| Error::unreadable("payment", self.payment_id))?;
        Ok(Payment {
            id: self.payment_id,
            order_id: self.order_id,
            user_id: self.user_id,
            provider: self.provider,
            provider_ref: self.provider_ref,
            state: self.state,
            version: self.version,
            currency,
            amount: self.amount,
            authorized: self.authorized,
            held: self.held,
            capturing: self.capturing,
            captured: self.captured,
            refunding: self.refunding,
            refunded: self.refunded,
            disputed: self.disputed,
            final_amount: self.final_amount,
            final_reason: self.final_reason,
            decline_code: self.decline_code,
            capture_before: self.capture_before,
            token_sealed: self.token_sealed,
            return_url: self.return_url,
            looks: self.looks,
            hints: self.hints,
            hints_heard: self.hints_heard,
            create_time: self.create_time,
            update_time: self.update_time,
            operations: operations.remove(&self.payment_id).unwrap_or_default(),
            disputes: disputes.remove(&self.payment_id).unwrap_or_default(),
        })
    }
}
