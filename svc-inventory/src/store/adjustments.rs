//! The history of what changed the units on hand.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;
use store::{Dialect, Tx};
use uuid::Uuid;

use crate::domain::reservation::Reservation;
use crate::error::Error;

macro_rules! columns {
    () => {
        "version, adjustment_id, delta, reason, actor, create_time"
    };
}

/// `INSERT` of all columns, of what comes after it.
macro_rules! insert {
    ($rows:literal) => {
        concat!("INSERT INTO adjustments (sku, ", columns!(), ") ", $rows)
    };
}

/// Something that changed the units on hand of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub(crate) struct Adjustment {
    pub(crate) adjustment_id: Uuid,
    /// The stock's version after it.
    pub(crate) version: i64,
    /// Units that came, or went.
    pub(crate) delta: i64,
    pub(crate) reason: String,
    pub(crate) actor: String,
    pub(crate) create_time: DateTime<Utc>,
}

/// Adds an adjustment of a SKU.
pub(crate) async fn insert(tx: &mut Tx, sku: &str, adjustment: &Adjustment) -> Result<(), Error> {
    let sql = insert!("VALUES ($1, $2, $3, $4, $5, $6, $7)");
    let Adjustment {
        adjustment_id,
        version,
        delta,
        reason,
        actor,
        create_time,
    } = adjustment;
    store::execute!(
        tx,
        sql,
        sku,
        version,
        adjustment_id,
        delta,
        reason,
        actor,
        create_time
    )?;
    Ok(())
}

/// Adds an adjustment for each line of a reservation that has just been taken off hand.
pub(crate) async fn insert_dispatched(
    tx: &mut Tx,
    dispatched: &Reservation,
    new_id: impl Fn() -> Uuid,
    actor: &str,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    #[derive(Serialize)]
    struct Name<'a> {
        sku: &'a str,
        id: String,
    }
    let name = |sku| Name {
        sku,
        id: new_id().simple().to_string(),
    };
    let names = Json(dispatched.lines.skus().map(name).collect::<Vec<_>>());
    let order_id = dispatched.order_id;
    let reason = format!("dispatched for order {order_id}");
    let sql = match tx.dialect() {
        Dialect::Postgres => {
            insert!(
                "SELECT stock.sku, stock.version, name.id, -quantity, $3, $4, $5 \
             FROM reservation_lines AS lines \
             JOIN stock ON stock.sku = lines.sku \
             JOIN jsonb_to_recordset($2) AS name (sku text, id uuid) ON name.sku = lines.sku \
             WHERE order_id = $1"
            )
        }
        Dialect::Sqlite => {
            insert!(
                "SELECT stock.sku, stock.version, unhex(name.value ->> 'id'), -quantity, $3, $4, $5 \
             FROM json_each($2) AS name \
             CROSS JOIN reservation_lines AS lines \
                 ON order_id = $1 AND lines.sku = name.value ->> 'sku' \
             JOIN stock ON stock.sku = lines.sku"
            )
        }
    };
    store::execute!(tx, sql, order_id, &names, reason, actor, now)?;
    Ok(())
}

/// The adjustments of a SKU before a version of its stock, the newest first.
pub(crate) async fn list(
    tx: &mut Tx,
    sku: &str,
    before: i64,
    limit: i64,
) -> Result<Vec<Adjustment>, Error> {
    let sql = concat!(
        "SELECT ",
        columns!(),
        " FROM adjustments WHERE sku = $1 AND version < $2 ORDER BY version DESC LIMIT $3"
    );
    Ok(store::fetch_all!(tx, Adjustment, sql, sku, before, limit)?)
}
