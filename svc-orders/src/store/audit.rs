//! Histories as they stand in the database, to be checked.

use chrono::{DateTime, Timelike as _};
use sqlx::FromRow;
use store::{Error, Tx};
use uuid::Uuid;

use crate::domain::history::{OrderRow, Row};

/// Orders that a page has at most. It stands in the text, as the planner must know it.
macro_rules! page_size {
    () => {
        200
    };
}

pub(crate) const PAGE_SIZE: usize = page_size!();

/// No service writes such a time.
const UNREADABLE: i64 = i64::MIN;

/// An order, or what is left of one.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) order: Uuid,
    pub(crate) row: Option<OrderRow>,
    pub(crate) events: Vec<Row>,
}

#[derive(FromRow)]
struct PageRow {
    order_id: Uuid,
    state: Option<String>,
    version: Option<i64>,
    sequence: Option<i64>,
    old_state: Option<String>,
    new_state: Option<String>,
    actor: Option<String>,
    reason: Option<String>,
    create_time: Option<String>,
    adopt_time: Option<String>,
    salt: Option<Vec<u8>>,
    commitment: Option<Vec<u8>>,
    previous_hash: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
    signature: Option<Vec<u8>>,
    erasure_signature: Option<Vec<u8>>,
}

/// One statement, so that an order and its events are of the same moment. Times are read as texts:
/// whatever stands there is judged, and does not end the reading.
macro_rules! page {
    ($create_time:literal, $adopt_time:literal) => {
        concat!(
            "SELECT ids.order_id, orders.state, orders.version, event.sequence, event.old_state,
                 event.new_state, event.actor, event.reason, ",
            $create_time,
            " AS create_time, ",
            $adopt_time,
            " AS adopt_time, event.salt, event.commitment, event.previous_hash, event.hash,
                 event.signature, event.erasure_signature
             FROM (
                 SELECT order_id FROM (
                     SELECT order_id FROM orders WHERE order_id > $1 AND order_id <= $2
                     ORDER BY order_id LIMIT ",
            page_size!(),
            ") AS placed
                 UNION
                 SELECT order_id FROM (
                     SELECT DISTINCT order_id FROM order_events
                     WHERE order_id > $1 AND order_id <= $2 ORDER BY order_id LIMIT ",
            page_size!(),
            ") AS told
                 ORDER BY order_id LIMIT ",
            page_size!(),
            ") AS ids
             LEFT JOIN orders ON orders.order_id = ids.order_id
             LEFT JOIN order_events AS event ON event.order_id = ids.order_id
             ORDER BY ids.order_id, event.sequence"
        )
    };
}

/// The first [`PAGE_SIZE`] orders after `after`, up to `last`, with their events in their order.
pub(crate) async fn page(tx: &mut Tx, after: Uuid, last: Uuid) -> Result<Vec<History>, Error> {
    let sql = tx.dialect().pick(
        page!(
            "to_char(event.create_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.USZ')",
            "to_char(event.adopt_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.USZ')"
        ),
        page!("event.create_time", "event.adopt_time"),
    );
    let rows = store::fetch_all!(tx, PageRow, sql, after, last)?;
    let mut histories: Vec<History> = Vec::new();
    for row in rows {
        let is_next = histories
            .last()
            .is_none_or(|last| last.order != row.order_id);
        if is_next {
            let order = row.state.clone().zip(row.version);
            histories.push(History {
                order: row.order_id,
                row: order.map(|(state, version)| OrderRow { state, version }),
                events: Vec::new(),
            });
        }
        let history = histories.last_mut().expect("one was pushed");
        history.events.extend(event(row));
    }
    Ok(histories)
}

/// How many orders there are.
pub(crate) async fn count(tx: &mut Tx) -> Result<i64, Error> {
    let (count,) = store::fetch_one!(tx, (i64,), "SELECT count(*) FROM orders")?;
    Ok(count)
}

/// None where an order has none.
fn event(row: PageRow) -> Option<Row> {
    Some(Row {
        sequence: row.sequence?,
        old_state: row.old_state,
        new_state: row.new_state.unwrap_or_default(),
        actor: row.actor.unwrap_or_default(),
        reason: row.reason.unwrap_or_default(),
        time: row.create_time.map_or(UNREADABLE, |text| micros(&text)),
        adopt_time: row.adopt_time.map(|text| micros(&text)),
        salt: row.salt,
        commitment: row.commitment.unwrap_or_default(),
        previous: row.previous_hash.unwrap_or_default(),
        hash: row.hash.unwrap_or_default(),
        signature: row.signature.unwrap_or_default(),
        erasure: row.erasure_signature,
    })
}

/// Microseconds since 1970.
fn micros(text: &str) -> i64 {
    match DateTime::parse_from_rfc3339(text) {
        Ok(time) if time.nanosecond().is_multiple_of(1000) => time.timestamp_micros(),
        _ => UNREADABLE,
    }
}
