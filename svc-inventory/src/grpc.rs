//! The RPCs of the contract: request -> domain and store -> reply.

mod convert;
mod reservations;
mod stock;

use contracts::tradewind::inventory::v1::inventory_service_server::InventoryService;
use contracts::tradewind::inventory::v1::{
    AdjustStockRequest, AdjustStockResponse, CommitReservationRequest, CommitReservationResponse,
    GetStockRequest, GetStockResponse, ListStockAdjustmentsRequest, ListStockAdjustmentsResponse,
    ListStockRequest, ListStockResponse, ReleaseReservationRequest, ReleaseReservationResponse,
    ReserveStockRequest, ReserveStockResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::Inventory;

#[tonic::async_trait]
impl InventoryService for Inventory {
    async fn list_stock(
        &self,
        request: Request<ListStockRequest>,
    ) -> Result<Response<ListStockResponse>, Status> {
        stock::list(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn get_stock(
        &self,
        request: Request<GetStockRequest>,
    ) -> Result<Response<GetStockResponse>, Status> {
        stock::get(self, &request.into_inner().sku)
            .await
            .map(Response::new)
    }

    async fn adjust_stock(
        &self,
        request: Request<AdjustStockRequest>,
    ) -> Result<Response<AdjustStockResponse>, Status> {
        let call = CallContext::of(&request);
        stock::adjust(self, &call, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn list_stock_adjustments(
        &self,
        request: Request<ListStockAdjustmentsRequest>,
    ) -> Result<Response<ListStockAdjustmentsResponse>, Status> {
        stock::list_adjustments(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn reserve_stock(
        &self,
        request: Request<ReserveStockRequest>,
    ) -> Result<Response<ReserveStockResponse>, Status> {
        reservations::reserve(self, request.into_inner())
            .await
            .map(Response::new)
    }

    async fn commit_reservation(
        &self,
        request: Request<CommitReservationRequest>,
    ) -> Result<Response<CommitReservationResponse>, Status> {
        reservations::commit(self, &request.into_inner().order_id)
            .await
            .map(Response::new)
    }

    async fn release_reservation(
        &self,
        request: Request<ReleaseReservationRequest>,
    ) -> Result<Response<ReleaseReservationResponse>, Status> {
        reservations::release(self, &request.into_inner().order_id)
            .await
            .map(Response::new)
    }
}
