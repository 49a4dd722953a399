//! The tables of reservations and their lines.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;
use store::measure::{self, Transitions};
use store::{Dialect, Tx};
use uuid::Uuid;

use crate::domain::level::{Shift, Shortage};
use crate::domain::reservation::{Lines, Reservation, State};
use crate::error::Error;

/// `SELECT` of all that [`Row`]s hold of an order, and what comes after it.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.order_id, r.state, r.version, r.expire_time, r.shortages, l.sku, l.quantity \
             FROM reservations r LEFT JOIN reservation_lines l ON l.order_id = r.order_id \
             WHERE r.order_id = $1",
            $rest
        )
    };
}

/// The reservation of this order.
pub(crate) async fn get(tx: &mut Tx, order_id: Uuid) -> Result<Option<Reservation>, Error> {
    let sql = select!("");
    from_rows(&store::fetch_all!(tx, Row, sql, order_id)?)
}

/// The reservation of this order, locked until the transaction ends.
pub(crate) async fn get_locked(tx: &mut Tx, order_id: Uuid) -> Result<Option<Reservation>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => {
            select!(" FOR NO KEY UPDATE OF r")
        }
        // A transaction that writes has SQLite for itself.
        Dialect::Sqlite => return get(tx, order_id).await,
    };
    from_rows(&store::fetch_all!(tx, Row, sql, order_id)?)
}

