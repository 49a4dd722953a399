//! Reading shipments.

use contracts::tradewind::shipping::v1::{
    GetShipmentRequest, GetShipmentResponse, GetTrackingRequest, GetTrackingResponse,
    ListShipmentsRequest, ListShipmentsResponse,
};
use runtime::call::CallContext;
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::error::Error;
use crate::service::Shipping;
use crate::store::shipments;

pub(super) async fn get(
    shipping: &Shipping,
    call: &CallContext,
    request: GetShipmentRequest,
) -> Result<GetShipmentResponse, Error> {
    let id = id::parse("shipmentId", &request.shipment_id)?;
    let mut tx = shipping.db.read().await?;
    let found = shipments::find(&mut tx, id).await?;
    let shipment = found
        .filter(|shipment| call.caller.may_see(shipment.user_id))
        .ok_or(Error::NotFound(id))?;
    Ok(GetShipmentResponse {
        shipment: Some(convert::shipment(&shipment)),
    })
}

/// What a mail says of the shipment.
pub(super) async fn tracking(
    shipping: &Shipping,
    request: GetTrackingRequest,
) -> Result<GetTrackingResponse, Error> {
    let id = id::parse("shipmentId", &request.shipment_id)?;
    let mut tx = shipping.db.read().await?;
    let found = shipments::find(&mut tx, id).await?;
    Ok(convert::tracking(&found.ok_or(Error::NotFound(id))?))
}

pub(super) async fn list(
    shipping: &Shipping,
    call: &CallContext,
    request: ListShipmentsRequest,
) -> Result<ListShipmentsResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("shipments", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let order = id::parse_if_set("orderId", &request.order_id)?;
    let user = match call.caller.is_admin() {
        true => None,
        false => Some(call.caller.user()?.id),
    };
    let mut tx = shipping.db.read().await?;
    let mut found = shipments::list(&mut tx, user, order, before, size + 1).await?;
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    let shipments = found.iter().map(convert::shipment).collect();
    Ok(ListShipmentsResponse {
        shipments,
        next_page_token,
    })
}
