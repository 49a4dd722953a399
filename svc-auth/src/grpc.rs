//! The contract `tradewind.auth.v1.AuthService`: request -> domain and store -> reply.

mod import;
mod login;
mod password;
mod refresh;
mod register;
pub(crate) mod reset;
mod revocation;
mod session;
mod ticket;
mod workload;

use std::sync::Arc;

use contracts::tradewind::auth::v1::auth_service_server::AuthService;
use contracts::tradewind::auth::v1::{
    ChangePasswordRequest, ChangePasswordResponse, CreateTicketRequest, CreateTicketResponse,
    GetJwksRequest, GetJwksResponse, ImportCredentialsRequest, ImportCredentialsResponse,
    IssueWorkloadTokenRequest, IssueWorkloadTokenResponse, ListRevocationsRequest,
    ListRevocationsResponse, ListSessionsRequest, ListSessionsResponse, LoginOperatorRequest,
    LoginOperatorResponse, LoginRequest, LoginResponse, LogoutRequest, LogoutResponse,
    RedeemTicketRequest, RedeemTicketResponse, RefreshRequest, RefreshResponse, RegisterRequest,
    RegisterResponse, ResetPasswordRequest, ResetPasswordResponse, RevokeSessionRequest,
    RevokeSessionResponse,
};
use net::clock::Clock;
use net::random::Random;
use runtime::call::CallContext;
use store::{Database, Outbox, Tx};
use tonic::{Request, Response, Status};

pub(crate) use revocation::revocations;

use crate::accounts::Accounts;
use crate::config::{Passwords, Throttle};
use crate::domain::network::NetworkNames;
use crate::error::Error;
use crate::hashing::Hashing;
use crate::store::audit;
use crate::tokens::Tokens;
use crate::workloads::WorkloadKeys;

/// The service.
#[derive(Clone)]
pub struct Auth {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) accounts: Accounts,
    pub(crate) hashing: Hashing,
    pub(crate) tokens: Tokens,
    pub(crate) workloads: Arc<WorkloadKeys>,
    /// E-mail address of the first administrator, as whom the operator signs in.
    pub(crate) administrator: Option<String>,
    pub(crate) throttle: Throttle,
    pub(crate) passwords: Passwords,
    pub(crate) networks: Arc<NetworkNames>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Auth {
    /// Writes an entry of the audit log.
    pub(crate) async fn record(
        &self,
        tx: &mut Tx,
        call: &CallContext,
        entry: audit::Entry,
    ) -> Result<(), Error> {
        let stamp = (self.random.uuid7(&self.clock), self.clock.now());
        audit::record(tx, entry, call, stamp).await
    }
}

#[tonic::async_trait]
impl AuthService for Auth {
    async fn register(
        &self,
        request: Request<RegisterRequest>,
    ) -> Result<Response<RegisterResponse>, Status> {
        let call = CallContext::of(&request);
        let granted = register::register(self, &call, request.into_inner()).await?;
        Ok(Response::new(granted.into()))
    }

    async fn login(
        &self,
        request: Request<LoginRequest>,
    ) -> Result<Response<LoginResponse>, Status> {
        let call = CallContext::of(&request);
        let granted = login::login(self, &call, request.into_inner()).await?;
        Ok(Response::new(granted.into()))
    }

    async fn refresh(
        &self,
        request: Request<RefreshRequest>,
    ) -> Result<Response<RefreshResponse>, Status> {
        let call = CallContext::of(&request);
        let granted = refresh::refresh(self, &call, &request.get_ref().refresh_token).await?;
        Ok(Response::new(granted.into()))
    }

    async fn logout(
        &self,
        request: Request<LogoutRequest>,
    ) -> Result<Response<LogoutResponse>, Status> {
        let call = CallContext::of(&request);
        refresh::logout(self, &call, &request.get_ref().refresh_token).await?;
        Ok(Response::new(LogoutResponse {}))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let call = CallContext::of(&request);
        Ok(Response::new(
            session::list(self, &call, request.into_inner()).await?,
        ))
    }

    async fn revoke_session(
        &self,
        request: Request<RevokeSessionRequest>,
    ) -> Result<Response<RevokeSessionResponse>, Status> {
        let call = CallContext::of(&request);
        session::revoke(self, &call, &request.get_ref().session_id).await?;
        Ok(Response::new(RevokeSessionResponse {}))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordRequest>,
    ) -> Result<Response<ChangePasswordResponse>, Status> {
        let call = CallContext::of(&request);
        password::change(self, &call, request.into_inner()).await?;
        Ok(Response::new(ChangePasswordResponse {}))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordRequest>,
    ) -> Result<Response<ResetPasswordResponse>, Status> {
        let call = CallContext::of(&request);
        reset::reset(self, &call, request.into_inner()).await?;
        Ok(Response::new(ResetPasswordResponse {}))
    }

    async fn login_operator(
        &self,
        request: Request<LoginOperatorRequest>,
    ) -> Result<Response<LoginOperatorResponse>, Status> {
        let call = CallContext::of(&request);
        let assertion = &request.get_ref().client_assertion;
        let granted = workload::login_operator(self, &call, assertion).await?;
        Ok(Response::new(granted.into()))
    }

    async fn create_ticket(
        &self,
        request: Request<CreateTicketRequest>,
    ) -> Result<Response<CreateTicketResponse>, Status> {
        let call = CallContext::of(&request);
        Ok(Response::new(
            ticket::create(self, &call, request.into_inner()).await?,
        ))
    }

    async fn get_jwks(
        &self,
        _request: Request<GetJwksRequest>,
    ) -> Result<Response<GetJwksResponse>, Status> {
        Ok(Response::new(GetJwksResponse {
            keys: self.tokens.keyring.published(),
        }))
    }

    async fn import_credentials(
        &self,
        request: Request<ImportCredentialsRequest>,
    ) -> Result<Response<ImportCredentialsResponse>, Status> {
        let call = CallContext::of(&request);
        Ok(Response::new(
            import::import(self, &call, request.into_inner()).await?,
        ))
    }

    async fn redeem_ticket(
        &self,
        request: Request<RedeemTicketRequest>,
    ) -> Result<Response<RedeemTicketResponse>, Status> {
        Ok(Response::new(
            ticket::redeem(self, request.into_inner()).await?,
        ))
    }

    async fn issue_workload_token(
        &self,
        request: Request<IssueWorkloadTokenRequest>,
    ) -> Result<Response<IssueWorkloadTokenResponse>, Status> {
        Ok(Response::new(
            workload::issue(self, &request.get_ref().client_assertion).await?,
        ))
    }

    async fn list_revocations(
        &self,
        request: Request<ListRevocationsRequest>,
    ) -> Result<Response<ListRevocationsResponse>, Status> {
        Ok(Response::new(
            revocation::list(self, &request.into_inner()).await?,
        ))
    }
}
