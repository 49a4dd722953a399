//! The contract `tradewind.inventory.v1.InventoryService`.

mod reservations;
mod stock;

use contracts::tradewind::inventory::v1::inventory_service_server::InventoryService;
use contracts::tradewind::inventory::v1::{
    AdjustStockRequest, AdjustStockResponse, CommitReservationRequest, CommitReservationResponse,
    GetStockRequest, GetStockResponse, ListReservationsRequest, ListReservationsResponse,
    ListStockAdjustmentsRequest, ListStockAdjustmentsResponse, ListStockRequest, ListStockResponse,
    ReleaseReservationRequest, ReleaseReservationResponse, ReserveStockRequest,
    ReserveStockResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Inventory;

#[tonic::async_trait]
impl InventoryService for Inventory {
    async fn list_stock(
        &self,
        request: Request<ListStockRequest>,
    ) -> Result<Response<ListStockResponse>, Status> {
        let reply = stock::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_stock(
        &self,
        request: Request<GetStockRequest>,
    ) -> Result<Response<GetStockResponse>, Status> {
        let reply = stock::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn adjust_stock(
        &self,
        request: Request<AdjustStockRequest>,
    ) -> Result<Response<AdjustStockResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = stock::adjust(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_stock_adjustments(
        &self,
        request: Request<ListStockAdjustmentsRequest>,
    ) -> Result<Response<ListStockAdjustmentsResponse>, Status> {
        let reply = stock::list_adjustments(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_reservations(
        &self,
        request: Request<ListReservationsRequest>,
    ) -> Result<Response<ListReservationsResponse>, Status> {
        let reply = reservations::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        let reply = reservations::reserve(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn commit_reservation(
        &self,
        request: Request<CommitReservationRequest>,
    ) -> Result<Response<CommitReservationResponse>, Status> {
        let reply = reservations::commit(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn release_reservation(
        &self,
        request: Request<ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        let reply = reservations::release(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
