//! Reading orders and their histories.

use contracts::tradewind::orders::v1::{
    GetOrderRequest, GetOrderResponse, GetOrderSummaryRequest, GetOrderSummaryResponse,
    ListOrderEventsRequest, ListOrderEventsResponse, ListOrdersRequest, ListOrdersResponse,
};
use runtime::call::{CallContext, Caller};
use runtime::id;
use store::page;
use tonic::Status;
use uuid::Uuid;

use crate::convert;
use crate::error::Error;
use crate::service::Orders;
use crate::store::events;
use crate::store::orders::{self as stored, Filter};

pub(super) async fn get(
    orders: &Orders,
    call: &CallContext,
    request: GetOrderRequest,
) -> Result<GetOrderResponse, Error> {
    let id = id::parse("orderId", &request.order_id)?;
    let read = || async {
        let order = orders.load(id).await?;
        Ok::<_, Status>((order.version, convert::order(&order)))
    };
    let order = orders.cache.get(id, read).await?;
    if !call.caller.may_see(id::parse("userId", &order.user_id)?) {
        return Err(Error::NotFound(id));
    }
    Ok(GetOrderResponse { order: Some(order) })
}

/// What a mail says of the order.
pub(super) async fn summary(
    orders: &Orders,
    request: GetOrderSummaryRequest,
) -> Result<GetOrderSummaryResponse, Error> {
    let id = id::parse("orderId", &request.order_id)?;
    Ok(convert::summary(&orders.load(id).await?))
}

pub(super) async fn list(
    orders: &Orders,
    call: &CallContext,
    request: ListOrdersRequest,
) -> Result<ListOrdersResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("orders", request);
    let before: Option<Uuid> = list.after(&request.page_token)?;
    let filter = Filter {
        user_id: listed_user(&call.caller, &request.user_id)?,
        state: convert::to_state(request.state()),
        external_reference: Some(request.external_reference).filter(|text| !text.is_empty()),
    };
    let mut tx = orders.db.read().await?;
    let mut found = stored::list(&mut tx, &filter, before, size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.id);
    Ok(ListOrdersResponse {
        orders: found.iter().map(convert::order).collect(),
        next_page_token,
    })
}

pub(super) async fn list_events(
    orders: &Orders,
    call: &CallContext,
    request: ListOrderEventsRequest,
) -> Result<ListOrderEventsResponse, Error> {
    let size = page::size(&request);
    let list = store::list!("order-events", request);
    let after: Option<i64> = list.after(&request.page_token)?;
    let id = orders.visible(&call.caller, &request.order_id).await?.id;
    let mut tx = orders.db.read().await?;
    let mut found = events::after(&mut tx, id, after.unwrap_or(0), size + 1).await?;
    drop(tx);
    let next_page_token = list.cut(&mut found, size, |last| last.sequence);
    let events = found
        .iter()
        .map(|event| convert::event(id, event))
        .collect();
    Ok(ListOrderEventsResponse {
        events,
        next_page_token,
    })
}

/// Whose orders are listed; `None` is everybody's.
fn listed_user(caller: &Caller, asked: &str) -> Result<Option<Uuid>, Error> {
    let asked = id::parse_if_set("userId", asked)?;
    if caller.is_admin() {
        return Ok(asked);
    }
    let own = caller.user()?.id;
    match asked {
        Some(other) if other != own => Err(Error::AdministratorsOnly("userId")),
        _ => Ok(Some(own)),
    }
}
