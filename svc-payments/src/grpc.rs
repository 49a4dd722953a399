//! The contract `tradewind.payments.v1.PaymentsService`.

mod authorize;
mod disputes;
mod ledger;
mod read;
mod refund;
pub(crate) mod sandbox;
mod webhook;

use contracts::tradewind::payments::v1::payments_service_server::PaymentsService;
use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, AuthorizePaymentResponse, CapturePaymentRequest,
    CapturePaymentResponse, GetDisputeRequest, GetDisputeResponse, GetPaymentActionRequest,
    GetPaymentActionResponse, GetPaymentRequest, GetPaymentResponse, GetTrialBalanceRequest,
    GetTrialBalanceResponse, ListDisputesRequest, ListDisputesResponse,
    ListPaymentOperationsRequest, ListPaymentOperationsResponse, ListPaymentsRequest,
    ListPaymentsResponse, ListProviderPaymentsRequest, ListProviderPaymentsResponse,
    ReceiveProviderEventRequest, ReceiveProviderEventResponse, RefundPaymentRequest,
    RefundPaymentResponse, SettlePaymentRequest, SettlePaymentResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Payments;

#[tonic::async_trait]
impl PaymentsService for Payments {
    async fn authorize_payment(
        &self,
        request: Request<AuthorizePaymentRequest>,
    ) -> Result<Response<AuthorizePaymentResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = authorize::authorize(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn capture_payment(
        &self,
        request: Request<CapturePaymentRequest>,
    ) -> Result<Response<CapturePaymentResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = authorize::capture(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn settle_payment(
        &self,
        request: Request<SettlePaymentRequest>,
    ) -> Result<Response<SettlePaymentResponse>, Status> {
        let reply = authorize::settle(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn refund_payment(
        &self,
        request: Request<RefundPaymentRequest>,
    ) -> Result<Response<RefundPaymentResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = refund::refund(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_payment(
        &self,
        request: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::get(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_payments(
        &self,
        request: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_payment_operations(
        &self,
        request: Request<ListPaymentOperationsRequest>,
    ) -> Result<Response<ListPaymentOperationsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::list_operations(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_payment_action(
        &self,
        request: Request<GetPaymentActionRequest>,
    ) -> Result<Response<GetPaymentActionResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = read::action(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn receive_provider_event(
        &self,
        request: Request<ReceiveProviderEventRequest>,
    ) -> Result<Response<ReceiveProviderEventResponse>, Status> {
        let (metadata, _, request) = request.into_parts();
        let reply = webhook::receive(self, &metadata, request).await?;
        Ok(Response::new(reply))
    }

    async fn list_disputes(
        &self,
        request: Request<ListDisputesRequest>,
    ) -> Result<Response<ListDisputesResponse>, Status> {
        let reply = disputes::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_dispute(
        &self,
        request: Request<GetDisputeRequest>,
    ) -> Result<Response<GetDisputeResponse>, Status> {
        let reply = disputes::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_trial_balance(
        &self,
        _: Request<GetTrialBalanceRequest>,
    ) -> Result<Response<GetTrialBalanceResponse>, Status> {
        let reply = ledger::trial_balance(self).await?;
        Ok(Response::new(reply))
    }

    async fn list_provider_payments(
        &self,
        request: Request<ListProviderPaymentsRequest>,
    ) -> Result<Response<ListProviderPaymentsResponse>, Status> {
        let reply = ledger::at_provider(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
