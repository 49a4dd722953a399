//! The contract `tradewind.payments.v1`.

use contracts::tradewind::payments::v1::payments_service_server::PaymentsService;
use contracts::tradewind::payments::v1::sandbox_service_server::SandboxService;
use contracts::tradewind::payments::v1::{
    AuthorizePaymentRequest, AuthorizePaymentResponse, CapturePaymentRequest,
    CapturePaymentResponse, FinishSandboxActionRequest, FinishSandboxActionResponse,
    GetDisputeRequest, GetDisputeResponse, GetPaymentActionRequest, GetPaymentActionResponse,
    GetPaymentRequest, GetPaymentResponse, GetTrialBalanceRequest, GetTrialBalanceResponse,
    ListDisputesRequest, ListDisputesResponse, ListPaymentOperationsRequest,
    ListPaymentOperationsResponse, ListPaymentsRequest, ListPaymentsResponse,
    ListProviderPaymentsRequest, ListProviderPaymentsResponse, ReceiveProviderEventRequest,
    ReceiveProviderEventResponse, RefundPaymentRequest, RefundPaymentResponse,
    SettlePaymentRequest, SettlePaymentResponse, ShowSandboxActionRequest,
    ShowSandboxActionResponse,
};
use tonic::{Request, Response, Status};

use crate::service::Payments;

#[tonic::async_trait]
impl PaymentsService for Payments {
    async fn authorize_payment(
        &self,
        _: Request<AuthorizePaymentRequest>,
    ) -> Result<Response<AuthorizePaymentResponse>, Status> {
        Err(unserved())
    }

    async fn capture_payment(
        &self,
        _: Request<CapturePaymentRequest>,
    ) -> Result<Response<CapturePaymentResponse>, Status> {
        Err(unserved())
    }

    async fn settle_payment(
        &self,
        _: Request<SettlePaymentRequest>,
    ) -> Result<Response<SettlePaymentResponse>, Status> {
        Err(unserved())
    }

    async fn refund_payment(
        &self,
        _: Request<RefundPaymentRequest>,
    ) -> Result<Response<RefundPaymentResponse>, Status> {
        Err(unserved())
    }

    async fn get_payment(
        &self,
        _: Request<GetPaymentRequest>,
    ) -> Result<Response<GetPaymentResponse>, Status> {
        Err(unserved())
    }

    async fn list_payments(
        &self,
        _: Request<ListPaymentsRequest>,
    ) -> Result<Response<ListPaymentsResponse>, Status> {
        Err(unserved())
    }

    async fn list_payment_operations(
        &self,
        _: Request<ListPaymentOperationsRequest>,
    ) -> Result<Response<ListPaymentOperationsResponse>, Status> {
        Err(unserved())
    }

    async fn get_payment_action(
        &self,
        _: Request<GetPaymentActionRequest>,
    ) -> Result<Response<GetPaymentActionResponse>, Status> {
        Err(unserved())
    }

    async fn receive_provider_event(
        &self,
        _: Request<ReceiveProviderEventRequest>,
    ) -> Result<Response<ReceiveProviderEventResponse>, Status> {
        Err(unserved())
    }

    async fn list_disputes(
        &self,
        _: Request<ListDisputesRequest>,
    ) -> Result<Response<ListDisputesResponse>, Status> {
        Err(unserved())
    }

    async fn get_dispute(
        &self,
        _: Request<GetDisputeRequest>,
    ) -> Result<Response<GetDisputeResponse>, Status> {
        Err(unserved())
    }

    async fn get_trial_balance(
        &self,
        _: Request<GetTrialBalanceRequest>,
    ) -> Result<Response<GetTrialBalanceResponse>, Status> {
        Err(unserved())
    }

    async fn list_provider_payments(
        &self,
        _: Request<ListProviderPaymentsRequest>,
    ) -> Result<Response<ListProviderPaymentsResponse>, Status> {
        Err(unserved())
    }
}

#[tonic::async_trait]
impl SandboxService for Payments {
    async fn show_sandbox_action(
        &self,
        _: Request<ShowSandboxActionRequest>,
    ) -> Result<Response<ShowSandboxActionResponse>, Status> {
        Err(unserved())
    }

    async fn finish_sandbox_action(
        &self,
        _: Request<FinishSandboxActionRequest>,
    ) -> Result<Response<FinishSandboxActionResponse>, Status> {
        Err(unserved())
    }
}

fn unserved() -> Status {
    Status::unimplemented("payments are not served yet")
}
