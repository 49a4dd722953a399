//! Orders whose shipments move.

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::tradewind::shipping::v1::{ShipmentDelivered, ShipmentDispatched};
use store::{Tx, message};
use uuid::Uuid;

use super::{actor, advance, locked};
use crate::domain::Step;
use crate::service::Orders;
use crate::store::changes::Change;
use crate::store::tasks;

pub(super) const SUBJECTS: &[&str] = &[ShipmentDispatched::SUBJECT, ShipmentDelivered::SUBJECT];

/// Moves the order whose shipment moved, and has its money taken once the carrier has it. Events may
/// come twice and in any order.
pub(super) async fn follow(orders: &Orders, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let (order_id, step, dispatched) = read(event)?;
    let now = orders.clock.now();
    let (id, order) = locked(tx, &order_id).await?;
    let to = order
        .state
        .after(step)
        .map_err(|refused| Failure::Permanent(refused.to_string()))?;
    if let (Some(shipment), true) = (dispatched, order.funds.is_some()) {
        tasks::capture(tx, id, shipment, now).await?;
        tx.wake_on_commit(&orders.wake);
    }
    if to == order.state {
        return Ok(());
    }
    let change = Change {
        actor: &actor(event),
        ..Change::of(order.state, to, now)
    };
    Ok(advance(orders, tx, id, &change).await?)
}

/// The order, its step, and the shipment if it was dispatched.
fn read(event: &Event) -> Result<(String, Step, Option<Uuid>), Failure> {
    match event.subject.as_str() {
        ShipmentDispatched::SUBJECT => {
            let message: ShipmentDispatched = message(event)?;
            let shipment = store::events::id("a shipment", &message.shipment_id)?;
            Ok((message.order_id, Step::Dispatch, Some(shipment)))
        }
        ShipmentDelivered::SUBJECT => {
            let message: ShipmentDelivered = message(event)?;
            Ok((message.order_id, Step::Deliver, None))
        }
        other => Err(Failure::Permanent(format!("nobody asked for {other}"))),
    }
}
