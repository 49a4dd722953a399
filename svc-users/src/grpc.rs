//! The contract `tradewind.users.v1.UsersService`: request -> domain and store -> reply.

mod account;
mod administration;
mod convert;
mod directory;
mod profile;

use contracts::tradewind::users::v1::users_service_server::UsersService;
use contracts::tradewind::users::v1::{
    CreateUserRequest, CreateUserResponse, DeactivateUserRequest, DeactivateUserResponse,
    DeleteMeRequest, DeleteMeResponse, EnsureAccountRequest, EnsureAccountResponse,
    GetAccountRequest, GetAccountResponse, GetMeRequest, GetMeResponse, GetUserRequest,
    GetUserResponse, ListUsersRequest, ListUsersResponse, ReactivateUserRequest,
    ReactivateUserResponse, SearchUsersRequest, SearchUsersResponse, SetUserRolesRequest,
    SetUserRolesResponse, UpdateMeRequest, UpdateMeResponse, User as Resource,
};
use net::clock::Clock;
use net::random::Random;
use runtime::call::CallContext;
use runtime::node::Node;
use store::{Cache, Database, Idempotency, Outbox, Tx};
use tonic::{Request, Response, Status};

use crate::domain::User;
use crate::error::Error;
use crate::events::{self, Change};

/// The service.
#[derive(Clone)]
pub struct Users {
    db: Database,
    cache: Cache,
    outbox: Outbox,
    idempotency: Idempotency,
    clock: Clock,
    random: Random,
}

impl Users {
    /// The service over its database and cache.
    #[must_use]
    pub fn new(db: Database, cache: Cache, node: &Node) -> Self {
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
            cache,
        }
    }

    /// Writes a change and its events.
    async fn save(&self, tx: &mut Tx, user: &User, change: Change) -> Result<(), Error> {
        crate::store::user::update(tx, user).await?;
        events::publish(&self.outbox, tx, user, change).await
    }

    /// After the commit: forgets what the cache holds, so that who changed it sees it changed.
    async fn changed(&self, user: &User) {
        self.cache
            .invalidate(&events::cache_key(&user.id.to_string()), user.version)
            .await;
    }
}

#[tonic::async_trait]
impl UsersService for Users {
    async fn get_me(
        &self,
        request: Request<GetMeRequest>,
    ) -> Result<Response<GetMeResponse>, Status> {
        let call = CallContext::of(&request);
        let user = Some(profile::get_me(self, &call).await?);
        Ok(Response::new(GetMeResponse { user }))
    }

    async fn update_me(
        &self,
        request: Request<UpdateMeRequest>,
    ) -> Result<Response<UpdateMeResponse>, Status> {
        let call = CallContext::of(&request);
        let updated = profile::update_me(self, &call, request.into_inner());
        Ok(Response::new(updated.await?))
    }

    async fn delete_me(
        &self,
        request: Request<DeleteMeRequest>,
    ) -> Result<Response<DeleteMeResponse>, Status> {
        let call = CallContext::of(&request);
        profile::delete_me(self, &call).await?;
        Ok(Response::new(DeleteMeResponse {}))
    }

    async fn search_users(
        &self,
        request: Request<SearchUsersRequest>,
    ) -> Result<Response<SearchUsersResponse>, Status> {
        Ok(Response::new(
            directory::search(self, request.into_inner()).await?,
        ))
    }

    async fn list_users(
        &self,
        request: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        Ok(Response::new(
            directory::list(self, request.into_inner()).await?,
        ))
    }

    async fn get_user(
        &self,
        request: Request<GetUserRequest>,
    ) -> Result<Response<GetUserResponse>, Status> {
        let id = convert::user_id(&request.get_ref().user_id)?;
        let user = Some(directory::get(self, id).await?);
        Ok(Response::new(GetUserResponse { user }))
    }

    async fn create_user(
        &self,
        request: Request<CreateUserRequest>,
    ) -> Result<Response<CreateUserResponse>, Status> {
        let call = CallContext::of(&request);
        let created = administration::create(self, &call, request.into_inner());
        Ok(Response::new(created.await?))
    }

    async fn deactivate_user(
        &self,
        request: Request<DeactivateUserRequest>,
    ) -> Result<Response<DeactivateUserResponse>, Status> {
        let id = convert::user_id(&request.get_ref().user_id)?;
        let user = resource(administration::deactivate(self, id).await?);
        Ok(Response::new(DeactivateUserResponse { user }))
    }

    async fn reactivate_user(
        &self,
        request: Request<ReactivateUserRequest>,
    ) -> Result<Response<ReactivateUserResponse>, Status> {
        let id = convert::user_id(&request.get_ref().user_id)?;
        let user = resource(administration::reactivate(self, id).await?);
        Ok(Response::new(ReactivateUserResponse { user }))
    }

    async fn set_user_roles(
        &self,
        request: Request<SetUserRolesRequest>,
    ) -> Result<Response<SetUserRolesResponse>, Status> {
        let id = convert::user_id(&request.get_ref().user_id)?;
        let user = resource(administration::set_roles(self, id, &request.get_ref().roles).await?);
        Ok(Response::new(SetUserRolesResponse { user }))
    }

    async fn ensure_account(
        &self,
        request: Request<EnsureAccountRequest>,
    ) -> Result<Response<EnsureAccountResponse>, Status> {
        let user = resource(account::ensure(self, request.into_inner()).await?);
        Ok(Response::new(EnsureAccountResponse { user }))
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        Ok(Response::new(
            account::get(self, &request.get_ref().user_id).await?,
        ))
    }
}

fn resource(user: User) -> Option<Resource> {
    Some(convert::resource(user))
}
