//! The contract `tradewind.auth.v1.ExternalIdentitiesService`.

mod begin;
mod finish;
mod link;
pub(super) mod open;
mod owner;
mod refusal;

use contracts::tradewind::auth::v1::external_identities_service_server::ExternalIdentitiesService;
use contracts::tradewind::auth::v1::{
    BeginExternalLinkRequest, BeginExternalLinkResponse, BeginExternalLoginRequest,
    BeginExternalLoginResponse, FinishExternalLoginRequest, FinishExternalLoginResponse,
    GetIdentityProvidersRequest, GetIdentityProvidersResponse, IdentityProvider,
    ListExternalIdentitiesRequest, ListExternalIdentitiesResponse, UnlinkExternalIdentityRequest,
    UnlinkExternalIdentityResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Auth;

#[tonic::async_trait]
impl ExternalIdentitiesService for Auth {
    async fn get_identity_providers(
        &self,
        _request: Request<GetIdentityProvidersRequest>,
    ) -> Result<Response<GetIdentityProvidersResponse>, Status> {
        let providers = self.providers.all().map(|provider| IdentityProvider {
            provider: provider.name().to_owned(),
            display_name: provider.display_name().to_owned(),
        });
        let providers = providers.collect();
        Ok(Response::new(GetIdentityProvidersResponse { providers }))
    }

    async fn begin_external_login(
        &self,
        request: Request<BeginExternalLoginRequest>,
    ) -> Result<Response<BeginExternalLoginResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = begin::login(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn finish_external_login(
        &self,
        request: Request<FinishExternalLoginRequest>,
    ) -> Result<Response<FinishExternalLoginResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = finish::finish(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn begin_external_link(
        &self,
        request: Request<BeginExternalLinkRequest>,
    ) -> Result<Response<BeginExternalLinkResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = begin::link(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_external_identities(
        &self,
        request: Request<ListExternalIdentitiesRequest>,
    ) -> Result<Response<ListExternalIdentitiesResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn unlink_external_identity(
        &self,
        request: Request<UnlinkExternalIdentityRequest>,
    ) -> Result<Response<UnlinkExternalIdentityResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::unlink(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
