//! Cancelling an order.

use contracts::tradewind::orders::v1::{CancelOrderRequest, CancelOrderResponse};
use runtime::call::CallContext;

use crate::convert;
use crate::error::Error;
use crate::service::Orders;

/// Cancels an order that is not dispatched yet.
pub(super) async fn cancel(
    orders: &Orders,
    call: &CallContext,
    request: CancelOrderRequest,
) -> Result<CancelOrderResponse, Error> {
    let order = orders.visible(&call.caller, &request.order_id).await?;
    let actor = call.caller.actor();
    let cancelled = orders.cancel(order, &actor, &request.reason).await?;
    Ok(CancelOrderResponse {
        order: Some(convert::order(&cancelled)),
    })
}
