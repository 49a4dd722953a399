//! Reading shipments.

use contracts::tradewind::shipping::v1::{
    GetShipmentRequest, GetShipmentResponse, ListShipmentsRequest, ListShipmentsResponse,
};
use runtime::call::Caller;
use store::page;
use uuid::Uuid;

use super::{Shipping, convert, may_see};
use crate::error::Error;
use crate::store::shipments;

impl Shipping {
    pub(super) async fn get(
        &self,
        caller: &Caller,
        request: &GetShipmentRequest,
    ) -> Result<GetShipmentResponse, Error> {
        let id = convert::id(&request.shipment_id);
        let mut tx = self.db.read().await?;
        let found = shipments::find(&mut tx, id).await?;
        let shipment = found
            .filter(|shipment| may_see(caller, shipment.user_id))
            .ok_or(Error::NotFound(id))?;
        Ok(GetShipmentResponse {
            shipment: Some(convert::shipment(&shipment)),
        })
    }

    pub(super) async fn list(
        &self,
        caller: &Caller,
        request: &ListShipmentsRequest,
    ) -> Result<ListShipmentsResponse, Error> {
        let size = page::size(request.page_size, 50, 200);
        let list = store::list!("shipments", *request);
        let before: Option<Uuid> = list.after(&request.page_token)?;
        let order = (!request.order_id.is_empty()).then(|| convert::id(&request.order_id));
        let user = match caller.is_admin() {
            true => None,
            false => Some(caller.user.as_ref().map(|user| user.id).unwrap_or_default()),
        };
        let mut tx = self.db.read().await?;
        let mut found = shipments::list(&mut tx, user, order, before, size + 1).await?;
        let next_page_token = list.cut(&mut found, size, |last| last.id);
        let shipments = found.iter().map(convert::shipment).collect();
        Ok(ListShipmentsResponse {
            shipments,
            next_page_token,
        })
    }
}
