//! What shipping hears of orders, and what it tells of shipments.

use bus::{Event, Failure};
use chrono::{DateTime, Utc};
use contracts::tradewind::orders::v1::OrderConfirmed;
use contracts::tradewind::shipping::v1::{ShipmentCreated, ShipmentDelivered, ShipmentDispatched};
use store::{NewEvent, Outbox, Tx, message};
use uuid::Uuid;

use crate::domain::{Item, Shipment, State};
use crate::grpc::convert;
use crate::store::shipments;

/// What makes a shipment.
pub(crate) const CONSUMED: &str = "orders.v1.OrderConfirmed";

const CREATED: &str = "shipping.v1.ShipmentCreated";
const DISPATCHED: &str = "shipping.v1.ShipmentDispatched";
const DELIVERED: &str = "shipping.v1.ShipmentDelivered";

/// Makes the shipment of a confirmed order under the id `id`, unless it has one or was cancelled.
pub(crate) async fn ship(
    tx: &mut Tx,
    outbox: &Outbox,
    event: &Event,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), Failure> {
    let shipment = read(event, id, now)?;
    if shipments::insert(tx, &shipment).await? {
        outbox.append(tx, created(&shipment)).await?;
    }
    Ok(())
}

fn read(event: &Event, id: Uuid, now: DateTime<Utc>) -> Result<Shipment, Failure> {
    let permanent = |why: &str| Failure::Permanent(why.to_owned());
    let order: OrderConfirmed = message(event)?;
    let items = order.items.into_iter();
    Ok(Shipment {
        id,
        order_id: order
            .order_id
            .parse()
            .map_err(|_| permanent("it names no order"))?,
        user_id: order
            .user_id
            .parse()
            .map_err(|_| permanent("it names no user"))?,
        state: State::Preparing,
        version: 1,
        items: items
            .map(|item| Item {
                sku: item.sku,
                title: item.title,
                quantity: item.quantity,
            })
            .collect(),
        ship_to: order
            .ship_to
            .map(convert::to_address)
            .ok_or_else(|| permanent("no address"))?,
        transport: None,
        create_time: now,
        update_time: now,
    })
}

fn created(shipment: &Shipment) -> NewEvent {
    let Shipment {
        id,
        order_id,
        version,
        ..
    } = shipment;
    let message = ShipmentCreated {
        shipment_id: id.to_string(),
        order_id: order_id.to_string(),
        version: *version,
    };
    NewEvent::new(CREATED, id, *version, &message)
}

/// The event for a shipment that the carrier has taken.
pub(crate) fn dispatched(shipment: &Shipment) -> NewEvent {
    let Shipment {
        id,
        order_id,
        version,
        ..
    } = shipment;
    let message = ShipmentDispatched {
        shipment_id: id.to_string(),
        order_id: order_id.to_string(),
        version: *version,
    };
    NewEvent::new(DISPATCHED, id, *version, &message)
}

/// The event for a shipment that has arrived.
pub(crate) fn delivered(shipment: &Shipment) -> NewEvent {
    let Shipment {
        id,
        order_id,
        version,
        ..
    } = shipment;
    let message = ShipmentDelivered {
        shipment_id: id.to_string(),
        order_id: order_id.to_string(),
        version: *version,
    };
    NewEvent::new(DELIVERED, id, *version, &message)
}
