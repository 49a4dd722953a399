//! What does not fit.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::books::{AtProvider, Books, Order};
use crate::shop::payments::Payment;

/// Something that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// Whose; empty if it is nobody's.
    pub(super) order: String,
    /// What.
    pub(super) what: String,
    /// Whether the steps of the order's saga, taken once more, may mend it.
    pub(super) is_mendable: bool,
}

/// All that does not fit of what has not changed since.
pub(super) fn of(books: &Books, since: DateTime<Utc>) -> Vec<Finding> {
    let payments: HashMap<&str, &Payment> = books
        .payments
        .values()
        .map(|payment| (payment.order.as_str(), payment))
        .collect();
    let mut findings = Vec::new();
    for (id, order) in &books.orders {
        if order.update_time.is_some_and(|time| time < since) {
            let held = Held {
                reservation: books.reservations.get(id).map(String::as_str),
                shipment: books.shipments.get(id).map(String::as_str),
                payment: payments.get(id.as_str()).copied(),
            };
            findings.extend(of_order(id, order, &held));
        }
    }
    findings.extend(orphans(books));
    for at_provider in &books.provider {
        findings.extend(of_provider(at_provider, books));
    }
    findings.extend(of_ledger(books));
    findings.sort();
    findings
}

/// What others hold for an order.
struct Held<'a> {
    reservation: Option<&'a str>,
    shipment: Option<&'a str>,
    payment: Option<&'a Payment>,
}

fn of_order(id: &str, order: &Order, held: &Held<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |is_mendable, what: String| {
        findings.push(Finding {
            order: id.to_owned(),
            what,
            is_mendable,
        });
    };
    let state = order.state.as_str();
    let reservation = held.reservation.unwrap_or("not there");
    let shipment = held.shipment.unwrap_or("not there");
    match state {
        "PENDING" | "REJECTING" | "CANCELLING" => {
            find(true, format!("it is {state} and nobody drives it on"));
        }
        "REJECTED" | "CANCELLED" => {
            if matches!(reservation, "RESERVED" | "ALLOCATED" | "DISPATCHED") {
                find(true, format!("it is {state}, and its stock {reservation}"));
            }
            if matches!(shipment, "PREPARING" | "DISPATCHED" | "DELIVERED") {
                find(true, format!("it is {state}, and its shipment {shipment}"));
            }
        }
        "CONFIRMED" => {
            if !matches!(reservation, "ALLOCATED" | "DISPATCHED") {
                find(
                    false,
                    format!("it is CONFIRMED, and its stock {reservation}"),
                );
            }
            if held.shipment.is_none() {
                find(false, "it is CONFIRMED, and has no shipment".to_owned());
            }
        }
        "SHIPPED" | "DELIVERED" if reservation != "DISPATCHED" => {
            find(false, format!("it is {state}, and its stock {reservation}"));
        }
        _ => {}
    }
    match held.payment {
        None if order.payment != "NONE" => {
            find(
                false,
                format!("its money is {}, and there is no payment", order.payment),
            );
        }
        None => {}
        Some(payment) => of_money(state, payment, &mut find),
    }
    if order.payment == "CAPTURE_FAILED" {
        find(false, "it is sent, and could not be paid".to_owned());
    }
    findings
}

fn of_money(state: &str, payment: &Payment, find: &mut impl FnMut(bool, String)) {
    let kept = payment.captured - payment.refunded;
    match (state, payment.state.as_str()) {
        (
            "REJECTED" | "CANCELLED",
            "AUTHORIZING" | "REQUIRES_ACTION" | "AUTHORIZED" | "CAPTURED",
        ) => {
            find(
                true,
                format!("it is {state}, and its payment {}", payment.state),
            );
        }
        ("REJECTED" | "CANCELLED", "CLOSED") if kept > 0 => {
            find(
                false,
                format!("it is {state}, and {kept} minor units of its money are kept"),
            );
        }
        ("CONFIRMED", "DECLINED" | "LAPSED" | "CLOSING" | "CLOSED") => {
            find(
                false,
                format!("it is CONFIRMED, and its payment {}", payment.state),
            );
        }
        ("SHIPPED" | "DELIVERED", "AUTHORIZED") => {
            find(true, format!("it is {state}, and its money is not taken"));
        }
        _ => {}
    }
}

/// What is held for orders that nobody knows.
fn orphans(books: &Books) -> Vec<Finding> {
    let find = |order: &str, what: String| Finding {
        order: order.to_owned(),
        what,
        is_mendable: true,
    };
    let is_unknown = |order: &str| !books.orders.contains_key(order);
    let reservations = books.reservations.iter().filter_map(|(order, state)| {
        let holds = matches!(state.as_str(), "RESERVED" | "ALLOCATED");
        (holds && is_unknown(order))
            .then(|| find(order, format!("there is none, and its stock is {state}")))
    });
    let shipments = books.shipments.iter().filter_map(|(order, state)| {
        let holds = state != "CANCELLED";
        (holds && is_unknown(order))
            .then(|| find(order, format!("there is none, and its shipment is {state}")))
    });
    let payments = books.payments.values().filter_map(|payment| {
        let holds = matches!(
            payment.state.as_str(),
            "AUTHORIZING" | "REQUIRES_ACTION" | "AUTHORIZED" | "CAPTURED"
        );
        (holds && is_unknown(&payment.order)).then(|| {
            find(
                &payment.order,
                format!("there is none, and its payment is {}", payment.state),
            )
        })
    });
    reservations.chain(shipments).chain(payments).collect()
}

