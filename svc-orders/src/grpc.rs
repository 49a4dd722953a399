//! The contract `tradewind.orders.v1.OrdersService`.

mod cancel;
mod create;
mod read;
mod reconcile;
mod watch;

use contracts::tradewind::orders::v1::orders_service_server::OrdersService;
use contracts::tradewind::orders::v1::{
    CancelOrderRequest, CancelOrderResponse, CreateOrderRequest, CreateOrderResponse,
    GetOrderRequest, GetOrderResponse, GetOrderSummaryRequest, GetOrderSummaryResponse,
    ListOrderEventsRequest, ListOrderEventsResponse, ListOrdersRequest, ListOrdersResponse,
    ReconcileOrderRequest, ReconcileOrderResponse, WatchOrderRequest, WatchOrderResponse,
};
use futures::stream::BoxStream;
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Orders;

#[tonic::async_trait]
impl OrdersService for Orders {
    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = create::create(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_order(
        &self,
        request: Request<GetOrderRequest>,
    ) -> Result<Response<GetOrderResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::get(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_orders(
        &self,
        request: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn cancel_order(
        &self,
        request: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = cancel::cancel(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn reconcile_order(
        &self,
        request: Request<ReconcileOrderRequest>,
    ) -> Result<Response<ReconcileOrderResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = reconcile::reconcile(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_order_events(
        &self,
        request: Request<ListOrderEventsRequest>,
    ) -> Result<Response<ListOrderEventsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::list_events(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    type WatchOrderStream = BoxStream<'static, Result<WatchOrderResponse, Status>>;

    async fn watch_order(
        &self,
        request: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        let call = CallContext::of(&request);
        let reply = watch::watch(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
    async fn get_order_summary(
        &self,
        request: Request<GetOrderSummaryRequest>,
    ) -> Result<Response<GetOrderSummaryResponse>, Status> {
        let reply = read::summary(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
