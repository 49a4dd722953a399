//! What shipping hears of orders, and what it tells of shipments.

use bus::{Event, Failure};
use chrono::{DateTime, Utc};
use contracts::Event as _;
use contracts::tradewind::orders::v1::OrderConfirmed;
use contracts::tradewind::shipping::v1::{ShipmentCreated, ShipmentDelivered, ShipmentDispatched};
use runtime::node::Node;
use store::{NewEvent, Tx, message};
use uuid::Uuid;

use crate::convert;
use crate::domain::{Item, Shipment, State};
use crate::service::Shipping;
use crate::store::shipments;

/// Makes a shipment of each order that is confirmed.
pub(crate) fn consume(shipping: &Shipping, node: &Node) {
    let (db, shipping) = (shipping.db.clone(), shipping.clone());
    store::consume(
        node,
        &db,
        node.name,
        &[OrderConfirmed::SUBJECT],
        move |tx, event| {
            let shipping = shipping.clone();
            Box::pin(async move { ship(&shipping, tx, &event).await })
        },
    );
}

/// Makes the shipment of a confirmed order, unless it has one or was cancelled.
async fn ship(shipping: &Shipping, tx: &mut Tx, event: &Event) -> Result<(), Failure> {
    let id = shipping.random.uuid7(&shipping.clock);
    let shipment = read(event, id, shipping.clock.now())?;
    if shipments::insert(tx, &shipment, &shipping.transitions).await? {
        shipping.outbox.append(tx, created(&shipment)).await?;
    }
    Ok(())
}

fn read(event: &Event, id: Uuid, now: DateTime<Utc>) -> Result<Shipment, Failure> {
    let order: OrderConfirmed = message(event)?;
    let items = order.items.into_iter();
    Ok(Shipment {
        id,
        order_id: store::events::id("an order", &order.order_id)?,
        user_id: store::events::id("a user", &order.user_id)?,
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
            .ok_or_else(|| Failure::Permanent("it has no address".to_owned()))?,
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
    NewEvent::new(id, *version, &message)
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
    NewEvent::new(id, *version, &message)
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
    NewEvent::new(id, *version, &message)
}
