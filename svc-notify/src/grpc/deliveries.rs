//! What was sent, and what came of it.

use contracts::tradewind::notify::v1::{
    Delivery, GetDeliveryRequest, GetDeliveryResponse, ListDeliveriesRequest,
    ListDeliveriesResponse,
};
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::convert;
use crate::error::Error;
use crate::service::Notify;
use crate::store::deliveries;

pub(super) async fn list(
    notify: &Notify,
    request: ListDeliveriesRequest,
) -> Result<ListDeliveriesResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("deliveries", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let state = convert::to_state(request.state());
    let mut tx = notify.db.read().await?;
    let webhook = notify.webhook(&mut tx, &request.webhook_id).await?;
    let mut found = deliveries::list(&mut tx, webhook.id, state, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    Ok(ListDeliveriesResponse {
        deliveries: found.iter().map(convert::delivery).collect(),
        next_page_token,
    })
}

pub(super) async fn get(
    notify: &Notify,
    request: GetDeliveryRequest,
) -> Result<GetDeliveryResponse, Error> {
    let id = id::parse("deliveryId", &request.delivery_id)?;
    let mut tx = notify.db.read().await?;
    let webhook = notify.webhook(&mut tx, &request.webhook_id).await?;
    let found = deliveries::find(&mut tx, webhook.id, id).await?;
    let found = found.ok_or(Error::NoDelivery(id))?;
    let attempts = deliveries::attempts(&mut tx, id).await?;
    drop(tx);
    let delivery = Delivery {
        payload: found.payload.clone(),
        attempts: attempts.into_iter().map(convert::attempt).collect(),
        ..convert::delivery(&found)
    };
    Ok(GetDeliveryResponse {
        delivery: Some(delivery),
    })
}
