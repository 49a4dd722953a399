//! The contract `tradewind.users.v1.UsersService`.

mod account;
mod administration;
mod directory;
mod profile;

use contracts::tradewind::users::v1::users_service_server::UsersService;
use contracts::tradewind::users::v1::{
    ConfirmEmailRequest, ConfirmEmailResponse, CreateUserRequest, CreateUserResponse,
    DeactivateUserRequest, DeactivateUserResponse, DeleteMeRequest, DeleteMeResponse,
    EnsureAccountRequest, EnsureAccountResponse, FindAccountRequest, FindAccountResponse,
    GetAccountRequest, GetAccountResponse, GetContactRequest, GetContactResponse, GetMeRequest,
    GetMeResponse, GetUserRequest, GetUserResponse, ListUsersRequest, ListUsersResponse,
    ReactivateUserRequest, ReactivateUserResponse, SearchUsersRequest, SearchUsersResponse,
    SetUserRolesRequest, SetUserRolesResponse, UpdateMeRequest, UpdateMeResponse,
};
use runtime::call::CallContext;
use tonic::{Request, Response, Status};

use crate::service::Users;

#[tonic::async_trait]
impl UsersService for Users {
    async fn get_me(
        &self,
        request: Request<GetMeRequest>,
    ) -> Result<Response<GetMeResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = profile::get_me(self, &call).await?;
        Ok(Response::new(reply))
    }

    async fn update_me(
        &self,
        request: Request<UpdateMeRequest>,
    ) -> Result<Response<UpdateMeResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = profile::update_me(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn delete_me(
        &self,
        request: Request<DeleteMeRequest>,
    ) -> Result<Response<DeleteMeResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = profile::delete_me(self, &call).await?;
        Ok(Response::new(reply))
    }

    async fn search_users(
        &self,
        request: Request<SearchUsersRequest>,
    ) -> Result<Response<SearchUsersResponse>, Status> {
        let reply = directory::search(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        let reply = directory::list(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_user(
        &self,
        request: Request<GetUserRequest>,
    ) -> Result<Response<GetUserResponse>, Status> {
        let reply = directory::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn create_user(
        &self,
        request: Request<CreateUserRequest>,
    ) -> Result<Response<CreateUserResponse>, Status> {
        let call = CallContext::of(&request);
        let reply = administration::create(self, &call, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn deactivate_user(
        &self,
        request: Request<DeactivateUserRequest>,
    ) -> Result<Response<DeactivateUserResponse>, Status> {
        let reply = administration::deactivate(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn reactivate_user(
        &self,
        request: Request<ReactivateUserRequest>,
    ) -> Result<Response<ReactivateUserResponse>, Status> {
        let reply = administration::reactivate(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn set_user_roles(
        &self,
        request: Request<SetUserRolesRequest>,
    ) -> Result<Response<SetUserRolesResponse>, Status> {
        let reply = administration::set_roles(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn ensure_account(
        &self,
        request: Request<EnsureAccountRequest>,
    ) -> Result<Response<EnsureAccountResponse>, Status> {
        let reply = account::ensure(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn confirm_email(
        &self,
        request: Request<ConfirmEmailRequest>,
    ) -> Result<Response<ConfirmEmailResponse>, Status> {
        let reply = account::confirm_email(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        let reply = account::get(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn find_account(
        &self,
        request: Request<FindAccountRequest>,
    ) -> Result<Response<FindAccountResponse>, Status> {
        let reply = account::find(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }

    async fn get_contact(
        &self,
        request: Request<GetContactRequest>,
    ) -> Result<Response<GetContactResponse>, Status> {
        let reply = account::contact(self, request.into_inner()).await?;
        Ok(Response::new(reply))
    }
}
