//! The contract `tradewind.notify.v1.WebhooksService`.

mod deliveries;
mod event_types;
mod messages;
mod replays;
mod secrets;
mod webhooks;

use contracts::tradewind::notify::v1::webhooks_service_server::WebhooksService;
use contracts::tradewind::notify::v1::{
    CreateWebhookRequest, CreateWebhookResponse, DeleteWebhookRequest, DeleteWebhookResponse,
    DisableWebhookRequest, DisableWebhookResponse, EnableWebhookRequest, EnableWebhookResponse,
    GetDeliveryRequest, GetDeliveryResponse, GetWebhookRequest, GetWebhookResponse,
    ListDeliveriesRequest, ListDeliveriesResponse, ListEventTypesRequest, ListEventTypesResponse,
    ListWebhooksRequest, ListWebhooksResponse, ReplayDeliveriesRequest, ReplayDeliveriesResponse,
    ReplayDeliveryRequest, ReplayDeliveryResponse, RotateWebhookSecretRequest,
    RotateWebhookSecretResponse, TestWebhookRequest, TestWebhookResponse, UpdateWebhookRequest,
    UpdateWebhookResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Notify;

#[tonic::async_trait]
impl WebhooksService for Notify {
    async fn list_event_types(
        &self,
        _request: Request<ListEventTypesRequest>,
    ) -> Result<Response<ListEventTypesResponse>, Status> {
        Ok(Response::new(event_types::list()))
    }

    async fn create_webhook(
        &self,
        request: Request<CreateWebhookRequest>,
    ) -> Result<Response<CreateWebhookResponse>, Status> {
        let reply = webhooks::create(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_webhooks(
        &self,
        request: Request<ListWebhooksRequest>,
    ) -> Result<Response<ListWebhooksResponse>, Status> {
        let reply = webhooks::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_webhook(
        &self,
        request: Request<GetWebhookRequest>,
    ) -> Result<Response<GetWebhookResponse>, Status> {
        let reply = webhooks::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn update_webhook(
        &self,
        request: Request<UpdateWebhookRequest>,
    ) -> Result<Response<UpdateWebhookResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = webhooks::update(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn delete_webhook(
        &self,
        request: Request<DeleteWebhookRequest>,
    ) -> Result<Response<DeleteWebhookResponse>, Status> {
        let reply = webhooks::delete(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn enable_webhook(
        &self,
        request: Request<EnableWebhookRequest>,
    ) -> Result<Response<EnableWebhookResponse>, Status> {
        let reply = webhooks::enable(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn disable_webhook(
        &self,
        request: Request<DisableWebhookRequest>,
    ) -> Result<Response<DisableWebhookResponse>, Status> {
        let reply = webhooks::disable(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<RotateWebhookSecretRequest>,
    ) -> Result<Response<RotateWebhookSecretResponse>, Status> {
        let reply = secrets::rotate(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn test_webhook(
        &self,
        request: Request<TestWebhookRequest>,
    ) -> Result<Response<TestWebhookResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = replays::test(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn replay_deliveries(
        &self,
        request: Request<ReplayDeliveriesRequest>,
    ) -> Result<Response<ReplayDeliveriesResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = replays::replay_all(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_deliveries(
        &self,
        request: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        let reply = deliveries::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_delivery(
        &self,
        request: Request<GetDeliveryRequest>,
    ) -> Result<Response<GetDeliveryResponse>, Status> {
        let reply = deliveries::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn replay_delivery(
        &self,
        request: Request<ReplayDeliveryRequest>,
    ) -> Result<Response<ReplayDeliveryResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = replays::replay(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
