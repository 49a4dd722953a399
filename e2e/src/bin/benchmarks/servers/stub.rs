//! A server of orders that always returns the same one.

use contracts::tradewind::orders::v1::{
    CancelOrderRequest, CancelOrderResponse, CreateOrderRequest, CreateOrderResponse,
    GetOrderRequest, GetOrderResponse, ListOrderEventsRequest, ListOrderEventsResponse,
    ListOrdersRequest, ListOrdersResponse, Order, WatchOrderRequest, WatchOrderResponse,
    orders_service_server::{OrdersService, OrdersServiceServer},
};
use tonic::{Request, Response, Status};

use crate::contract;

pub(super) async fn serve(address: &str) {
    let address = address.parse().expect("it is an address");
    let stub = OrdersServiceServer::new(Stub(contract::order()));
    let server = tonic::transport::Server::builder().add_service(stub);
    server.serve(address).await.expect("it can listen");
}

struct Stub(Order);

fn none<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("nobody measures this"))
}

#[tonic::async_trait]
impl OrdersService for Stub {
    type WatchOrderStream = tokio_stream::Empty<Result<WatchOrderResponse, Status>>;

    async fn create_order(
        &self,
        request: Request<CreateOrderRequest>,
    ) -> Result<Response<CreateOrderResponse>, Status> {
        if request.get_ref().items.is_empty() {
            return Err(Status::invalid_argument("an order without items"));
        }
        let order = Some(self.0.clone());
        Ok(Response::new(CreateOrderResponse { order }))
    }

    async fn get_order(
        &self,
        request: Request<GetOrderRequest>,
    ) -> Result<Response<GetOrderResponse>, Status> {
        if request.get_ref().order_id != contract::ORDER_ID {
            return Err(Status::not_found("another order"));
        }
        let order = Some(self.0.clone());
        Ok(Response::new(GetOrderResponse { order }))
    }

    async fn list_orders(
        &self,
        _: Request<ListOrdersRequest>,
    ) -> Result<Response<ListOrdersResponse>, Status> {
        none()
    }

    async fn cancel_order(
        &self,
        _: Request<CancelOrderRequest>,
    ) -> Result<Response<CancelOrderResponse>, Status> {
        none()
    }

    async fn list_order_events(
        &self,
        _: Request<ListOrderEventsRequest>,
    ) -> Result<Response<ListOrderEventsResponse>, Status> {
        none()
    }

    async fn watch_order(
        &self,
        _: Request<WatchOrderRequest>,
    ) -> Result<Response<Self::WatchOrderStream>, Status> {
        none()
    }
}