/// What the provider knows otherwise.
fn of_provider(known: &AtProvider, books: &Books) -> Option<Finding> {
    let Some(payment) = books.payments.get(&known.payment) else {
        let moved = known.held > 0 || known.captured > known.refunded;
        return moved.then(|| Finding {
            order: String::new(),
            what: format!(
                "the provider's {} holds {} and has taken {} minor units, and is of no payment here",
                known.reference, known.held, known.captured
            ),
            is_mendable: false,
        });
    };
    let find = |what: String| {
        Some(Finding {
            order: payment.order.clone(),
            what,
            is_mendable: false,
        })
    };
    if (known.captured, known.refunded) != (payment.captured, payment.refunded) {
        return find(format!(
            "the provider's {} has taken {} and given back {} minor units, its payment {} and {}",
            known.reference, known.captured, known.refunded, payment.captured, payment.refunded
        ));
    }
    let is_at_an_end = matches!(payment.state.as_str(), "CLOSED" | "DECLINED" | "LAPSED");
    if known.held > 0 && is_at_an_end {
        return find(format!(
            "the provider's {} holds {} minor units, and its payment is {}",
            known.reference, known.held, payment.state
        ));
    }
    None
}

/// Balances that are not zero, and those that payments do not add up to.
fn of_ledger(books: &Books) -> Vec<Finding> {
    let find = |what: String| Finding {
        order: String::new(),
        what,
        is_mendable: false,
    };
    let mut sums: BTreeMap<(&str, &str), i128> = BTreeMap::new();
    let mut totals: BTreeMap<&str, i128> = BTreeMap::new();
    for balance in &books.ledger {
        let currency = balance.amount.currency.code();
        let minor = i128::from(balance.amount.minor);
        *totals.entry(currency).or_default() += minor;
        *sums
            .entry((currency, balance.account.as_str()))
            .or_default() += minor;
    }
    let unbalanced = totals.iter().filter(|(_, sum)| **sum != 0);
    let mut findings: Vec<_> = unbalanced
        .map(|(currency, sum)| {
            find(format!(
                "the ledger's {currency} sums to {sum}, not to zero"
            ))
        })
        .collect();
    let mut paid: BTreeMap<(&str, &str), i128> = BTreeMap::new();
    for payment in books.payments.values() {
        let currency = payment.currency.as_str();
        *paid.entry((currency, "captured")).or_default() += i128::from(payment.captured);
        *paid.entry((currency, "refunded")).or_default() -= i128::from(payment.refunded);
    }
    for ((currency, account), sum) in paid {
        let booked = sums.get(&(currency, account)).copied().unwrap_or_default();
        if booked != sum {
            findings.push(find(format!(
                "the ledger's {account} in {currency} is {booked}, and payments sum to {sum}"
            )));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATER: DateTime<Utc> = DateTime::from_timestamp(1_800_000_000, 0).unwrap();

    fn order(state: &str, payment: &str) -> Order {
        Order {
            state: state.to_owned(),
            payment: payment.to_owned(),
            update_time: Some(DateTime::UNIX_EPOCH),
        }
    }

    fn payment(state: &str, captured: i64) -> Payment {
        Payment {
            id: "p".to_owned(),
            order: "o".to_owned(),
            state: state.to_owned(),
            currency: "GBP".to_owned(),
            authorized: 0,
            captured,
            refunded: 0,
            refunds: HashMap::new(),
        }
    }

    fn found(books: &Books) -> Vec<(String, bool)> {
        let findings = of(books, LATER).into_iter();
        findings.map(|it| (it.what, it.is_mendable)).collect()
    }

    #[test]
    fn an_order_that_holds_what_it_should_is_no_finding() {
        let mut books = Books::default();
        books
            .orders
            .insert("o".into(), order("CONFIRMED", "AUTHORIZED"));
        books.reservations.insert("o".into(), "ALLOCATED".into());
        books.shipments.insert("o".into(), "PREPARING".into());
        books.payments.insert("p".into(), payment("AUTHORIZED", 0));
        assert_eq!(found(&books), []);
    }

    #[test]
    fn what_an_ended_order_still_holds_can_be_mended() {
        let mut books = Books::default();
        books.orders.insert("o".into(), order("CANCELLED", "NONE"));
        books.reservations.insert("o".into(), "ALLOCATED".into());
        books.payments.insert("p".into(), payment("AUTHORIZED", 0));
        let found = found(&books);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|(_, is_mendable)| *is_mendable));
    }

    #[test]
    fn holds_without_an_order_are_named() {
        let mut books = Books::default();
        books.reservations.insert("o".into(), "RESERVED".into());
        books.payments.insert("p".into(), payment("AUTHORIZED", 0));
        books.provider.push(AtProvider {
            reference: "pi_1".into(),
            payment: String::new(),
            held: 100,
            captured: 0,
            refunded: 0,
        });
        let found = found(&books);
        assert_eq!(found.len(), 3, "{found:?}");
    }

    #[test]
    fn money_that_the_provider_or_the_ledger_counts_otherwise_is_named() {
        let mut books = Books::default();
        books
            .orders
            .insert("o".into(), order("DELIVERED", "CAPTURED"));
        books.reservations.insert("o".into(), "DISPATCHED".into());
        books.payments.insert("p".into(), payment("CAPTURED", 100));
        books.provider.push(AtProvider {
            reference: "pi_1".into(),
            payment: "p".into(),
            held: 0,
            captured: 90,
            refunded: 0,
        });
        let found = found(&books);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|(_, is_mendable)| !is_mendable));
    }

    #[test]
    fn what_changed_a_moment_ago_is_left_alone() {
        let mut books = Books::default();
        let fresh = Order {
            update_time: Some(LATER),
            ..order("PENDING", "NONE")
        };
        books.orders.insert("o".into(), fresh);
        assert_eq!(of(&books, LATER), []);
        assert_eq!(of(&books, LATER + chrono::TimeDelta::minutes(1)).len(), 1);
    }
}
