//! The contract `tradewind.auth.v1.AccessTokensService`.

mod foreign;
mod owner;
mod redemption;

use contracts::tradewind::auth::v1::access_tokens_service_server::AccessTokensService;
use contracts::tradewind::auth::v1::{
    CreateAccessTokenRequest, CreateAccessTokenResponse, ListAccessTokensRequest,
    ListAccessTokensResponse, RedeemAccessTokenRequest, RedeemAccessTokenResponse,
    RevokeAccessTokenRequest, RevokeAccessTokenResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Auth;

#[tonic::async_trait]
impl AccessTokensService for Auth {
    async fn create_access_token(
        &self,
        request: Request<CreateAccessTokenRequest>,
    ) -> Result<Response<CreateAccessTokenResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::create(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_access_tokens(
        &self,
        request: Request<ListAccessTokensRequest>,
    ) -> Result<Response<ListAccessTokensResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn revoke_access_token(
        &self,
        request: Request<RevokeAccessTokenRequest>,
    ) -> Result<Response<RevokeAccessTokenResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::revoke(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn redeem_access_token(
        &self,
        request: Request<RedeemAccessTokenRequest>,
    ) -> Result<Response<RedeemAccessTokenResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = redemption::redeem(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
