//! Writing orders: placing them, and moving them from state to state.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use sqlx::types::Json;
use store::measure::Transitions;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use super::history;
use crate::domain::history::{Link, Record, START, Signer};
use crate::domain::{Funds, Order, Rejection, State};

/// What takes note of every write.
#[derive(Clone)]
pub(crate) struct Journal {
    /// Signs histories.
    pub(crate) signer: Signer,
    /// Counts what comes into a state.
    pub(crate) transitions: Transitions,
}

/// Items travel as one JSON parameter, so that 600 lines cost as many statements as one.
#[derive(Serialize)]
struct NewItem<'a> {
    line: usize,
    sku: &'a str,
    title: &'a str,
    quantity: i32,
    unit_price_minor: i64,
}

macro_rules! insert_order {
    () => {
        concat!(
            "INSERT INTO orders (",
            columns!(orders),
            ", recovery_time)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL, $9, $9, $10, $11)"
        )
    };
}

macro_rules! move_order {
    () => {
        "UPDATE orders SET state = $3, version = version + 1, update_time = $4,
             rejection_reason = COALESCE($5, rejection_reason),
             rejection_details = COALESCE($6, rejection_details),
             recovery_time = $7, attempts = 0, funds = COALESCE($8, funds)
         WHERE order_id = $1 AND state = $2
         RETURNING user_id, version, (
             SELECT hash FROM order_events AS last
             WHERE last.order_id = orders.order_id AND last.sequence = orders.version - 1)"
    };
}

macro_rules! insert_event {
    ($values:literal) => {
        concat!(
            "INSERT INTO order_events (",
            columns!(order_events_chained),
            ") VALUES (",
            $values,
            ")"
        )
    };
}

/// Writes a new order with its items and its first event. It is left to recovery from
/// `recovery_time` on.
pub(crate) async fn insert(
    tx: &mut Tx,
    order: &Order,
    actor: &str,
    recovery_time: DateTime<Utc>,
    journal: &Journal,
) -> Result<(), Error> {
    let record = Record {
        order: order.id,
        sequence: order.version,
        old_state: None,
        new_state: order.state.as_str(),
        time: order.create_time.timestamp_micros(),
        adopt_time: None,
    };
    let link = journal.signer.link(&record, actor, "", START);
    let items = order.items.iter().enumerate().map(|(line, item)| NewItem {
        line,
        sku: &item.sku,
        title: &item.title,
        quantity: item.quantity,
        unit_price_minor: item.unit_price,
    });
    let items = Json(items.collect::<Vec<_>>());
    match tx.dialect() {
        Dialect::Postgres => {
            store::execute!(
                tx,
                concat!(
                    "WITH placed AS (",
                    insert_order!(),
                    "), lines AS (
                     INSERT INTO order_items (",
                    columns!(order_items),
                    ") SELECT $1, item.line, item.sku, item.title, item.quantity, item.unit_price_minor
                     FROM jsonb_to_recordset($12) AS item (line integer, sku text, title text,
                         quantity integer, unit_price_minor bigint)
                 ) ",
                    insert_event!("$1, $5, NULL, $4, $13, '', $9, $14, $15, $16, $17, $18")
                ),
                order.id,
                order.user_id,
                order.external_reference.as_deref(),
                order.state.as_str(),
                order.version,
                order.total.currency.code(),
                order.total.minor,
                Json(&order.ship_to),
                order.create_time,
                order.funds.map(Json),
                recovery_time,
                items,
                actor,
                &link.salt[..],
                &link.commitment[..],
                &link.previous[..],
                &link.hash[..],
                &link.signature[..]
            )?;
        }
        Dialect::Sqlite => {
            store::execute!(
                tx,
                insert_order!(),
                order.id,
                order.user_id,
                order.external_reference.as_deref(),
                order.state.as_str(),
                order.version,
                order.total.currency.code(),
                order.total.minor,
                Json(&order.ship_to),
                order.create_time,
                order.funds.map(Json),
                recovery_time
            )?;
            store::execute!(
                tx,
                concat!(
                    "INSERT INTO order_items (",
                    columns!(order_items),
                    ") SELECT $1, value ->> 'line', value ->> 'sku', value ->> 'title',
                     value ->> 'quantity', value ->> 'unit_price_minor'
                 FROM json_each($2)"
                ),
                order.id,
                items
            )?;
            store::execute!(
                tx,
                insert_event!("$1, $2, NULL, $3, $4, '', $5, $6, $7, $8, $9, $10"),
                order.id,
                order.version,
                order.state.as_str(),
                actor,
                order.create_time,
                &link.salt[..],
                &link.commitment[..],
                &link.previous[..],
                &link.hash[..],
                &link.signature[..]
            )?;
        }
    }
    journal.transitions.count(tx, order.state.as_str());
    Ok(())
}

