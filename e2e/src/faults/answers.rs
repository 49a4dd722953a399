//! What clients were answered, held against what the shop says afterwards.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    history::{History, Outcome, Placed},
    shop::Shop,
};
use crate::{
    invariants::{Rule, Violation},
    shop,
};

/// What was answered with success and is not so, and what is there that nobody asked for.
pub(super) async fn wrong(shop: &Shop, histories: &[Arc<History>]) -> Vec<Violation> {
    let mut orders = BTreeMap::new();
    for (number, customer) in shop.customers.iter().enumerate() {
        for order in customer.rest.all("/v1/orders", "orders").await {
            let id = order["orderId"].as_str().unwrap_or_default().to_owned();
            orders.insert(id, (number, order));
        }
    }
    let mut given_back: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut wrong = of_orders(histories, &orders);
    for history in histories {
        wrong.extend(history.known().wrong.clone());
        let refunds = history.known().refunds.clone();
        for (payment, refund) in refunds {
            let all = given_back.entry(payment).or_insert((0, 0));
            *all = (all.0 + refund.0, all.1 + refund.1);
        }
    }
    for (payment, (asked, answered)) in given_back {
        let reply = shop.admin.get(&format!("/v1/payments/{payment}")).await;
        let refunded = shop::pence(&reply.json["refunded"]);
        if refunded < answered || refunded > asked {
            let what = format!(
                "of the payment {payment} {refunded} were given back, {answered} answered, {asked} asked for"
            );
            wrong.push(Violation::of(Rule::Answers, what));
        }
    }
    wrong
}

fn of_orders(
    histories: &[Arc<History>],
    orders: &BTreeMap<String, (usize, Value)>,
) -> Vec<Violation> {
    let mut wrong = Vec::new();
    let mut complain = |what: String| wrong.push(Violation::of(Rule::Answers, what));
    let mut taken: BTreeMap<String, String> = BTreeMap::new();
    let state = |id: &str| {
        let found = orders.get(id);
        found.map_or("", |(_, it)| it["state"].as_str().unwrap_or(""))
    };
    let is_sent = |id: &str| matches!(state(id), "ORDER_STATE_SHIPPED" | "ORDER_STATE_DELIVERED");
    for history in histories {
        let known = history.known();
        for (key, placed) in &known.orders {
            let id = match &placed.outcome {
                Outcome::Refused => continue,
                Outcome::Unknown => {
                    complain(format!("nobody says what became of the order {key}"));
                    continue;
                }
                Outcome::Taken { id, .. } => id,
            };
            if let Some(other) = taken.insert(id.clone(), key.clone()) {
                complain(format!(
                    "{key} and {other} were answered with the order {id}"
                ));
            }
            let Some((customer, order)) = orders.get(id) else {
                complain(format!("the order {id} was taken and is lost"));
                continue;
            };
            if let Some(what) = differs(placed, *customer, order) {
                complain(format!("the order {id} is not what was answered: {what}"));
            }
        }
        for id in &known.cancelled {
            if state(id) != "ORDER_STATE_CANCELLED" {
                complain(format!("the order {id} was cancelled and is {}", state(id)));
            }
        }
        for id in known.dispatched.iter().filter(|id| !is_sent(id)) {
            complain(format!(
                "the order {id} was dispatched and is {}",
                state(id)
            ));
        }
    }
    // What was refused left nothing but its refusal.
    for id in orders.keys().filter(|id| !taken.contains_key(*id)) {
        if !matches!(state(id), "ORDER_STATE_REJECTED" | "ORDER_STATE_REJECTING") {
            complain(format!(
                "the order {id} was answered to nobody and is {}",
                state(id)
            ));
        }
    }
    wrong
}

/// What of an order is not as it was answered.
fn differs(placed: &Placed, customer: usize, order: &Value) -> Option<String> {
    let Outcome::Taken {
        total,
        is_confirmed,
        ..
    } = &placed.outcome
    else {
        return None;
    };
    if customer != placed.customer {
        return Some("it is somebody else's".to_owned());
    }
    if shop::pence(total) != shop::pence(&order["total"]) {
        return Some(format!("it costs {}", order["total"]));
    }
    let lines = |items: &Value| -> Vec<(String, i64)> {
        let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
        let line = |item: &Value| {
            let sku = item["sku"].as_str().unwrap_or_default().to_owned();
            (sku, item["quantity"].as_i64().unwrap_or_default())
        };
        items.iter().map(line).collect()
    };
    if lines(&placed.items) != lines(&order["items"]) {
        return Some(format!("it has {}", order["items"]));
    }
    let is_rejected = order["state"] == "ORDER_STATE_REJECTED";
    (*is_confirmed && is_rejected).then(|| "it was confirmed, and is rejected".to_owned())
}
