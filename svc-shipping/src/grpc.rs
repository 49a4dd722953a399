//! The contract `tradewind.shipping.v1.ShippingService`.

mod read;
mod transport;

use contracts::tradewind::shipping::v1::shipping_service_server::ShippingService;
use contracts::tradewind::shipping::v1::{
    CancelShipmentRequest, CancelShipmentResponse, DeliverShipmentRequest, DeliverShipmentResponse,
    DispatchShipmentRequest, DispatchShipmentResponse, GetShipmentRequest, GetShipmentResponse,
    GetTrackingRequest, GetTrackingResponse, ListShipmentsRequest, ListShipmentsResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Shipping;

#[tonic::async_trait]
impl ShippingService for Shipping {
    async fn list_shipments(
        &self,
        request: Request<ListShipmentsRequest>,
    ) -> Result<Response<ListShipmentsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_shipment(
        &self,
        request: Request<GetShipmentRequest>,
    ) -> Result<Response<GetShipmentResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::get(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn dispatch_shipment(
        &self,
        request: Request<DispatchShipmentRequest>,
    ) -> Result<Response<DispatchShipmentResponse>, Status> {
        let reply = transport::dispatch(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn deliver_shipment(
        &self,
        request: Request<DeliverShipmentRequest>,
    ) -> Result<Response<DeliverShipmentResponse>, Status> {
        let reply = transport::deliver(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn cancel_shipment(
        &self,
        request: Request<CancelShipmentRequest>,
    ) -> Result<Response<CancelShipmentResponse>, Status> {
        let reply = transport::cancel(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
    async fn get_tracking(
        &self,
        request: Request<GetTrackingRequest>,
    ) -> Result<Response<GetTrackingResponse>, Status> {
        let reply = read::tracking(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
