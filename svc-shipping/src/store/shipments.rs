//! Rows of shipments, and of the marks that cancelled orders leave.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::FromRow;
use sqlx::types::Json;
use store::measure::{self, Transitions};
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use crate::domain::{Address, Item, Shipment, State, Transport};

/// Of all that a [`ShipmentRow`] holds, and an [`ItemRow`].
macro_rules! columns {
    (shipments) => {
        "shipment_id, order_id, user_id, state, version, ship_to, carrier, tracking_number, \
         create_time, update_time"
    };
    (items) => {
        "shipment_id, sku, title, quantity"
    };
}

/// Marks have no user: they are no shipments.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            columns!(shipments),
            " FROM shipments WHERE user_id IS NOT NULL AND ",
            $rest
        )
    };
}

/// The items of shipments, in the order of their lines.
macro_rules! select_items {
    ($of:literal) => {
        concat!(
            "SELECT ",
            columns!(items),
            " FROM shipment_items WHERE shipment_id ",
            $of,
            " ORDER BY shipment_id, line"
        )
    };
}

/// `INSERT` of the items that come after it.
macro_rules! insert_items {
    ($items:literal) => {
        concat!(
            "INSERT INTO shipment_items (",
            columns!(items),
            ", line) ",
            $items
        )
    };
}

#[derive(FromRow)]
struct ShipmentRow {
    shipment_id: Uuid,
    order_id: Uuid,
    user_id: Uuid,
    #[sqlx(try_from = "String")]
    state: State,
    version: i64,
    #[sqlx(json)]
    ship_to: Address,
    carrier: Option<String>,
    tracking_number: Option<String>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
}

#[derive(FromRow)]
struct StateRow {
    #[sqlx(try_from = "String")]
    state: State,
}

#[derive(FromRow)]
struct ItemRow {
    shipment_id: Uuid,
    sku: String,
    title: String,
    quantity: i32,
}

/// Items travel as one JSON parameter, so that 600 lines cost as many statements as one.
#[derive(Serialize)]
struct NewItem<'a> {
    line: usize,
    sku: &'a str,
    title: &'a str,
    quantity: i32,
}

/// Writes a new shipment with its items. Returns false, and writes nothing, if the order has one
/// already, or was cancelled.
pub(crate) async fn insert(
    tx: &mut Tx,
    shipment: &Shipment,
    transitions: &Transitions,
) -> Result<bool, Error> {
    let inserted = store::execute!(
        tx,
        concat!(
            "INSERT INTO shipments (",
            columns!(shipments),
            ") VALUES ($1, $2, $3, $4, $5, $6, NULL, NULL, $7, $8)
             ON CONFLICT (order_id) DO NOTHING"
        ),
        shipment.id,
        shipment.order_id,
        shipment.user_id,
        shipment.state.as_str(),
        shipment.version,
        Json(&shipment.ship_to),
        shipment.create_time,
        shipment.update_time
    )?;
    if inserted == 0 {
        return Ok(false);
    }
    let items = shipment
        .items
        .iter()
        .enumerate()
        .map(|(line, item)| NewItem {
            line,
            sku: &item.sku,
            title: &item.title,
            quantity: item.quantity,
        });
    let items = Json(items.collect::<Vec<_>>());
    match tx.dialect() {
        Dialect::Postgres => store::execute!(
            tx,
            insert_items!(
                "SELECT $1, sku, title, quantity, line FROM jsonb_to_recordset($2)
                 AS item (sku text, title text, quantity integer, line integer)"
            ),
            shipment.id,
            items
        )?,
        Dialect::Sqlite => store::execute!(
            tx,
            insert_items!(
                "SELECT $1, value ->> 'sku', value ->> 'title', value ->> 'quantity',
                 value ->> 'line' FROM json_each($2)"
            ),
            shipment.id,
            items
        )?,
    };
    transitions.count(tx, shipment.state.as_str());
    Ok(true)
}

