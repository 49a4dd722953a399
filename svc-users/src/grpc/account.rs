//! What svc-auth, svc-orders and svc-notify ask of accounts. Decisions: never from a cache.

use contracts::tradewind::users::v1::{
    ConfirmEmailRequest, ConfirmEmailResponse, EnsureAccountRequest, EnsureAccountResponse,
    FindAccountRequest, FindAccountResponse, GetAccountRequest, GetAccountResponse,
    GetContactRequest, GetContactResponse,
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

/// The account's owner has proved an address, which is its own or becomes it.
pub(super) async fn confirm_email(
    users: &Users,
    request: ConfirmEmailRequest,
) -> Result<ConfirmEmailResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let mut tx = users.db.begin().await?;
    let mut account = user::lock(&mut tx, id).await?;
    let (current, email) = (&request.current_email, &request.email);
    if account
        .confirm_email(current, email, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &account, Change::Profile).await?;
    }
    users.commit(tx, &account).await?;
    Ok(ConfirmEmailResponse {})
}

/// Whether the account is active, its roles, and whether its address is proved.
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
        display_name: found.display_name,
        email_verified: found.email_verified_time.is_some(),
        language: found.language,
    })
}

/// The active account that has an address, if one has.
pub(super) async fn find(
    users: &Users,
    request: FindAccountRequest,
) -> Result<FindAccountResponse, Error> {
    let mut tx = users.db.read().await?;
    let found = user::find_active_email(&mut tx, &request.email).await?;
    let found = found.map(|found| FindAccountResponse {
        user_id: found.id.to_string(),
        email: found.email.unwrap_or_default(),
    });
    Ok(found.unwrap_or_default())
}

/// How to write to the account.
pub(super) async fn contact(
    users: &Users,
    request: GetContactRequest,
) -> Result<GetContactResponse, Error> {
    let id = id::parse("userId", &request.user_id)?;
    let mut tx = users.db.read().await?;
    let found = user::find(&mut tx, id).await?.ok_or(Error::NotFound(id))?;
    Ok(GetContactResponse {
        state: convert::state(found.state).into(),
        email: found.email.unwrap_or_default(),
        display_name: found.display_name,
        language: found.language,
    })
}
