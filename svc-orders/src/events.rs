//! What orders tell others, and what they hear of their shipments and of their money.

mod payments;
mod shipments;

use bus::{Event, Failure};
use contracts::tradewind::orders::v1::{
    OrderCancelled, OrderChanged, OrderConfirmed, OrderRejected,
};
use runtime::call::Caller;
use runtime::node::Node;
use store::{NewEvent, Tx};
use uuid::Uuid;

use crate::convert;
use crate::domain::{Order, State, Step};
use crate::service::Orders;
use crate::store::changes::{self, Change, Locked, Moved};

/// What is told beside [`changed`] of an order that has taken this step.
pub(crate) fn of_step(step: Step, order: &Order) -> Option<NewEvent> {
    let (order_id, version, user_id) = (order.id.to_string(), order.version, order.user_id);
    let user_id = user_id.to_string();
    match step {
        Step::Confirm => Some(confirmed(order)),
        Step::FinishReject => {
            let message = OrderRejected {
                order_id,
                version,
                user_id,
            };
            Some(NewEvent::new(order.id, version, &message))
        }
        Step::FinishCancel => {
            let message = OrderCancelled {
                order_id,
                version,
                user_id,
            };
            Some(NewEvent::new(order.id, version, &message))
        }
        _ => None,
    }
}

/// The event for an order that was confirmed.
fn confirmed(order: &Order) -> NewEvent {
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
pub(crate) fn changed(id: Uuid, moved: &Moved, state: State) -> NewEvent {
    let message = OrderChanged {
        order_id: id.to_string(),
        version: moved.version,
        user_id: moved.user_id.to_string(),
        state: convert::state(state).into(),
        history_hash: moved.link.hash.to_vec(),
        history_signature: moved.link.signature.to_vec(),
    };
    NewEvent::new(id, moved.version, &message)
}

/// Follows the shipments of orders, and their money.
pub(crate) fn consume(orders: &Orders, node: &Node) {
    let subjects: Vec<&'static str> = [shipments::SUBJECTS, payments::SUBJECTS].concat();
    let following = orders.clone();
    store::consume(node, &orders.db, node.name, &subjects, move |tx, event| {
        let orders = following.clone();
        Box::pin(async move {
            if shipments::SUBJECTS.contains(&event.subject.as_str()) {
                shipments::follow(&orders, tx, &event).await
            } else {
                payments::follow(&orders, tx, &event).await
            }
        })
    });
}

/// The order that an event is about, locked.
async fn locked(tx: &mut Tx, order_id: &str) -> Result<(Uuid, Locked), Failure> {
    let id = store::events::id("an order", order_id)?;
    let order = changes::lock(tx, id).await?;
    let order = order.ok_or_else(|| Failure::Permanent(format!("there is no order {id}")))?;
    Ok((id, order))
}

/// Who did what an event tells.
fn actor(event: &Event) -> String {
    Caller::of_workload(&event.source).actor()
}

/// Moves an order that is locked in `change.from`, and tells of it.
pub(crate) async fn advance(
    orders: &Orders,
    tx: &mut Tx,
    id: Uuid,
    change: &Change<'_>,
) -> Result<(), store::Error> {
    let moved = changes::advance(tx, id, change, &orders.journal).await?;
    let moved = moved.expect("the order is locked in this state");
    let changed = changed(id, &moved, change.to);
    orders.outbox.append(tx, changed).await?;
    if change.to.is_in_progress() {
        tx.wake_on_commit(&orders.wake);
    }
    Ok(())
}
