//! The money of orders, and the ledger.

use std::collections::BTreeMap;

use super::{Databases, Rule, Violation};

/// Queries that give 0 when all is well.
pub(super) const COUNTS: &[(Rule, &str, &str, &str)] = &[
    (
        Rule::Ledger,
        "operations whose postings do not sum to zero",
        "svc-payments",
        "SELECT count(*) FROM (
             SELECT operation_id FROM postings GROUP BY operation_id HAVING sum(amount) <> 0
         ) AS unbalanced",
    ),
    (
        Rule::Ledger,
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
        Rule::Money,
        "payments with more taken than was held, or given back than was taken",
        "svc-payments",
        "SELECT count(*) FROM payments WHERE held + captured > authorized OR refunded > captured",
    ),
];

impl Databases {
    /// A confirmed order's money is held, a sent one's taken, and of an order that came to nothing
    /// nothing is kept. No payment is without an order.
    pub(super) async fn orders_without_their_money(&self) -> Vec<Violation> {
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
                let what = format!("a payment for the unknown order {order}");
                wrong.push(Violation::of(Rule::Owners, what));
                continue;
            };
            let is_right = match state.as_str() {
                "CONFIRMED" => money == "held",
                "SHIPPED" | "DELIVERED" => matches!(money.as_str(), "taken" | "given back"),
                "REJECTED" | "CANCELLED" => matches!(money.as_str(), "nothing" | "given back"),
                _ => true,
            };
            if !is_right {
                let what = format!("the order {order} is {state} and its money is {money}");
                wrong.push(Violation::of(Rule::Money, what));
            }
        }
        for (order, state) in orders {
            if matches!(state.as_str(), "CONFIRMED" | "SHIPPED" | "DELIVERED") {
                let what = format!("the order {order} is {state} and has no payment");
                wrong.push(Violation::of(Rule::Money, what));
            }
        }
        wrong
    }

    /// Money was taken for what the carrier has, and for nothing else (`CapturePayment` names the
    /// shipment).
    pub(super) async fn captures_without_their_shipment(&self) -> Vec<Violation> {
        let sent = "SELECT {id:shipment_id}, state FROM shipments \
             WHERE state IN ('DISPATCHED', 'DELIVERED')";
        let sent: BTreeMap<_, _> = self.pairs("svc-shipping", sent).await.into_iter().collect();
        let captures = "SELECT coalesce({id:request_id}, 'nothing'), {id:payment_id} \
             FROM operations WHERE kind = 'CAPTURE' AND state = 'SUCCEEDED'";
        let captures = self.pairs("svc-payments", captures).await.into_iter();
        let unfounded = captures.filter(|(reason, _)| !sent.contains_key(reason));
        unfounded
            .map(|(reason, payment)| {
                let what = format!("money of the payment {payment} was taken for {reason}");
                Violation::of(Rule::Money, what)
            })
            .collect()
    }
}
