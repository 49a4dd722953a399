//! The shipments of orders, and the stock that is held for them.

use std::collections::BTreeMap;

use super::{Databases, Rule, Violation};

impl Databases {
    /// Confirmed, shipped and delivered orders have one live shipment; others have none. No stock and no
    /// shipment is without an order.
    pub(super) async fn orders_without_their_shipment(&self) -> Vec<Violation> {
        let orders = self
            .pairs("svc-orders", "SELECT {id:order_id}, state FROM orders")
            .await;
        let shipments = self
            .pairs(
                "svc-shipping",
                "SELECT {id:order_id}, state FROM shipments WHERE state <> 'CANCELLED'",
            )
            .await;
        let reservations = self
            .pairs(
                "svc-inventory",
                "SELECT {id:order_id}, state FROM reservations",
            )
            .await;
        let mut alive: BTreeMap<&str, u32> = BTreeMap::new();
        for (order, _) in &shipments {
            *alive.entry(order).or_default() += 1;
        }
        let mut held: BTreeMap<&str, &str> = reservations
            .iter()
            .map(|(order, state)| (&**order, &**state))
            .collect();
        let mut violations = Vec::new();
        for (order, state) in &orders {
            let promised = matches!(state.as_str(), "CONFIRMED" | "SHIPPED" | "DELIVERED");
            let count = alive.remove(order.as_str()).unwrap_or_default();
            if count != u32::from(promised) {
                let what = format!("the order {order} is {state} and has {count} shipments");
                violations.push(Violation::of(Rule::Shipments, what));
            }
            let stock = held.remove(order.as_str()).unwrap_or("nothing");
            let right = match state.as_str() {
                "CONFIRMED" => stock == "ALLOCATED" || stock == "DISPATCHED",
                "SHIPPED" | "DELIVERED" => stock == "DISPATCHED",
                "REJECTED" | "CANCELLED" => matches!(stock, "nothing" | "RELEASED" | "EXPIRED"),
                _ => true,
            };
            if !right {
                let what = format!("the order {order} is {state} and its stock is {stock}");
                violations.push(Violation::of(Rule::Stock, what));
            }
        }
        for order in alive.keys() {
            let what = format!("a shipment for the unknown order {order}");
            violations.push(Violation::of(Rule::Owners, what));
        }
        held.retain(|_, state| !matches!(*state, "RELEASED" | "EXPIRED"));
        for (order, state) in held {
            let what = format!("stock for the unknown order {order} is {state}");
            violations.push(Violation::of(Rule::Owners, what));
        }
        violations
    }
}
