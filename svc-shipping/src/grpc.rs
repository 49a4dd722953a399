//! The contract `tradewind.shipping.v1.ShippingService`.

pub(crate) mod convert;
mod read;
mod transport;

use contracts::tradewind::shipping::v1::shipping_service_server::ShippingService;
use contracts::tradewind::shipping::v1::{
    CancelShipmentRequest, CancelShipmentResponse, DeliverShipmentRequest, DeliverShipmentResponse,
    DispatchShipmentRequest, DispatchShipmentResponse, GetShipmentRequest, GetShipmentResponse,
    ListShipmentsRequest, ListShipmentsResponse,
};
use net::clock::Clock;
use net::random::Random;
use runtime::call::{CallContext, Caller};
use store::{Database, Outbox};
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// The server of the contract.
#[derive(Clone)]
pub(crate) struct Shipping {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

#[tonic::async_trait]
impl ShippingService for Shipping {
    async fn list_shipments(
        &self,
        request: Request<ListShipmentsRequest>,
    ) -> Result<Response<ListShipmentsResponse>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            self.list(&caller, &request.into_inner()).await?,
        ))
    }

    async fn get_shipment(
        &self,
        request: Request<GetShipmentRequest>,
    ) -> Result<Response<GetShipmentResponse>, Status> {
        let caller = CallContext::of(&request).caller;
        Ok(Response::new(
            self.get(&caller, &request.into_inner()).await?,
        ))
    }

    async fn dispatch_shipment(
        &self,
        request: Request<DispatchShipmentRequest>,
    ) -> Result<Response<DispatchShipmentResponse>, Status> {
        Ok(Response::new(self.dispatch(request.into_inner()).await?))
    }

    async fn deliver_shipment(
        &self,
        request: Request<DeliverShipmentRequest>,
    ) -> Result<Response<DeliverShipmentResponse>, Status> {
        Ok(Response::new(self.deliver(&request.into_inner()).await?))
    }

    async fn cancel_shipment(
        &self,
        request: Request<CancelShipmentRequest>,
    ) -> Result<Response<CancelShipmentResponse>, Status> {
        Ok(Response::new(self.cancel(&request.into_inner()).await?))
    }
}

/// Users see their own; administrators see all.
fn may_see(caller: &Caller, owner: Uuid) -> bool {
    caller.is_admin() || caller.user.as_ref().is_some_and(|user| user.id == owner)
}
