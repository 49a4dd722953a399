//! The contract `tradewind.payments.v1.SandboxService`: the pages of the built-in provider.

use contracts::google::api::HttpBody;
use contracts::tradewind::payments::v1::sandbox_service_server::SandboxService;
use contracts::tradewind::payments::v1::{
    FinishSandboxActionRequest, FinishSandboxActionResponse, ShowSandboxActionRequest,
    ShowSandboxActionResponse,
};
use runtime::status::Problem;
use tonic::{Request, Response, Status};

use crate::provider::sandbox::Sandbox;

/// The pages; of another provider there are none.
#[derive(Clone)]
pub(crate) struct Pages(pub(crate) Option<Sandbox>);

#[tonic::async_trait]
impl SandboxService for Pages {
    async fn show_sandbox_action(
        &self,
        request: Request<ShowSandboxActionRequest>,
    ) -> Result<Response<ShowSandboxActionResponse>, Status> {
        let action = request.into_inner().action_id;
        let page = match &self.0 {
            Some(sandbox) => sandbox.show(&action).await?,
            None => None,
        };
        let page = Some(html(page, action)?);
        Ok(Response::new(ShowSandboxActionResponse { page }))
    }

    async fn finish_sandbox_action(
        &self,
        request: Request<FinishSandboxActionRequest>,
    ) -> Result<Response<FinishSandboxActionResponse>, Status> {
        let request = request.into_inner();
        let page = match &self.0 {
            Some(sandbox) => sandbox.finish(&request.action_id, request.approved).await?,
            None => None,
        };
        let page = Some(html(page, request.action_id)?);
        Ok(Response::new(FinishSandboxActionResponse { page }))
    }
}

fn html(page: Option<String>, action: String) -> Result<HttpBody, Status> {
    let page = page.ok_or_else(|| Problem::not_found("action", action))?;
    Ok(HttpBody {
        content_type: "text/html; charset=utf-8".to_owned(),
        data: page.into(),
        extensions: Vec::new(),
    })
}
