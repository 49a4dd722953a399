//! Reading orders with their items.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use money::{Currency, Money};
use sqlx::FromRow;
use sqlx::types::Json;
use store::{Dialect, Error, Tx};
use uuid::Uuid;

use crate::domain::{Address, Funds, Item, Order, Rejection, State};

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT ", columns!(orders), " FROM orders ", $rest)
    };
}

macro_rules! select_items {
    ($rest:literal) => {
        concat!(
            "SELECT ",
            columns!(order_items),
            " FROM order_items ",
            $rest,
            " ORDER BY order_id, line"
        )
    };
}

#[derive(FromRow)]
struct OrderRow {
    order_id: Uuid,
    user_id: Uuid,
    external_reference: Option<String>,
    #[sqlx(try_from = "String")]
    state: State,
    version: i64,
    currency: String,
    total_minor: i64,
    #[sqlx(json)]
    ship_to: Address,
    rejection_reason: Option<String>,
    rejection_details: Option<Vec<u8>>,
    create_time: DateTime<Utc>,
    update_time: DateTime<Utc>,
    #[sqlx(json(nullable))]
    funds: Option<Funds>,
}

#[derive(FromRow)]
struct ItemRow {
    order_id: Uuid,
    sku: String,
    title: String,
    quantity: i32,
    unit_price_minor: i64,
}

/// The order, whosever it is.
pub(crate) async fn find(tx: &mut Tx, id: Uuid) -> Result<Option<Order>, Error> {
    let row = store::fetch_optional!(tx, OrderRow, select!("WHERE order_id = $1"), id)?;
    Ok(with_items(tx, row.into_iter().collect()).await?.pop())
}

/// Which orders to list; `None` is any.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// Account that they belong to.
    pub(crate) user_id: Option<Uuid>,
    /// Reference in the system that they were taken over from.
    pub(crate) external_reference: Option<String>,
    /// Where they stand.
    pub(crate) state: Option<State>,
}

/// At most `limit` orders, the newest first, from the one before `before` on.
pub(crate) async fn list(
    tx: &mut Tx,
    filter: &Filter,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Order>, Error> {
    let before = before.unwrap_or(Uuid::max());
    let reference = filter.external_reference.as_deref();
    let state = filter.state.map(State::as_str);
    // Each has an index of its own, so each is a statement of its own.
    let rows = match (reference, filter.user_id) {
        (Some(reference), user_id) => store::fetch_all!(
            tx,
            OrderRow,
            select!(
                "WHERE external_reference = $1 AND ($2 IS NULL OR user_id = $2)
                 AND order_id < $3 AND ($4 IS NULL OR state = $4)
                 ORDER BY order_id DESC LIMIT $5"
            ),
            reference,
            user_id,
            before,
            state,
            limit
        )?,
        (None, Some(user_id)) => store::fetch_all!(
            tx,
            OrderRow,
            select!(
                "WHERE user_id = $1 AND order_id < $2 AND ($3 IS NULL OR state = $3)
                 ORDER BY order_id DESC LIMIT $4"
            ),
            user_id,
            before,
            state,
            limit
        )?,
        (None, None) => store::fetch_all!(
            tx,
            OrderRow,
            select!(
                "WHERE order_id < $1 AND ($2 IS NULL OR state = $2)
                 ORDER BY order_id DESC LIMIT $3"
            ),
            before,
            state,
            limit
        )?,
    };
    with_items(tx, rows).await
}

async fn with_items(tx: &mut Tx, orders: Vec<OrderRow>) -> Result<Vec<Order>, Error> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let ids = orders
        .iter()
        .map(|order| order.order_id.simple().to_string());
    let ids = Json(ids.collect::<Vec<_>>());
    let rows = match tx.dialect() {
        Dialect::Postgres => store::fetch_all!(
            tx,
            ItemRow,
            select_items!(
                "WHERE order_id = ANY (ARRAY(SELECT jsonb_array_elements_text($1)::uuid))"
            ),
            ids
        )?,
        Dialect::Sqlite => store::fetch_all!(
            tx,
            ItemRow,
            select_items!("WHERE order_id IN (SELECT unhex(value) FROM json_each($1))"),
            ids
        )?,
    };
    let mut items: HashMap<Uuid, Vec<Item>> = HashMap::with_capacity(orders.len());
    for row in rows {
        items.entry(row.order_id).or_default().push(Item {
            sku: row.sku,
            title: row.title,
            quantity: row.quantity,
            unit_price: row.unit_price_minor,
        });
    }
    let complete = |row: OrderRow| {
        let currency = Currency::recorded(&row.currency)
            .map_err(|_| Error::unreadable("order", row.order_id))?;
        Ok(Order {
            id: row.order_id,
            user_id: row.user_id,
            external_reference: row.external_reference,
            state: row.state,
            version: row.version,
            items: items.remove(&row.order_id).unwrap_or_default(),
            total: Money {
                currency,
                minor: row.total_minor,
            },
            funds: row.funds,
            ship_to: row.ship_to,
            rejection: row.rejection_reason.map(|reason| Rejection {
                reason,
                details: row.rejection_details.unwrap_or_default(),
            }),
            create_time: row.create_time,
            update_time: row.update_time,
        })
    };
    orders.into_iter().map(complete).collect()
}
