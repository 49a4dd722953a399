//! Bringing an order and what is held for it together.

use contracts::tradewind::orders::v1::{OrderState, ReconcileOrderRequest, ReconcileOrderResponse};
use runtime::call::CallContext;
use runtime::id;

use crate::convert;
use crate::error::Error;
use crate::service::Orders;

/// Drives an order on, or has given back what it may not hold.
pub(super) async fn reconcile(
    orders: &Orders,
    call: &CallContext,
    request: ReconcileOrderRequest,
) -> Result<ReconcileOrderResponse, Error> {
    let id = id::parse("orderId", &request.order_id)?;
    let order = orders.reconcile(id, &call.caller.actor()).await?;
    Ok(ReconcileOrderResponse {
        state: order
            .map_or(OrderState::Unspecified, |order| convert::state(order.state))
            .into(),
    })
}
