//! What svc-auth and svc-orders ask of accounts. Decisions: never from a cache.

use contracts::tradewind::users::v1::{
    EnsureAccountRequest, EnsureAccountResponse, GetAccountRequest, GetAccountResponse,
};
use runtime::id;

use crate::convert;
use crate::domain::{NewUser, Roles, User};
use crate::error::Error;
use crate::events::{self, Change};
use crate::service::Users;
use crate::store::user;

/// Opens the account unless it is there.
pub(super) async fn ensure(
    users: &Users,
    request: EnsureAccountRequest,
) -> Result<EnsureAccountResponse, Error> {
    let user = ensured(users, request).await?;
    Ok(EnsureAccountResponse {
        user: Some(convert::user(user)),
    })
}

async fn ensured(users: &Users, request: EnsureAccountRequest) -> Result<User, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let roles = Roles::from_names(&request.roles)?;
    let mut tx = users.db.begin().await?;
    if let Some(there) = user::find(&mut tx, id).await? {
        return Ok(there);
    }
    let new = NewUser {
        id,
        external_id: None,
        email: Some(request.email),
        display_name: request.display_name,
        roles,
    };
    let opened = User::open(new, users.clock.now());
    if let Err(refused) = user::insert(&mut tx, &opened).await {
        drop(tx);
        // Somebody may have ensured the same account at the same time.
        let mut tx = users.db.read().await?;
        return user::find(&mut tx, id).await?.ok_or(refused);
    }
    events::publish(&users.outbox, &mut tx, &opened, Change::Profile).await?;
    users.commit(tx, &opened).await?;
    Ok(opened)
}

/// Whether the account is active, and its roles.
pub(super) async fn get(
    users: &Users,
    request: GetAccountRequest,
) -> Result<GetAccountResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let mut tx = users.db.read().await?;
    let found = user::find(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    Ok(GetAccountResponse {
        state: convert::state(found.state).into(),
        roles: found.roles.names(),
    })
}
