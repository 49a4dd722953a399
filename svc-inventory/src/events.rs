//! What the inventory tells the others, and what it hears from them.

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::tradewind::inventory::v1::StockChanged;
use contracts::tradewind::shipping::v1::ShipmentDispatched;
use runtime::call::Caller;
use runtime::node::Node;
use store::{NewEvent, Tx};
use uuid::Uuid;

use crate::domain::reservation::{Reservation, Step};
use crate::error::Error;
use crate::service::Inventory;
use crate::store::stock::Stock;
use crate::store::{adjustments, reservations};

/// The event for a change of one SKU.
pub(crate) fn stock_changed(stock: &Stock) -> NewEvent {
    let message = StockChanged {
        skus: vec![stock.sku.clone()],
    };
    NewEvent::new(&stock.sku, stock.version, &message)
}

/// The event for a change of an order's SKUs.
fn reservation_changed(reservation: &Reservation) -> NewEvent {
    let message = StockChanged {
        skus: reservation.lines.skus().map(str::to_owned).collect(),
    };
    NewEvent::new(reservation.order_id, reservation.version, &message)
}

/// Tells of the change of a reservation and commits it; who reads its stock here next sees it.
pub(crate) async fn commit_change(
    inventory: &Inventory,
    mut tx: Tx,
    reservation: &Reservation,
) -> Result<(), Error> {
    let changed = reservation_changed(reservation);
    inventory.outbox.append(&mut tx, changed).await?;
    tx.commit().await?;
    inventory.cached.forget(reservation.lines.skus());
    Ok(())
}

/// Hears of shipments.
pub(crate) fn consume(inventory: &Inventory, node: &Node) {
    let (db, inventory) = (inventory.db.clone(), inventory.clone());
    let heard = &[ShipmentDispatched::SUBJECT];
    store::consume(node, &db, node.name, heard, move |tx, event| {
        let inventory = inventory.clone();
        Box::pin(async move { dispatched(&inventory, tx, &event).await })
    });
}

/// Takes the units of an order off hand: the carrier has them.
async fn dispatched(inventory: &Inventory, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let ShipmentDispatched { order_id, .. } = store::message(event)?;
    let order_id = store::events::id("an order", &order_id)?;
    let actor = Caller::of_workload(&event.source).actor();
    take_off_hand(inventory, tx, order_id, &actor)
        .await
        .map_err(|error| match error {
            Error::Store(error) => error.into(),
            decided => Failure::Permanent(decided.to_string()),
        })
}

async fn take_off_hand(
    inventory: &Inventory,
    tx: &mut Tx,
    order_id: Uuid,
    actor: &str,
) -> Result<(), Error> {
    let reservation = reservations::get_locked(tx, order_id).await?;
    let mut reservation = reservation.ok_or(Error::NoReservation { order_id })?;
    let step = reservation.dispatch();
    match step.map_err(|refusal| Error::Refused { order_id, refusal })? {
        Step::Nothing => {}
        Step::To(state) => {
            let now = inventory.clock.now();
            let shift = reservation.enter(state);
            let transitions = &inventory.transitions;
            reservations::update(tx, &reservation, shift, now, transitions).await?;
            let new_id = || inventory.random.uuid7(&inventory.clock);
            adjustments::insert_dispatched(tx, &reservation, new_id, actor, now).await?;
            let changed = reservation_changed(&reservation);
            inventory.outbox.append(tx, changed).await?;
        }
    }
    Ok(())
}