/// Where an order stands that nobody else moves before the transaction ends.
#[derive(FromRow)]
pub(crate) struct Locked {
    #[sqlx(try_from = "String")]
    pub(crate) state: State,
    #[sqlx(json(nullable))]
    pub(crate) funds: Option<Funds>,
}

/// Where the order stands; nobody moves it before the transaction ends.
pub(crate) async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<Locked>, Error> {
    match tx.dialect() {
        Dialect::Postgres => store::fetch_optional!(
            tx,
            Locked,
            "SELECT state, funds FROM orders WHERE order_id = $1 FOR UPDATE",
            id
        ),
        // A write transaction is the only one there.
        Dialect::Sqlite => store::fetch_optional!(
            tx,
            Locked,
            "SELECT state, funds FROM orders WHERE order_id = $1",
            id
        ),
    }
}

/// A move of an order from one state to another.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// Where it must stand.
    pub(crate) from: State,
    /// Where it will stand.
    pub(crate) to: State,
    /// Who does it.
    pub(crate) actor: &'a str,
    /// Why, for its history.
    pub(crate) reason: &'a str,
    /// The callee's refusal, if that is why.
    pub(crate) rejection: Option<&'a Rejection>,
    /// How its money stands, if that changes.
    pub(crate) funds: Option<Funds>,
    /// When.
    pub(crate) time: DateTime<Utc>,
    /// When recovery takes it up, if it is then in progress.
    pub(crate) recovery_time: Option<DateTime<Utc>>,
}

impl Change<'_> {
    /// A move for no reason that is told, of nobody yet.
    pub(crate) fn of(from: State, to: State, time: DateTime<Utc>) -> Self {
        Change {
            from,
            to,
            actor: "",
            reason: "",
            rejection: None,
            funds: None,
            time,
            recovery_time: None,
        }
    }
}

/// An order that was moved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moved {
    /// Its owner.
    pub(crate) user_id: Uuid,
    /// Its version after the move.
    pub(crate) version: i64,
    /// What chains the move to its history.
    pub(crate) link: Link,
}

/// Moves the order, with the event for its history, or gives `None` if it does not stand where
/// `change` begins.
pub(crate) async fn advance(
    tx: &mut Tx,
    id: Uuid,
    change: &Change<'_>,
    journal: &Journal,
) -> Result<Option<Moved>, Error> {
    let rejection_reason = change.rejection.map(|rejection| rejection.reason.as_str());
    let rejection_details = change
        .rejection
        .map(|rejection| rejection.details.as_slice());
    let moved = store::fetch_optional!(
        tx,
        (Uuid, i64, Option<Vec<u8>>),
        move_order!(),
        id,
        change.from.as_str(),
        change.to.as_str(),
        change.time,
        rejection_reason,
        rejection_details,
        change.recovery_time,
        change.funds.map(Json)
    )?;
    let Some((user_id, version, last)) = moved else {
        return Ok(None);
    };
    // None of an event of before histories were chained, and of one that was committed while the
    // update waited for it.
    let previous = match last {
        Some(last) => history::hash(id, last)?,
        None => history::catch_up(tx, id, version - 1, &journal.signer, change.time).await?,
    };
    let record = Record {
        order: id,
        sequence: version,
        old_state: Some(change.from.as_str()),
        new_state: change.to.as_str(),
        time: change.time.timestamp_micros(),
        adopt_time: None,
    };
    let link = journal
        .signer
        .link(&record, change.actor, change.reason, previous);
    store::execute!(
        tx,
        insert_event!("$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12"),
        id,
        version,
        change.from.as_str(),
        change.to.as_str(),
        change.actor,
        change.reason,
        change.time,
        &link.salt[..],
        &link.commitment[..],
        &link.previous[..],
        &link.hash[..],
        &link.signature[..]
    )?;
    if change.from != change.to {
        journal.transitions.count(tx, change.to.as_str());
    }
    Ok(Some(Moved {
        user_id,
        version,
        link,
    }))
}