/// Cancels the order's shipment if it is not dispatched yet. If there is none, leaves a mark
/// under the id `mark`, so that none will be made. Returns where the order's row stands then.
pub(crate) async fn cancel(
    tx: &mut Tx,
    order: Uuid,
    mark: Uuid,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<State, Error> {
    let written = store::fetch_optional!(
        tx,
        (Option<Uuid>,),
        "INSERT INTO shipments (shipment_id, order_id, state, version, create_time, update_time)
         VALUES ($1, $2, 'CANCELLED', 1, $3, $3)
         ON CONFLICT (order_id) DO UPDATE
         SET state = 'CANCELLED', version = shipments.version + 1, update_time = excluded.update_time
         WHERE shipments.state = 'PREPARING' RETURNING user_id",
        mark,
        order,
        now
    )?;
    // A mark has no user.
    if written.is_some_and(|(user,)| user.is_some()) {
        transitions.count(tx, State::Cancelled.as_str());
    }
    let sql = "SELECT state FROM shipments WHERE order_id = $1";
    let StateRow { state } = store::fetch_one!(tx, StateRow, sql, order)?;
    Ok(state)
}

/// Whether the order has a shipment, or a mark.
pub(crate) async fn is_any(tx: &mut Tx, order: Uuid) -> Result<bool, Error> {
    let sql = "SELECT 1 FROM shipments WHERE order_id = $1";
    Ok(store::fetch_optional!(tx, (i32,), sql, order)?.is_some())
}

/// Moves a shipment from one state to another. Returns false if it does not stand in `from`.
pub(crate) async fn advance(
    tx: &mut Tx,
    id: Uuid,
    from: State,
    to: State,
    transport: Option<&Transport>,
    now: DateTime<Utc>,
    transitions: &Transitions,
) -> Result<bool, Error> {
    let moved = store::execute!(
        tx,
        "UPDATE shipments SET state = $3, version = version + 1, update_time = $4,
             carrier = coalesce($5, carrier), tracking_number = coalesce($6, tracking_number)
         WHERE shipment_id = $1 AND state = $2",
        id,
        from.as_str(),
        to.as_str(),
        now,
        transport.map(|transport| transport.carrier.as_str()),
        transport.map(|transport| transport.tracking_number.as_str())
    )?;
    let has_moved = moved == 1;
    if has_moved {
        transitions.count(tx, to.as_str());
    }
    Ok(has_moved)
}

/// How many wait to be dispatched, and since when the oldest does.
pub(crate) async fn preparing(tx: &mut Tx) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    store::fetch_one!(
        tx,
        (i64, Option<DateTime<Utc>>),
        "SELECT count(*), min(create_time) FROM (
             SELECT create_time FROM shipments WHERE state = 'PREPARING'
             ORDER BY create_time LIMIT $1) AS waiting",
        measure::MOST
    )
}

/// The shipment, whosever it is.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Shipment>, Error> {
    let row = store::fetch_optional!(tx, ShipmentRow, select!("shipment_id = $1"), id)?;
    Ok(with_items(tx, row.into_iter().collect()).await?.pop())
}

/// At most `limit` shipments, the newest first, from the one before `before` on. `None` is any
/// user, any order.
pub(crate) async fn list(
    tx: &mut Tx,
    user: Option<Uuid>,
    order: Option<Uuid>,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Shipment>, Error> {
    let before = before.unwrap_or(Uuid::max());
    let rows = match (user, order) {
        (user, Some(order)) => store::fetch_all!(
            tx,
            ShipmentRow,
            select!(
                "order_id = $1 AND ($2 IS NULL OR user_id = $2) AND shipment_id < $3
                 ORDER BY shipment_id DESC LIMIT $4"
            ),
            order,
            user,
            before,
            limit
        )?,
        (Some(user), None) => store::fetch_all!(
            tx,
            ShipmentRow,
            select!("user_id = $1 AND shipment_id < $2 ORDER BY shipment_id DESC LIMIT $3"),
            user,
            before,
            limit
        )?,
        (None, None) => store::fetch_all!(
            tx,
            ShipmentRow,
            select!("shipment_id < $1 ORDER BY shipment_id DESC LIMIT $2"),
            before,
            limit
        )?,
    };
    with_items(tx, rows).await
}

async fn with_items(tx: &mut Tx, shipments: Vec<ShipmentRow>) -> Result<Vec<Shipment>, Error> {
    if shipments.is_empty() {
        return Ok(Vec::new());
    }
    let ids = shipments
        .iter()
        .map(|shipment| shipment.shipment_id.simple().to_string());
    let ids = Json(ids.collect::<Vec<_>>());
    let rows = match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            ItemRow,
            select_items!("= ANY (ARRAY(SELECT jsonb_array_elements_text($1)::uuid))"),
            ids
        )?,
        Dialect::Sqlite => store::fetch_all!(
            tx,
            ItemRow,
            select_items!("IN (SELECT unhex(value) FROM json_each($1))"),
            ids
        )?,
    };
    let mut items: HashMap<Uuid, Vec<Item>> = HashMap::with_capacity(shipments.len());
    for ItemRow {
        shipment_id,
        sku,
        title,
        quantity,
    } in rows
    {
        items.entry(shipment_id).or_default().push(Item {
            sku,
            title,
            quantity,
        });
    }
    let complete = |row: ShipmentRow| Shipment {
        id: row.shipment_id,
        order_id: row.order_id,
        user_id: row.user_id,
        state: row.state,
        version: row.version,
        items: items.remove(&row.shipment_id).unwrap_or_default(),
        ship_to: row.ship_to,
        transport: row
            .carrier
            .zip(row.tracking_number)
            .map(|(carrier, tracking_number)| Transport {
                carrier,
                tracking_number,
            }),
        create_time: row.create_time,
        update_time: row.update_time,
    };
    Ok(shipments.into_iter().map(complete).collect())
}
