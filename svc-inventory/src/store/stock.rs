//! The table of stock.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use store::{Dialect, Tx};

use crate::domain::level::Level;
use crate::domain::reservation::Lines;
use crate::error::Error;

/// The stock of a SKU.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stock {
    pub(crate) sku: String,
    pub(crate) level: Level,
    /// Grows by one with each change.
    pub(crate) version: i64,
    pub(crate) update_time: DateTime<Utc>,
}

/// `SELECT` of all that a [`Row`] holds, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sku, on_hand, reserved, allocated, version, update_time FROM stock ",
            $rest
        )
    };
}

/// The stock of this SKU.
pub(crate) async fn get(tx: &mut Tx, sku: &str) -> Result<Option<Stock>, Error> {
    let row = store::fetch_optional!(tx, Row, select!("WHERE sku = $1"), sku)?;
    Ok(row.map(Stock::from))
}

/// The stock of this SKU, locked until the transaction ends.
pub(crate) async fn get_locked(tx: &mut Tx, sku: &str) -> Result<Option<Stock>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => select!("WHERE sku = $1 FOR NO KEY UPDATE"),
        // A transaction that writes has SQLite for itself.
        Dialect::Sqlite => select!("WHERE sku = $1"),
    };
    Ok(store::fetch_optional!(tx, Row, sql, sku)?.map(Stock::from))
}

/// Stock in the order of SKUs, from the first one after `after`.
pub(crate) async fn list(tx: &mut Tx, after: &str, limit: i64) -> Result<Vec<Stock>, Error> {
    let sql = select!("WHERE sku > $1 ORDER BY sku LIMIT $2");
    Ok(store::fetch_all!(tx, Row, sql, after, limit)?
        .into_iter()
        .map(Stock::from)
        .collect())
}

/// Makes sure that there is a row to lock for a SKU; without units if it is new.
pub(crate) async fn ensure(tx: &mut Tx, sku: &str, now: DateTime<Utc>) -> Result<(), Error> {
    let sql = "INSERT INTO stock (sku, on_hand, reserved, allocated, version, update_time) \
               VALUES ($1, 0, 0, 0, 0, $2) ON CONFLICT (sku) DO NOTHING";
    store::execute!(tx, sql, sku, now)?;
    Ok(())
}

/// Writes the units on hand of a SKU that is locked.
pub(crate) async fn update_on_hand(tx: &mut Tx, stock: &Stock) -> Result<(), Error> {
    let sql = "UPDATE stock SET on_hand = $2, version = $3, update_time = $4 WHERE sku = $1";
    store::execute!(
        tx,
        sql,
        &stock.sku,
        stock.level.on_hand,
        stock.version,
        stock.update_time
    )?;
    Ok(())
}

/// The levels of the SKUs of these lines, as far as they are known, locked in the order of SKUs.
pub(crate) async fn lock(tx: &mut Tx, lines: &Lines) -> Result<HashMap<String, Level>, Error> {
    let skus = Json(lines.skus().collect::<Vec<_>>());
    let sql = match tx.dialect() {
        Dialect::Postgres => select!(
            "WHERE sku = ANY (ARRAY(SELECT jsonb_array_elements_text($1))) \
             ORDER BY sku FOR NO KEY UPDATE"
        ),
        Dialect::Sqlite => select!("WHERE sku IN (SELECT value FROM json_each($1))"),
    };
    let rows = store::fetch_all!(tx, Row, sql, &skus)?;
    let levels = rows
        .into_iter()
        .map(Stock::from)
        .map(|stock| (stock.sku, stock.level));
    Ok(levels.collect())
}

/// A row of the table.
#[derive(sqlx::FromRow)]
struct Row {
    sku: String,
    on_hand: i64,
    reserved: i64,
    allocated: i64,
    version: i64,
    update_time: DateTime<Utc>,
}

impl From<Row> for Stock {
    fn from(row: Row) -> Self {
        let Row {
            sku,
            on_hand,
            reserved,
            allocated,
            version,
            update_time,
        } = row;
        Self {
            sku,
            level: Level {
                on_hand,
                reserved,
                allocated,
            },
            version,
            update_time,
        }
    }
}
