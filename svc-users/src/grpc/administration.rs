//! What administrators do to accounts.

use contracts::tradewind::users::v1::{
    CreateUserRequest, CreateUserResponse, DeactivateUserRequest, DeactivateUserResponse,
    ReactivateUserRequest, ReactivateUserResponse, SetUserRolesRequest, SetUserRolesResponse,
};
use runtime::call::CallContext;
use runtime::{id, precondition};
use store::Tx;
use uuid::Uuid;

use crate::convert;
use crate::domain::{NewUser, Roles, User};
use crate::error::Error;
use crate::events::{self, Change};
use crate::service::Users;
use crate::store::user;

pub(super) async fn create(
    users: &Users,
    call: &CallContext,
    request: CreateUserRequest,
) -> Result<CreateUserResponse, Error> {
    let insert = |_| async { Ok(insert(users, request).await?) };
    Ok(users.idempotency.once(call, insert).await?)
}

async fn insert(users: &Users, request: CreateUserRequest) -> Result<CreateUserResponse, Error> {
    let new = NewUser {
        id: users.random.uuid7(&users.clock),
        external_id: Some(request.external_id).filter(|id| !id.is_empty()),
        email: Some(request.email).filter(|email| !email.is_empty()),
        display_name: request.display_name,
        roles: Roles::default(),
    };
    let opened = User::open(new, users.clock.now());
    let mut tx = users.db.begin().await?;
    user::insert(&mut tx, &opened).await?;
    precondition::check("user", &opened.id, None)?;
    events::publish(&users.outbox, &mut tx, &opened, Change::Profile).await?;
    let reply = CreateUserResponse {
        user: Some(convert::user(opened)),
    };
    tx.answer(&reply).await?;
    tx.commit().await?;
    Ok(reply)
}

pub(super) async fn deactivate(
    users: &Users,
    request: DeactivateUserRequest,
) -> Result<DeactivateUserResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let (mut tx, mut account, others) = lock(users, id).await?;
    if account
        .deactivate(others, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &account, Change::Deactivated).await?;
    }
    users.commit(tx, &account).await?;
    Ok(DeactivateUserResponse {
        user: Some(convert::user(account)),
    })
}

pub(super) async fn reactivate(
    users: &Users,
    request: ReactivateUserRequest,
) -> Result<ReactivateUserResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let mut tx = users.db.begin().await?;
    let mut account = user::lock(&mut tx, id).await?;
    precondition::check("user", &id, Some(&account.etag()))?;
    if account
        .reactivate(users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &account, Change::Profile).await?;
    }
    users.commit(tx, &account).await?;
    Ok(ReactivateUserResponse {
        user: Some(convert::user(account)),
    })
}

pub(super) async fn set_roles(
    users: &Users,
    request: SetUserRolesRequest,
) -> Result<SetUserRolesResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let roles = Roles::from_names(&request.roles)?;
    let (mut tx, mut account, others) = lock(users, id).await?;
    let now = users.clock.now();
    if let Some(change) = account
        .set_roles(roles, others, now)
        .map_err(Error::refused(id))?
    {
        let change = if change.taken {
            Change::RolesTaken
        } else {
            Change::Profile
        };
        users.save(&mut tx, &account, change).await?;
    }
    users.commit(tx, &account).await?;
    Ok(SetUserRolesResponse {
        user: Some(convert::user(account)),
    })
}

/// The account for a change that may cost it the administration, and how many others have it.
pub(super) async fn lock(users: &Users, id: Uuid) -> Result<(Tx, User, usize), Error> {
    let mut tx = users.db.begin().await?;
    let administrators = user::lock_administrators(&mut tx).await?;
    let account = user::lock(&mut tx, id).await?;
    precondition::check("user", &id, Some(&account.etag()))?;
    let others = administrators.iter().filter(|other| **other != id).count();
    Ok((tx, account, others))
}
