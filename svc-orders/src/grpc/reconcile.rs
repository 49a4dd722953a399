//! Bringing an order and what is held for it together.

use contracts::tradewind::orders::v1::{ReconcileOrderRequest, ReconcileOrderResponse};
use runtime::call::CallContext;
use runtime::id;

use crate::convert;
use crate::error::Error;
use crate::service::Orders;

/// Drives an order on that is in progress.
pub(super) async fn reconcile(
    orders: &Orders,
    call: &CallContext,
    request: ReconcileOrderRequest,
) -> Result<ReconcileOrderResponse, Error> {
    let id = id::parse("orderId", &request.order_id)?;
    orders.resume(id, &call.caller.actor()).await?;
    let order = orders.load(id).await?;
    Ok(ReconcileOrderResponse {
        order: Some(convert::order(&order)),
    })
}
