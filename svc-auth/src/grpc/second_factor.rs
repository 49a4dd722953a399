//! The contract `tradewind.auth.v1.SecondFactorService`.

mod attempt;
mod enrolment;
mod login;
mod owner;
mod removal;
mod typed;

use contracts::tradewind::auth::v1::second_factor_service_server::SecondFactorService;
use contracts::tradewind::auth::v1::{
    ConfirmSecondFactorRequest, ConfirmSecondFactorResponse, DisableSecondFactorRequest,
    DisableSecondFactorResponse, EnrollSecondFactorRequest, EnrollSecondFactorResponse,
    GetSecondFactorRequest, GetSecondFactorResponse, LoginSecondFactorRequest,
    LoginSecondFactorResponse, RegenerateRecoveryCodesRequest, RegenerateRecoveryCodesResponse,
    RemoveSecondFactorRequest, RemoveSecondFactorResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

pub(super) use self::login::first_step;
pub(super) use self::typed::prove;
use crate::service::Auth;

#[tonic::async_trait]
impl SecondFactorService for Auth {
    async fn login_second_factor(
        &self,
        request: Request<LoginSecondFactorRequest>,
    ) -> Result<Response<LoginSecondFactorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = login::second_step(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn enroll_second_factor(
        &self,
        request: Request<EnrollSecondFactorRequest>,
    ) -> Result<Response<EnrollSecondFactorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = enrolment::enroll(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn confirm_second_factor(
        &self,
        request: Request<ConfirmSecondFactorRequest>,
    ) -> Result<Response<ConfirmSecondFactorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = enrolment::confirm(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_second_factor(
        &self,
        request: Request<GetSecondFactorRequest>,
    ) -> Result<Response<GetSecondFactorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::get(self, &call).await?;
        Ok(Response::new(reply))
    }

    async fn disable_second_factor(
        &self,
        request: Request<DisableSecondFactorRequest>,
    ) -> Result<Response<DisableSecondFactorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::disable(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn remove_second_factor(
        &self,
        request: Request<RemoveSecondFactorRequest>,
    ) -> Result<Response<RemoveSecondFactorResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = removal::remove(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn regenerate_recovery_codes(
        &self,
        request: Request<RegenerateRecoveryCodesRequest>,
    ) -> Result<Response<RegenerateRecoveryCodesResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = owner::regenerate(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
