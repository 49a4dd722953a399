//! The contract `tradewind.orders.v1.OrdersService`.

mod cancel;
pub(crate) mod convert;
mod create;
mod read;
mod watch;

use std::time::Duration;

use contracts::tradewind::orders::v1::orders_service_server::OrdersService;
use contracts::tradewind::orders::v1::{
    CancelOrderRequest, CancelOrderResponse, CreateOrderRequest, CreateOrderResponse,
    GetOrderRequest, GetOrderResponse, ListOrderEventsRequest, ListOrderEventsResponse,
    ListOrdersRequest, ListOrdersResponse, WatchOrderRequest, WatchOrderResponse,
};
use futures::stream::BoxStream;
use net::clock::Clock;
use net::random::Random;
use runtime::call::{CallContext, Caller};
use runtime::id;
use store::{Database, Idempotency};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::cache::OrderCache;
use crate::callees::Callees;
use crate::domain::Order;
use crate::error::Error;
use crate::progress::Progress;
use crate::watchers::Watchers;

/// The server of the contract.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) db: Database,
    pub(crate) idempotency: Idempotency,
    pub(crate) cache: OrderCache,
    pub(crate) callees: Callees,
    pub(crate) progress: Progress,
    pub(crate) watchers: Watchers,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) lease: Duration,
}

#[tonic::async_trait]
impl OrdersService for Orders {
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        let call = CallContext::of(&request);
        Ok(Response::new(
            create::create(self, &call, request.into_inner()).await?,
        ))
    }

    async fn get_order(
        &self,
        request: Request<GetOrderRequest>,
    ) -> Result<Response<GetOrderResponse>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            self.get(&caller, &request.into_inner()).await?,
        ))
    }

    async fn list_orders(
        &self,
        request: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            self.list(&caller, request.into_inner()).await?,
        ))
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            cancel::cancel(self, &caller, request.into_inner()).await?,
        ))
    }

    async fn list_order_events(
        &self,
        request: Request<ListOrderEventsRequest>,
    ) -> Result<Response<ListOrderEventsResponse>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            self.list_events(&caller, &request.into_inner()).await?,
        ))
    }

    type WatchOrderStream = BoxStream<'static, Result<WatchOrderResponse, Status>>;

    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            self.watch(&caller, &request.into_inner()).await?,
        ))
    }
}

impl Orders {
    /// The order as it stands now, if the caller may see it.
    async fn visible(&self, caller: &Caller, id: &str) -> Result<Order, Error> {
        let id = id::parse("orderId", id)?;
        let order = self.progress.load(id).await?;
        if may_see(caller, order.user_id) {
            Ok(order)
        } else {
            Err(Error::NotFound(id))
        }
    }
}

/// Users see their own; administrators see all.
fn may_see(caller: &Caller, owner: Uuid) -> bool {
    caller.is_admin() || caller.user.as_ref().is_some_and(|user| user.id == owner)
}
