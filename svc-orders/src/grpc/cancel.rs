//! Cancelling an order.

use contracts::tradewind::orders::v1::{CancelOrderRequest, CancelOrderResponse};
use runtime::call::Caller;
use tonic::Status;

use super::{Orders, convert};

/// Cancels an order that is not dispatched yet.
pub(super) async fn cancel(
    orders: &Orders,
    caller: &Caller,
    request: CancelOrderRequest,
) -> Result<CancelOrderResponse, Status> {
    let order = orders.visible(caller, &request.order_id).await?;
    let cancelled = orders
        .progress
        .cancel(order, &caller.actor(), &request.reason)
        .await?;
    Ok(CancelOrderResponse {
        order: Some(convert::order(&cancelled)),
    })
}
