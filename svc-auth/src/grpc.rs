//! The contract `tradewind.auth.v1.AuthService`.

mod access_token;
mod account_mail;
mod email;
mod external;
mod import;
mod login;
mod opening;
mod password;
mod proof;
mod refresh;
mod register;
mod request_reset;
pub(crate) mod reset;
pub(crate) mod revocation;
mod second_factor;
mod session;
mod ticket;
mod workload;

use contracts::tradewind::auth::v1::auth_service_server::AuthService;
use contracts::tradewind::auth::v1::{
    ChangeEmailRequest, ChangeEmailResponse, ChangePasswordRequest, ChangePasswordResponse,
    CreateTicketRequest, CreateTicketResponse, GetAccountMailRequest, GetAccountMailResponse,
    GetJwksRequest, GetJwksResponse, ImportCredentialsRequest, ImportCredentialsResponse,
    IssueWorkloadTokenRequest, IssueWorkloadTokenResponse, ListRevocationsRequest,
    ListRevocationsResponse, ListSessionsRequest, ListSessionsResponse, LoginOperatorRequest,
    LoginOperatorResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse,
    RedeemTicketRequest, RedeemTicketResponse, RefreshRequest, RefreshResponse, RegisterRequest,
    RegisterResponse, RequestEmailVerificationRequest, RequestEmailVerificationResponse,
    RequestPasswordResetRequest, RequestPasswordResetResponse, ResetPasswordRequest,
    ResetPasswordResponse, RevokeSessionRequest, RevokeSessionResponse, VerifyEmailRequest,
    VerifyEmailResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Auth;

#[tonic::async_trait]
impl AuthService for Auth {
    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = register::register(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn login(
        &self,
        request: Request<LoginRequest>,
    ) -> Result<Response<LoginResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = login::login(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn refresh(
        &self,
        request: Request<RefreshRequest>,
    ) -> Result<Response<RefreshResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = refresh::refresh(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn logout(
        &self,
        request: Request<LogoutRequest>,
    ) -> Result<Response<LogoutResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = refresh::logout(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = session::list(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = session::revoke(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = password::change(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = reset::reset(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn request_password_reset(
        &self,
        request: Request<RequestPasswordResetRequest>,
    ) -> Result<Response<RequestPasswordResetResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = request_reset::request(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn request_email_verification(
        &self,
        request: Request<RequestEmailVerificationRequest>,
    ) -> Result<Response<RequestEmailVerificationResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = email::request_verification(self, &call).await?;
        Ok(Response::new(reply))
    }

    async fn verify_email(
        &self,
        request: Request<VerifyEmailRequest>,
    ) -> Result<Response<VerifyEmailResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = email::verify(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn change_email(
        &self,
        request: Request<ChangeEmailRequest>,
    ) -> Result<Response<ChangeEmailResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = email::change(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn login_operator(
        &self,
        request: Request<LoginOperatorRequest>,
    ) -> Result<Response<LoginOperatorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = workload::login_operator(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn create_ticket(
        &self,
        request: Request<CreateTicketRequest>,
    ) -> Result<Response<CreateTicketResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = ticket::create(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_jwks(
        &self,
        _request: Request<GetJwksRequest>,
    ) -> Result<Response<GetJwksResponse>, Status> {
        let keys = self.tokens.keyring.published();
        Ok(Response::new(GetJwksResponse { keys }))
    }

    async fn import_credentials(
        &self,
        request: Request<ImportCredentialsRequest>,
    ) -> Result<Response<ImportCredentialsResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = import::import(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn redeem_ticket(
        &self,
        request: Request<RedeemTicketRequest>,
    ) -> Result<Response<RedeemTicketResponse>, Status> {
        let reply = ticket::redeem(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_account_mail(
        &self,
        request: Request<GetAccountMailRequest>,
    ) -> Result<Response<GetAccountMailResponse>, Status> {
        let reply = account_mail::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn issue_workload_token(
        &self,
        request: Request<IssueWorkloadTokenRequest>,
    ) -> Result<Response<IssueWorkloadTokenResponse>, Status> {
        let reply = workload::issue(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_revocations(
        &self,
        request: Request<ListRevocationsRequest>,
    ) -> Result<Response<ListRevocationsResponse>, Status> {
        let reply = revocation::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
