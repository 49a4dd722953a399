//! The money of orders, and the ledger.

use std::collections::BTreeMap;

use super::Databases;

/// Queries that give 0 when all is well.
pub(super) const COUNTS: &[(&str, &str, &str)] = &[
    (
        "operations whose postings do not sum to zero",
        "svc-payments",
        "SELECT count(*) FROM (
             SELECT operation_id FROM postings GROUP BY operation_id HAVING sum(amount) <> 0
         ) AS unbalanced",
    ),
    (
        "payments that say otherwise than their postings",
        "svc-payments",
        "SELECT count(*) FROM payments p JOIN (
             SELECT o.payment_id,
                 coalesce(sum(CASE WHEN t.account = 'hold' THEN t.amount END), 0) AS hold,
                 coalesce(sum(CASE WHEN t.account = 'captured' THEN t.amount END), 0) AS captured,
                 coalesce(sum(CASE WHEN t.account = 'refunded' THEN t.amount END), 0) AS refunded
             FROM operations o LEFT JOIN postings t ON t.operation_id = o.operation_id
             GROUP BY o.payment_id
         ) l ON l.payment_id = p.payment_id
         WHERE p.held <> l.hold OR p.captured <> l.captured OR p.refunded <> -l.refunded",
    ),
    (
        "payments with more taken than was held, or given back than was taken",
        "svc-payments",
        "SELECT count(*) FROM payments WHERE captured > authorized OR refunded > captured",
    ),
];

impl Databases {
    /// A confirmed order's money is held, a sent one's taken, and of an order that came to nothing
    /// nothing is kept. No payment is without an order.
    pub(super) async fn orders_without_their_money(&self) -> Vec<String> {
        let orders = "SELECT {id:order_id}, state FROM orders WHERE funds IS NOT NULL";
        let mut orders: BTreeMap<_, _> =
            self.pairs("svc-orders", orders).await.into_iter().collect();
        let payments = "SELECT {id:order_id}, CASE \
                 WHEN state IN ('AUTHORIZING', 'CLOSING') THEN 'under way' \
                 WHEN held > 0 THEN 'held' \
                 WHEN captured > refunded THEN 'taken' \
                 WHEN captured > 0 THEN 'given back' \
                 ELSE 'nothing' END \
             FROM payments WHERE provider <> ''";
        let mut wrong = Vec::new();
        for (order, money) in self.pairs("svc-payments", payments).await {
            let Some(state) = orders.remove(&order) else {
                wrong.push(format!("a payment for the unknown order {order}"));
                continue;
            };
            let is_right = match state.as_str() {
                "CONFIRMED" => money == "held",
                "SHIPPED" | "DELIVERED" => matches!(money.as_str(), "taken" | "given back"),
                "REJECTED" | "CANCELLED" => matches!(money.as_str(), "nothing" | "given back"),
                _ => true,
            };
            if !is_right {
                wrong.push(format!(
                    "the order {order} is {state} and its money is {money}"
                ));
            }
        }
        for (order, state) in orders {
            if matches!(state.as_str(), "CONFIRMED" | "SHIPPED" | "DELIVERED") {
                wrong.push(format!("the order {order} is {state} and has no payment"));
            }
        }
        wrong
    }
}
