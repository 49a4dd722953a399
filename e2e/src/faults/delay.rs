//! How long it takes from an order's confirmation to the row of its shipment.

use std::{collections::BTreeMap, time::Duration};

use super::history::History;
use crate::invariants::Databases;

const CONFIRMED: &str =
    "SELECT {id:order_id}, (extract(epoch FROM min(create_time)) * 1000000)::bigint::text
     FROM order_events WHERE new_state = 'CONFIRMED' GROUP BY order_id";
const SHIPPED: &str =
    "SELECT {id:order_id}, (extract(epoch FROM create_time) * 1000000)::bigint::text
     FROM shipments WHERE user_id IS NOT NULL";

/// The median of the orders of a history; nothing if none was shipped.
pub(super) async fn median(databases: &Databases, history: &History) -> Option<Duration> {
    let confirmed: BTreeMap<_, _> = databases
        .pairs("svc-orders", CONFIRMED)
        .await
        .into_iter()
        .collect();
    let shipped: BTreeMap<_, _> = databases
        .pairs("svc-shipping", SHIPPED)
        .await
        .into_iter()
        .collect();
    let microseconds = |text: &String| text.parse::<u64>().ok();
    let delay = |order: &String| {
        let confirmed = microseconds(confirmed.get(order)?)?;
        Some(microseconds(shipped.get(order)?)?.saturating_sub(confirmed))
    };
    let orders = history.found();
    let mut delays: Vec<_> = orders.iter().filter_map(delay).collect();
    delays.sort_unstable();
    delays
        .get(delays.len() / 2)
        .copied()
        .map(Duration::from_micros)
}
