//! The contract `tradewind.notify.v1.MessagesService`.

mod sent;
mod suppressed;
mod templates;

use contracts::tradewind::notify::v1::messages_service_server::MessagesService;
use contracts::tradewind::notify::v1::{
    LiftMailSuppressionRequest, LiftMailSuppressionResponse, ListMailSuppressionsRequest,
    ListMailSuppressionsResponse, ListMailTemplatesRequest, ListMailTemplatesResponse,
    ListMessagesRequest, ListMessagesResponse, PreviewMailTemplateRequest,
    PreviewMailTemplateResponse, ResendMessageRequest, ResendMessageResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::mail::Mail;

#[tonic::async_trait]
impl MessagesService for Mail {
    async fn list_messages(
        &self,
        request: Request<ListMessagesRequest>,
    ) -> Result<Response<ListMessagesResponse>, Status> {
        let reply = sent::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn resend_message(
        &self,
        request: Request<ResendMessageRequest>,
    ) -> Result<Response<ResendMessageResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = sent::resend(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_mail_templates(
        &self,
        _: Request<ListMailTemplatesRequest>,
    ) -> Result<Response<ListMailTemplatesResponse>, Status> {
        Ok(Response::new(templates::list()))
    }

    async fn preview_mail_template(
        &self,
        request: Request<PreviewMailTemplateRequest>,
    ) -> Result<Response<PreviewMailTemplateResponse>, Status> {
        let reply = templates::preview(self, request.into_inner())?;
        Ok(Response::new(reply))
    }

    async fn list_mail_suppressions(
        &self,
        request: Request<ListMailSuppressionsRequest>,
    ) -> Result<Response<ListMailSuppressionsResponse>, Status> {
        let reply = suppressed::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn lift_mail_suppression(
        &self,
        request: Request<LiftMailSuppressionRequest>,
    ) -> Result<Response<LiftMailSuppressionResponse>, Status> {
        let reply = suppressed::lift(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
