//! What `import` and `seed` do through the public REST API, each step safe to do again.

pub(crate) mod payments;

use std::collections::{HashMap, HashSet};

use money::Money;
use serde_json::{Value, json};

use crate::{
    amount,
    client::{Client, Failure},
};

/// Whether a step made something or found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    New,
    Before,
}

/// A product to add.
pub(crate) struct NewProduct<'a> {
    pub(crate) sku: &'a str,
    pub(crate) title: &'a str,
    pub(crate) description: &'a str,
    pub(crate) price: Money,
}

/// An order as the API tells it.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub(crate) id: String,
    pub(crate) user: String,
    pub(crate) reference: String,
    pub(crate) state: String,
    pub(crate) items: Vec<Item>,
    /// In minor units.
    pub(crate) total: i64,
}

/// A line of an order.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) quantity: u64,
    pub(crate) unit_price: Money,
}

impl Order {
    pub(crate) fn read(order: &Value) -> Order {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let item = |item: &Value| {
            Some(Item {
                sku: text(&item["sku"]),
                quantity: item["quantity"].as_u64()?,
                unit_price: amount::from_json(&item["unitPrice"])?,
            })
        };
        let items = order["items"].as_array();
        Order {
            id: text(&order["orderId"]),
            user: text(&order["userId"]),
            reference: text(&order["externalReference"]),
            state: text(&order["state"])
                .trim_start_matches("ORDER_STATE_")
                .to_owned(),
            items: items.into_iter().flatten().filter_map(item).collect(),
            total: amount::from_json(&order["total"]).map_or(0, |total| total.minor),
        }
    }

    /// Whether it has sold something: it is promised, and was not cancelled.
    pub(crate) fn is_sold(&self) -> bool {
        matches!(
            self.state.as_str(),
            "CONFIRMED" | "SHIPPED" | "DELIVERED" | "RETURNED"
        )
    }

    /// Whether it was refused: it never will be anything, and leaves its reference to another one.
    pub(crate) fn is_refused(&self) -> bool {
        matches!(self.state.as_str(), "REJECTING" | "REJECTED")
    }

    /// Whether the shop works on it at this moment.
    pub(crate) fn is_in_progress(&self) -> bool {
        matches!(self.state.as_str(), "PENDING" | "REJECTING" | "CANCELLING")
    }

    pub(crate) fn units(&self) -> u64 {
        self.items.iter().map(|item| item.quantity).sum()
    }
}

/// SKUs of all products, archived ones too.
pub(crate) async fn skus(client: &Client) -> Result<HashSet<String>, Failure> {
    let products = client
        .list(
            &["v1", "products"],
            &[("showArchived", "true")],
            "products",
            Some(1000),
        )
        .await?;
    Ok(products
        .iter()
        .filter_map(|product| product["sku"].as_str().map(str::to_owned))
        .collect())
}

pub(crate) async fn add_product(
    client: &Client,
    product: &NewProduct<'_>,
) -> Result<Made, Failure> {
    let call = client.post(["v1", "products"]).body(json!({
        "sku": product.sku,
        "title": product.title,
        "description": product.description,
        "price": amount::to_json(product.price),
    }));
    made(client.send(call).await).map(|(made, _)| made)
}

/// Ids of the accounts that have an external id, by it.
pub(crate) async fn users(client: &Client) -> Result<HashMap<String, String>, Failure> {
    let users = client
        .list(&["v1", "users"], &[], "users", Some(1000))
        .await?;
    let pair = |user: &Value| {
        Some((
            user["externalId"].as_str()?.to_owned(),
            user["userId"].as_str()?.to_owned(),
        ))
    };
    Ok(users
        .iter()
        .filter_map(pair)
        .filter(|(external_id, _)| !external_id.is_empty())
        .collect())
}

/// Opens an account without a password, or finds the one with this external id; its id.
pub(crate) async fn add_user(
    client: &Client,
    external_id: &str,
    name: &str,
) -> Result<(Made, String), Failure> {
    let call = client
        .post(["v1", "users"])
        .body(json!({"externalId": external_id, "displayName": name}));
    let (made, user) = made(client.send(call).await)?;
    if let Some(id) = user["userId"].as_str() {
        return Ok((made, id.to_owned()));
    }
    let found = client
        .send(client.get(["v1", "users"]).query("externalId", external_id))
        .await?;
    match found["users"][0]["userId"].as_str() {
        Some(id) => Ok((made, id.to_owned())),
        None => Err(Failure::contradiction(&format!(
            "the account {external_id} exists, but is not listed"
        ))),
    }
}

/// Puts units on hand, once for each `reason`: the server answers a repetition by its key, and
/// the history of the stock tells of one that is older than the server keeps keys.
pub(crate) async fn add_stock(
    client: &Client,
    sku: &str,
    units: i64,
    reason: &str,
    key: String,
) -> Result<Made, Failure> {
    let history = match client
        .list(
            &["v1", "stock", sku, "adjustments"],
            &[],
            "adjustments",
            Some(1000),
        )
        .await
    {
        Ok(history) => history,
        Err(failure) if failure.not_found() => Vec::new(),
        Err(failure) => return Err(failure),
    };
    if history
        .iter()
        .any(|adjustment| adjustment["reason"] == reason)
    {
        return Ok(Made::Before);
    }
    let action = format!("{sku}:adjust");
    let call = client
        .post(["v1", "stock", &action])
        .body(json!({"delta": units.to_string(), "reason": reason}))
        .idempotency_key(key);
    client.send(call).await.map(|_| Made::New)
}

/// All orders that have an external reference.
pub(crate) async fn orders(client: &Client) -> Result<Vec<Order>, Failure> {
    let orders = client
        .list(&["v1", "orders"], &[], "orders", Some(200))
        .await?;
    Ok(orders
        .iter()
        .map(Order::read)
        .filter(|order| !order.reference.is_empty())
        .collect())
}

/// Places an order in the name of an account; one with the same reference may be there before.
pub(crate) async fn place_order(
    client: &Client,
    order: Value,
    key: String,
) -> Result<Made, Failure> {
    let call = client
        .post(["v1", "orders"])
        .body(order)
        .idempotency_key(key);
    made(client.send(call).await).map(|(made, _)| made)
}

fn made(outcome: Result<Value, Failure>) -> Result<(Made, Value), Failure> {
    match outcome {
        Ok(made) => Ok((Made::New, made)),
        Err(failure) if failure.exists() => Ok((Made::Before, Value::Null)),
        Err(failure) => Err(failure),
    }
}
