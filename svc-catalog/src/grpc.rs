//! The contract `tradewind.catalog.v1.CatalogService`.

mod read;
mod write;

use contracts::tradewind::catalog::v1::catalog_service_server::CatalogService;
use contracts::tradewind::catalog::v1::{
    ArchiveProductRequest, ArchiveProductResponse, BatchGetProductsRequest,
    BatchGetProductsResponse, CreateProductRequest, CreateProductResponse, GetProductRequest,
    GetProductResponse, ListProductsRequest, ListProductsResponse, SearchProductsRequest,
    SearchProductsResponse, UpdateProductRequest, UpdateProductResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Catalog;

#[tonic::async_trait]
impl CatalogService for Catalog {
    async fn list_products(
        &self,
        request: Request<ListProductsRequest>,
    ) -> Result<Response<ListProductsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_product(
        &self,
        request: Request<GetProductRequest>,
    ) -> Result<Response<GetProductResponse>, Status> {
        let reply = read::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn search_products(
        &self,
        request: Request<SearchProductsRequest>,
    ) -> Result<Response<SearchProductsResponse>, Status> {
        let reply = read::search(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn batch_get_products(
        &self,
        request: Request<BatchGetProductsRequest>,
    ) -> Result<Response<BatchGetProductsResponse>, Status> {
        let reply = read::batch_get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn create_product(
        &self,
        request: Request<CreateProductRequest>,
    ) -> Result<Response<CreateProductResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = write::create(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn update_product(
        &self,
        request: Request<UpdateProductRequest>,
    ) -> Result<Response<UpdateProductResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = write::update(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn archive_product(
        &self,
        request: Request<ArchiveProductRequest>,
    ) -> Result<Response<ArchiveProductResponse>, Status> {
        let reply = write::archive(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