/// At most `limit` reservations, the newest order's first, from the one before `before` on; `None` is
/// any state.
pub(crate) async fn list(
    tx: &mut Tx,
    state: Option<State>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Reservation>, Error> {
    let sql = "SELECT r.order_id, r.state, r.version, r.expire_time, r.shortages, l.sku, l.quantity \
         FROM reservations r LEFT JOIN reservation_lines l ON l.order_id = r.order_id \
         WHERE r.order_id IN ( \
             SELECT order_id FROM reservations \
             WHERE order_id < $1 AND ($2 IS NULL OR state = $2) ORDER BY order_id DESC LIMIT $3) \
         ORDER BY r.order_id DESC, l.sku";
    let before = before.unwrap_or(Uuid::max());
    let state = state.map(State::as_str);
    all_from_rows(&store::fetch_all!(tx, Row, sql, before, state, limit)?)
}

/// Whether the time of any reservation is over.
pub(crate) async fn is_any_due(tx: &mut Tx, now: DateTime<Utc>) -> Result<bool, Error> {
    let sql = "SELECT EXISTS (SELECT 1 FROM reservations \
               WHERE state = 'RESERVED' AND expire_time <= $1)";
    let (is_any_due,) = store::fetch_one!(tx, (bool,), sql, now)?;
    Ok(is_any_due)
}

/// How many hold stock back that is not sold.
pub(crate) async fn count_open(tx: &mut Tx) -> Result<i64, store::Error> {
    let sql = "SELECT count(*) FROM ( \
               SELECT 1 FROM reservations WHERE state = 'RESERVED' \
               ORDER BY expire_time LIMIT $1) AS open";
    let (count,) = store::fetch_one!(tx, (i64,), sql, measure::MOST)?;
    Ok(count)
}

/// A reservation whose time is over, and that no other replica has locked.
pub(crate) async fn next_due(
    tx: &mut Tx,
    now: DateTime<Utc>,
) -> Result<Option<Reservation>, Error> {
    let sql = match tx.dialect() {
        Dialect::Postgres => {
            "SELECT order_id FROM reservations \
             WHERE state = 'RESERVED' AND expire_time <= $1 \
             ORDER BY expire_time LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED"
        }
        Dialect::Sqlite => {
            "SELECT order_id FROM reservations \
             WHERE state = 'RESERVED' AND expire_time <= $1 ORDER BY expire_time LIMIT 1"
        }
    };
    match store::fetch_optional!(tx, (Uuid,), sql, now)? {
        Some((order_id,)) => get(tx, order_id).await,
        None => Ok(None),
    }
}

/// Writes a new reservation and holds its units back; its stock is locked, and suffices.
/// Returns false, and does nothing, if the order has one.
pub(crate) async fn hold(
    tx: &mut Tx,
    reservation: &Reservation,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<bool, Error> {
    #[derive(Serialize)]
    struct Line<'a> {
        sku: &'a str,
        quantity: i64,
    }
    let Reservation {
        order_id,
        expire_time,
        ..
    } = *reservation;
    let lines = reservation
        .lines
        .iter()
        .map(|(sku, quantity)| Line { sku, quantity });
    let lines = Json(lines.collect::<Vec<_>>());
    let is_new = match tx.dialect() {
        Dialect::Postgres => {
            // The array says to look the SKUs up: without it the whole table is read, as nothing
            // tells how few lines there are.
            let sql = "WITH reservation AS ( \
                 INSERT INTO reservations \
                     (order_id, state, version, expire_time, create_time, update_time) \
                 VALUES ($1, 'RESERVED', 1, $2, $3, $3) \
                 ON CONFLICT (order_id) DO NOTHING RETURNING order_id \
             ), lines AS ( \
                 INSERT INTO reservation_lines (order_id, sku, quantity) \
                 SELECT order_id, line.sku, line.quantity \
                 FROM reservation, jsonb_to_recordset($4) AS line (sku text, quantity bigint) \
                 RETURNING sku, quantity \
             ) \
             UPDATE stock SET reserved = reserved + lines.quantity, version = version + 1, \
                 update_time = $3 \
             FROM lines \
             WHERE stock.sku = lines.sku AND stock.sku = ANY (ARRAY(SELECT sku FROM lines))";
            store::execute!(tx, sql, order_id, expire_time, now, &lines)? > 0
        }
        Dialect::Sqlite => {
            let sql = "INSERT INTO reservations \
                     (order_id, state, version, expire_time, create_time, update_time) \
                 VALUES ($1, 'RESERVED', 1, $2, $3, $3) ON CONFLICT (order_id) DO NOTHING";
            if store::execute!(tx, sql, order_id, expire_time, now)? == 0 {
                return Ok(false);
            }
            let sql = "INSERT INTO reservation_lines (order_id, sku, quantity) \
                 SELECT $1, value ->> 'sku', value ->> 'quantity' FROM json_each($2)";
            store::execute!(tx, sql, order_id, &lines)?;
            let sql = "UPDATE stock SET reserved = reserved + quantity, version = version + 1, \
                     update_time = $2 \
                 FROM reservation_lines AS lines \
                 WHERE order_id = $1 AND stock.sku = lines.sku";
            store::execute!(tx, sql, order_id, now)?;
            true
        }
    };
    if is_new {
        transitions.count(tx, reservation.state.as_str());
    }
    Ok(is_new)
}

/// Writes the tombstone of an order whose reservation has not come. Returns false, and does
/// nothing, if it has.
pub(crate) async fn bury(
    tx: &mut Tx,
    tombstone: &Reservation,
    now: DateTime<Utc>,
) -> Result<bool, Error> {
    let sql = "INSERT INTO reservations \
                   (order_id, state, version, shortages, create_time, update_time) \
               VALUES ($1, $2, $3, $4, $5, $5) ON CONFLICT (order_id) DO NOTHING";
    let Reservation {
        order_id,
        state,
        version,
        ref shortages,
        ..
    } = *tombstone;
    let shortages = (!shortages.is_empty()).then_some(Json(shortages));
    let state = state.as_str();
    Ok(store::execute!(tx, sql, order_id, state, version, &shortages, now)? > 0)
}

/// Writes the new state of a reservation that is locked, and shifts the stock of its lines.
pub(crate) async fn update(
    tx: &mut Tx,
    reservation: &Reservation,
    shift: Shift,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<(), Error> {
    let Reservation {
        order_id,
        state,
        version,
        ..
    } = *reservation;
    let state = state.as_str();
    let Shift {
        on_hand,
        reserved,
        allocated,
    } = shift;
    match tx.dialect() {
        Dialect::Postgres => {
            let sql = "WITH reservation AS ( \
                 UPDATE reservations SET state = $2, version = $3, update_time = $4 \
                 WHERE order_id = $1 \
             ), locked AS ( \
                 SELECT stock.sku, quantity \
                 FROM reservation_lines AS lines JOIN stock ON stock.sku = lines.sku \
                 WHERE order_id = $1 ORDER BY stock.sku FOR NO KEY UPDATE OF stock \
             ) \
             UPDATE stock SET on_hand = on_hand + $5 * quantity, \
                 reserved = reserved + $6 * quantity, allocated = allocated + $7 * quantity, \
                 version = version + 1, update_time = $4 \
             FROM locked WHERE stock.sku = locked.sku";
            store::execute!(
                tx, sql, order_id, state, version, now, on_hand, reserved, allocated
            )?;
        }
        Dialect::Sqlite => {
            let sql = "UPDATE reservations SET state = $2, version = $3, update_time = $4 \
                 WHERE order_id = $1";
            store::execute!(tx, sql, order_id, state, version, now)?;
            let sql = "UPDATE stock SET on_hand = on_hand + $2 * quantity, \
                     reserved = reserved + $3 * quantity, allocated = allocated + $4 * quantity, \
                     version = version + 1, update_time = $5 \
                 FROM reservation_lines AS lines \
                 WHERE order_id = $1 AND stock.sku = lines.sku";
            store::execute!(tx, sql, order_id, on_hand, reserved, allocated, now)?;
        }
    }
    transitions.count(tx, state);
    Ok(())
}

/// A line with its reservation, or a reservation without lines.
#[derive(sqlx::FromRow)]
struct Row {
    order_id: Uuid,
    #[sqlx(try_from = "String")]
    state: State,
    version: i64,
    expire_time: Option<DateTime<Utc>>,
    shortages: Option<Json<Vec<Shortage>>>,
    sku: Option<String>,
    quantity: Option<i64>,
}

fn from_rows(rows: &[Row]) -> Result<Option<Reservation>, Error> {
    Ok(all_from_rows(rows)?.pop())
}

/// Of rows in which the lines of each follow each other.
fn all_from_rows(rows: &[Row]) -> Result<Vec<Reservation>, Error> {
    rows.chunk_by(|one, next| one.order_id == next.order_id)
        .map(one_from_rows)
        .collect()
}

fn one_from_rows(rows: &[Row]) -> Result<Reservation, Error> {
    let Row {
        order_id,
        state,
        version,
        expire_time,
        ref shortages,
        ..
    } = rows[0];
    let lines = rows
        .iter()
        .filter_map(|row| row.sku.clone().zip(row.quantity));
    let lines = Lines::new(lines).map_err(|_| store::Error::unreadable("reservation", order_id))?;
    let shortages = shortages.as_ref();
    Ok(Reservation {
        order_id,
        state,
        version,
        expire_time,
        lines,
        shortages: shortages.map_or_else(Vec::new, |Json(shortages)| shortages.clone()),
    })
}
