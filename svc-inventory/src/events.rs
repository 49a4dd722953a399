//! What the inventory tells the others, and what it hears from them.

use bus::{Event, Failure};
use contracts::Event as _;
use contracts::tradewind::inventory::v1::StockChanged;
use contracts::tradewind::shipping::v1::ShipmentDispatched;
use runtime::node::Node;
use store::{NewEvent, Tx};
use uuid::Uuid;

use crate::Inventory;
use crate::domain::reservation::{Reservation, Step};
use crate::error::Error;
use crate::store::stock::Stock;
use crate::store::{adjustments, reservations};

/// The work group, and who did it in the history.
const GROUP: &str = "svc-inventory";
const SHIPPING: &str = "svc-shipping";

impl Inventory {
    /// Tells of a change of one SKU, in the transaction that makes it.
    pub(crate) async fn tell_of_stock(&self, tx: &mut Tx, stock: &Stock) -> Result<(), Error> {
        let message = StockChanged {
            skus: vec![stock.sku.clone()],
        };
        let event = NewEvent::new(&stock.sku, stock.version, &message);
        self.outbox.append(tx, event).await?;
        Ok(())
    }

    /// Tells of the change of an order's SKUs, in the transaction that makes it.
    pub(crate) async fn tell_of_reservation(
        &self,
        tx: &mut Tx,
        reservation: &Reservation,
    ) -> Result<(), Error> {
        let Reservation {
            order_id,
            version,
            lines,
            ..
        } = reservation;
        let message = StockChanged {
            skus: lines.skus().map(str::to_owned).collect(),
        };
        let event = NewEvent::new(order_id, *version, &message);
        self.outbox.append(tx, event).await?;
        Ok(())
    }

    /// Takes the units of an order off hand: the carrier has them.
    async fn dispatched(&self, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
        let ShipmentDispatched { order_id, .. } = store::message(event)?;
        let order_id = store::events::id("an order", &order_id)?;
        self.take_off_hand(tx, order_id)
            .await
            .map_err(|error| match error {
                Error::Store(error) => error.into(),
                decided => Failure::Permanent(decided.to_string()),
            })
    }

    async fn take_off_hand(&self, tx: &mut Tx, order_id: Uuid) -> Result<(), Error> {
        let reservation = reservations::get_locked(tx, order_id).await?;
        let mut reservation = reservation.ok_or(Error::NoReservation { order_id })?;
        let step = reservation.dispatch();
        match step.map_err(|refusal| Error::Refused { order_id, refusal })? {
            Step::Nothing => {}
            Step::To(state) => {
                let now = self.clock.now();
                let shift = reservation.enter(state);
                reservations::update(tx, &reservation, shift, now).await?;
                let new_id = || self.random.uuid7(&self.clock);
                adjustments::insert_dispatched(tx, &reservation, new_id, SHIPPING, now).await?;
                self.tell_of_reservation(tx, &reservation).await?;
            }
        }
        Ok(())
    }
}

/// Hears of shipments.
pub(crate) fn consume(node: &Node, inventory: &Inventory) {
    let db = inventory.db.clone();
    let inventory = inventory.clone();
    store::consume(
        node,
        &db,
        GROUP,
        &[ShipmentDispatched::SUBJECT],
        move |tx, event| {
            let inventory = inventory.clone();
            Box::pin(async move { inventory.dispatched(tx, &event).await })
        },
    );
}
