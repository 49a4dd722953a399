//! svc-users, played by the test: accounts in memory, which can be away.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use contracts::tradewind::users::v1::users_service_server::UsersService;
use contracts::tradewind::users::v1::*;
use runtime::call::CallContext;
use runtime::status::Problem;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// A character that no name may have; the whole rule is svc-users'.
pub(crate) const BAD: char = '\u{202E}';

/// The accounts. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Users {
    accounts: Arc<Mutex<HashMap<String, User>>>,
    away: Arc<AtomicBool>,
}

impl Users {
    /// Answers UNAVAILABLE from now on, or no longer.
    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    /// Changes an account.
    pub(crate) fn change(&self, id: &str, change: impl FnOnce(&mut User)) {
        change(
            self.accounts
                .lock()
                .unwrap()
                .get_mut(id)
                .expect("there is such an account"),
        );
    }

    /// Opens an account, as an administrator does.
    pub(crate) fn open(&self, email: &str) -> String {
        let id = Uuid::now_v7().to_string();
        self.accounts
            .lock()
            .unwrap()
            .insert(id.clone(), account(id.clone(), email, vec![]));
        id
    }

    /// Removes the account of an address.
    pub(crate) fn forget(&self, email: &str) {
        self.accounts
            .lock()
            .unwrap()
            .retain(|_, user| user.email != email);
    }

    /// The account of an address.
    pub(crate) fn of(&self, email: &str) -> Option<User> {
        self.accounts
            .lock()
            .unwrap()
            .values()
            .find(|user| user.email == email)
            .cloned()
    }

    fn there(&self) -> Result<(), Status> {
        if self.away.load(Ordering::SeqCst) {
            return Err(Problem::unavailable("svc-users").into());
        }
        Ok(())
    }

    fn find(&self, id: &str) -> Result<User, Status> {
        let found = self.accounts.lock().unwrap().get(id).cloned();
        found.ok_or_else(|| Problem::not_found("user", id).into())
    }
}

fn account(id: String, email: &str, more_roles: Vec<String>) -> User {
    let mut roles = vec!["user".to_owned()];
    roles.extend(more_roles);
    User {
        user_id: id,
        email: email.to_owned(),
        roles,
        state: UserState::Active.into(),
        ..User::default()
    }
}

fn not_played<T>() -> Result<Response<T>, Status> {
    Err(Status::unimplemented("not played"))
}

#[tonic::async_trait]
impl UsersService for Users {
    async fn ensure_account(
        &self,
        request: Request<EnsureAccountRequest>,
    ) -> Result<Response<EnsureAccountResponse>, Status> {
        self.there()?;
        let request = request.into_inner();
        if request.display_name.contains(BAD) {
            return Err(Problem::invalid([("displayName", "must not hold U+202E")]).into());
        }
        let mut accounts = self.accounts.lock().unwrap();
        let same = |user: &User| user.email.eq_ignore_ascii_case(&request.email);
        if accounts
            .values()
            .any(|user| same(user) && user.user_id != request.user_id)
        {
            return Err(Problem::already_exists("user", &request.email).into());
        }
        let user = accounts
            .entry(request.user_id.clone())
            .or_insert_with(|| User {
                display_name: request.display_name,
                ..account(request.user_id, &request.email, request.roles)
            });
        Ok(Response::new(EnsureAccountResponse {
            user: Some(user.clone()),
        }))
    }

    async fn get_account(
        &self,
        request: Request<GetAccountRequest>,
    ) -> Result<Response<GetAccountResponse>, Status> {
        self.there()?;
        let user = self.find(&request.get_ref().user_id)?;
        Ok(Response::new(GetAccountResponse {
            state: user.state,
            roles: user.roles,
            display_name: user.display_name,
            email_verified: user.email_verified,
            language: user.language,
        }))
    }

    async fn confirm_email(
        &self,
        request: Request<ConfirmEmailRequest>,
    ) -> Result<Response<ConfirmEmailResponse>, Status> {
        self.there()?;
        let request = request.into_inner();
        self.find(&request.user_id)?;
        let mut accounts = self.accounts.lock().unwrap();
        let same = |user: &User, email: &str| user.email.eq_ignore_ascii_case(email);
        let others = accounts
            .values()
            .filter(|user| user.user_id != request.user_id);
        if others.into_iter().any(|user| same(user, &request.email)) {
            return Err(Problem::already_exists("user", &request.email).into());
        }
        let user = accounts.get_mut(&request.user_id).expect("it was found");
        if !same(user, &request.current_email) && !same(user, &request.email) {
            return Err(Problem::invalid_state("user", "has another address").into());
        }
        user.email = request.email;
        user.email_verified = true;
        Ok(Response::new(ConfirmEmailResponse {}))
    }

    async fn find_account(
        &self,
        request: Request<FindAccountRequest>,
    ) -> Result<Response<FindAccountResponse>, Status> {
        self.there()?;
        let email = &request.get_ref().email;
        let accounts = self.accounts.lock().unwrap();
        let found = accounts.values().find(|user| {
            user.email.eq_ignore_ascii_case(email) && user.state() == UserState::Active
        });
        let found = found.map(|user| FindAccountResponse {
            user_id: user.user_id.clone(),
            email: user.email.clone(),
        });
        Ok(Response::new(found.unwrap_or_default()))
    }

    async fn get_contact(
        &self,
        _: Request<GetContactRequest>,
    ) -> Result<Response<GetContactResponse>, Status> {
        not_played()
    }

    async fn get_user(
        &self,
        request: Request<GetUserRequest>,
    ) -> Result<Response<GetUserResponse>, Status> {
        self.there()?;
        let user = Some(self.find(&request.get_ref().user_id)?);
        Ok(Response::new(GetUserResponse { user }))
    }

    async fn get_me(
        &self,
        request: Request<GetMeRequest>,
    ) -> Result<Response<GetMeResponse>, Status> {
        self.there()?;
        let id = CallContext::of(&request).caller.user()?.id.to_string();
        let user = Some(self.find(&id)?);
        Ok(Response::new(GetMeResponse { user }))
    }

    async fn update_me(
        &self,
        _: Request<UpdateMeRequest>,
    ) -> Result<Response<UpdateMeResponse>, Status> {
        not_played()
    }

    async fn delete_me(
        &self,
        _: Request<DeleteMeRequest>,
    ) -> Result<Response<DeleteMeResponse>, Status> {
        not_played()
    }

    async fn search_users(
        &self,
        _: Request<SearchUsersRequest>,
    ) -> Result<Response<SearchUsersResponse>, Status> {
        not_played()
    }

    async fn list_users(
        &self,
        _: Request<ListUsersRequest>,
    ) -> Result<Response<ListUsersResponse>, Status> {
        not_played()
    }

    async fn create_user(
        &self,
        _: Request<CreateUserRequest>,
    ) -> Result<Response<CreateUserResponse>, Status> {
        not_played()
    }

    async fn deactivate_user(
        &self,
        _: Request<DeactivateUserRequest>,
    ) -> Result<Response<DeactivateUserResponse>, Status> {
        not_played()
    }

    async fn reactivate_user(
        &self,
        _: Request<ReactivateUserRequest>,
    ) -> Result<Response<ReactivateUserResponse>, Status> {
        not_played()
    }

    async fn set_user_roles(
        &self,
        _: Request<SetUserRolesRequest>,
    ) -> Result<Response<SetUserRolesResponse>, Status> {
        not_played()
    }
}
