//! Handing shipments to the carrier, and everything that may come of it.

use contracts::tradewind::shipping::v1::{
    CancelShipmentRequest, CancelShipmentResponse, DeliverShipmentRequest, DeliverShipmentResponse,
    DispatchShipmentRequest, DispatchShipmentResponse,
};
use net::planted::is_planted;
use runtime::id;
use store::NewEvent;
use uuid::Uuid;

use crate::convert;
use crate::domain::{InvalidTransition, Shipment, State, Step, Transport};
use crate::error::Error;
use crate::events;
use crate::service::Shipping;
use crate::store::shipments;

pub(super) async fn dispatch(
    shipping: &Shipping,
    request: DispatchShipmentRequest,
) -> Result<DispatchShipmentResponse, Error> {
    let id = id::parse("shipmentId", &request.shipment_id)?;
    let by = Transport {
        carrier: request.carrier,
        tracking_number: request.tracking_number,
    };
    let shipment = advance(shipping, id, Step::Dispatch, Some(&by), events::dispatched).await?;
    match shipment.transport {
        Some(ref done) if *done == by => Ok(DispatchShipmentResponse {
            shipment: Some(convert::shipment(&shipment)),
        }),
        done => Err(Error::DispatchedOtherwise {
            shipment: id,
            by: done.unwrap_or(by),
        }),
    }
}

pub(super) async fn deliver(
    shipping: &Shipping,
    request: DeliverShipmentRequest,
) -> Result<DeliverShipmentResponse, Error> {
    let id = id::parse("shipmentId", &request.shipment_id)?;
    let shipment = advance(shipping, id, Step::Deliver, None, events::delivered).await?;
    Ok(DeliverShipmentResponse {
        shipment: Some(convert::shipment(&shipment)),
    })
}

pub(super) async fn cancel(
    shipping: &Shipping,
    request: CancelShipmentRequest,
) -> Result<CancelShipmentResponse, Error> {
    let order = id::parse("orderId", &request.order_id)?;
    let (mark, now) = (shipping.random.uuid7(&shipping.clock), shipping.clock.now());
    let mut tx = shipping.db.begin().await?;
    if is_planted("cancel without tombstone") && !shipments::is_any(&mut tx, order).await? {
        return Ok(CancelShipmentResponse {});
    }
    let state = shipments::cancel(&mut tx, order, mark, now, &shipping.transitions).await?;
    tx.commit().await?;
    if state == State::Cancelled {
        return Ok(CancelShipmentResponse {});
    }
    let refused = InvalidTransition {
        state,
        step: Step::Cancel,
    };
    Err(Error::InvalidState {
        subject: format!("orders/{order}"),
        refused,
    })
}

/// Moves the shipment and tells of it. Returns it as it stands afterwards, also if the step's
/// effect was there already.
async fn advance(
    shipping: &Shipping,
    id: Uuid,
    step: Step,
    transport: Option<&Transport>,
    event: fn(&Shipment) -> NewEvent,
) -> Result<Shipment, Error> {
    let now = shipping.clock.now();
    let mut tx = shipping.db.begin().await?;
    loop {
        let shipment = shipments::find(&mut tx, id)
            .await?
            .ok_or(Error::NotFound(id))?;
        let from = shipment.state;
        let to = from.after(step).map_err(|refused| Error::InvalidState {
            subject: format!("shipments/{id}"),
            refused,
        })?;
        if to == from {
            return Ok(shipment);
        }
        // Somebody else may have moved it since it was read: then it is looked at again.
        let transitions = &shipping.transitions;
        if shipments::advance(&mut tx, id, from, to, transport, now, transitions).await? {
            let moved = Shipment {
                state: to,
                version: shipment.version + 1,
                transport: transport.cloned().or(shipment.transport),
                update_time: now,
                ..shipment
            };
            shipping.outbox.append(&mut tx, event(&moved)).await?;
            tx.commit().await?;
            return Ok(moved);
        }
    }
}
