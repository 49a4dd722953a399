//! What everybody says, page by page.

use std::collections::HashMap;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::amount;
use crate::client::Client;
use crate::ledger::{self, Balance};
use crate::shop::payments::{self, Payment};

const PAGE: u32 = 200;

/// An order.
pub(super) struct Order {
    pub(super) state: String,
    /// How its money stands.
    pub(super) payment: String,
    pub(super) update_time: Option<DateTime<Utc>>,
}

/// A payment as its provider knows it, in minor units.
pub(super) struct AtProvider {
    pub(super) reference: String,
    pub(super) payment: String,
    pub(super) held: i64,
    pub(super) captured: i64,
    pub(super) refunded: i64,
}

/// All of it: by the order's id, payments by their own.
#[derive(Default)]
pub(super) struct Books {
    pub(super) orders: HashMap<String, Order>,
    pub(super) reservations: HashMap<String, String>,
    pub(super) shipments: HashMap<String, String>,
    pub(super) payments: HashMap<String, Payment>,
    pub(super) provider: Vec<AtProvider>,
    pub(super) ledger: Vec<Balance>,
}

impl Books {
    /// Reads what orders may hold before the orders themselves: whatever is there then was asked for by
    /// an order that is there too.
    pub(super) async fn read(client: &Client) -> Result<Books> {
        let pages = async |collection: &str, plural: &str, size| {
            let items = client.list(&["v1", collection], &[], plural, size).await;
            items.with_context(|| collection.to_owned())
        };
        let list = async |plural: &str| pages(plural, plural, Some(PAGE)).await;
        // In pages of its own.
        let provider = pages("payments:listAtProvider", "payments", None).await?;
        let payments = payments::all(client).await.context("payments")?;
        let ledger = ledger::balances(client).await?;
        let reservations = list("reservations").await?;
        let shipments = list("shipments").await?;
        let orders = list("orders").await?;
        Ok(Books {
            orders: by(&orders, "orderId", |order| Order {
                state: state(&order["state"], "ORDER_STATE_"),
                payment: state(&order["payment"], "ORDER_PAYMENT_"),
                update_time: order["updateTime"].as_str().and_then(|it| it.parse().ok()),
            }),
            reservations: by(&reservations, "orderId", |it| {
                state(&it["state"], "RESERVATION_STATE_")
            }),
            shipments: by(&shipments, "orderId", |it| {
                state(&it["state"], "SHIPMENT_STATE_")
            }),
            payments: payments.into_iter().map(|it| (it.id.clone(), it)).collect(),
            provider: provider
                .iter()
                .map(|it| AtProvider {
                    reference: text(&it["providerRef"]),
                    payment: text(&it["paymentId"]),
                    held: minor(&it["held"]),
                    captured: minor(&it["captured"]),
                    refunded: minor(&it["refunded"]),
                })
                .collect(),
            ledger,
        })
    }

    /// How much was compared.
    pub(super) fn summary(&self) -> String {
        format!(
            "compared {} orders, {} reservations, {} shipments, {} payments, {} of the provider's and \
             {} balances",
            self.orders.len(),
            self.reservations.len(),
            self.shipments.len(),
            self.payments.len(),
            self.provider.len(),
            self.ledger.len()
        )
    }
}

fn by<T>(items: &[Value], id: &str, read: impl Fn(&Value) -> T) -> HashMap<String, T> {
    let items = items.iter();
    items.map(|item| (text(&item[id]), read(item))).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn state(value: &Value, prefix: &str) -> String {
    text(value).trim_start_matches(prefix).to_owned()
}

fn minor(amount: &Value) -> i64 {
    amount::from_json(amount).map_or(0, |amount| amount.minor)
}
