//! What administrators do to accounts.

use contracts::tradewind::users::v1::{CreateUserRequest, CreateUserResponse};
use runtime::call::CallContext;
use runtime::precondition;
use store::Tx;
use tonic::Status;
use uuid::Uuid;

use super::{Users, convert};
use crate::domain::{NewUser, Roles, User};
use crate::error::Error;
use crate::events::{self, Change};
use crate::store::user;

pub(super) async fn create(
    users: &Users,
    call: &CallContext,
    request: CreateUserRequest,
) -> Result<CreateUserResponse, Status> {
    let insert = |_| async { Ok(insert(users, request).await?) };
    users.idempotency.once(call, insert).await
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
        user: Some(convert::resource(opened)),
    };
    tx.answer(&reply).await?;
    tx.commit().await?;
    Ok(reply)
}

pub(super) async fn deactivate(users: &Users, id: Uuid) -> Result<User, Error> {
    let (mut tx, mut account, others) = lock(users, id).await?;
    if account
        .deactivate(others, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &account, Change::Deactivated).await?;
    }
    finish(users, tx, account).await
}

pub(super) async fn reactivate(users: &Users, id: Uuid) -> Result<User, Error> {
    let mut tx = users.db.begin().await?;
    let mut account = user::lock(&mut tx, id).await?;
    precondition::check("user", &id, Some(&account.etag()))?;
    if account
        .reactivate(users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &account, Change::Profile).await?;
    }
    finish(users, tx, account).await
}

pub(super) async fn set_roles(users: &Users, id: Uuid, names: &[String]) -> Result<User, Error> {
    let roles = Roles::from_names(names)?;
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
    finish(users, tx, account).await
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

/// Commits and tells the others.
pub(super) async fn finish(users: &Users, tx: Tx, account: User) -> Result<User, Error> {
    tx.commit().await?;
    users.changed(&account).await;
    Ok(account)
}
