//! What orders tell others, and what they hear of their shipments.

use bus::{Event, Failure};
use chrono::{DateTime, Utc};
use contracts::Event as _;
use contracts::tradewind::orders::v1::{OrderChanged, OrderConfirmed};
use contracts::tradewind::shipping::v1::{ShipmentDelivered, ShipmentDispatched};
use runtime::call::Caller;
use runtime::node::Node;
use store::{NewEvent, Outbox, Tx, message};
use uuid::Uuid;

use crate::convert;
use crate::domain::{Order, State, Step};
use crate::service::Orders;
use crate::store::changes::{self, Change};

/// The event for an order that was confirmed.
pub(crate) fn confirmed(order: &Order) -> NewEvent {
    let message = OrderConfirmed {
        order_id: order.id.to_string(),
        version: order.version,
        user_id: order.user_id.to_string(),
        items: order
            .items
            .iter()
            .map(|item| convert::item(item, order.total.currency))
            .collect(),
        ship_to: Some(convert::address(&order.ship_to)),
    };
    NewEvent::new(order.id, order.version, &message)
}

/// The event for an order that changed in any way.
pub(crate) fn changed(id: Uuid, user_id: Uuid, version: i64, state: State) -> NewEvent {
    let message = OrderChanged {
        order_id: id.to_string(),
        version,
        user_id: user_id.to_string(),
        state: convert::state(state).into(),
        ..Default::default()
    };
    NewEvent::new(id, version, &message)
}

/// Follows the shipments of orders.
pub(crate) fn consume(orders: &Orders, node: &Node) {
    let moved = &[ShipmentDispatched::SUBJECT, ShipmentDelivered::SUBJECT];
    let (outbox, clock) = (orders.outbox.clone(), orders.clock.clone());
    store::consume(node, &orders.db, node.name, moved, move |tx, event| {
        let (outbox, now) = (outbox.clone(), clock.now());
        Box::pin(async move { follow_shipment(tx, &outbox, &event, now).await })
    });
}

/// Moves the order whose shipment moved. Events may come twice and in any order.
async fn follow_shipment(
    tx: &mut Tx,
    outbox: &Outbox,
    event: &Event,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let permanent = |why: String| Failure::Permanent(why);
    let (order_id, step) = read(event)?;
    let id = store::events::id("an order", &order_id)?;
    let state = changes::lock_state(tx, id).await?;
    let state = state.ok_or_else(|| permanent(format!("there is no order {id}")))?;
    let to = state
        .after(step)
        .map_err(|refused| permanent(refused.to_string()))?;
    if to == state {
        return Ok(());
    }
    let actor = Caller::of_workload(&event.source).actor();
    let change = Change {
        from: state,
        to,
        actor: &actor,
        reason: "",
        rejection: None,
        time: now,
        recovery_time: None,
    };
    let moved = changes::advance(tx, id, &change).await?;
    let (user_id, version) = moved.expect("the order is locked in this state");
    outbox.append(tx, changed(id, user_id, version, to)).await?;
    Ok(())
}

fn read(event: &Event) -> Result<(String, Step), Failure> {
    match event.subject.as_str() {
        ShipmentDispatched::SUBJECT => Ok((
            message::<ShipmentDispatched>(event)?.order_id,
            Step::Dispatch,
        )),
        ShipmentDelivered::SUBJECT => {
            Ok((message::<ShipmentDelivered>(event)?.order_id, Step::Deliver))
        }
        other => Err(Failure::Permanent(format!("nobody asked for {other}"))),
    }
}
