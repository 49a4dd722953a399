//! The caller's own account.

use contracts::tradewind::users::v1::{
    DeleteMeResponse, GetMeResponse, UpdateMeRequest, UpdateMeResponse, User as Resource, UserState,
};
use runtime::call::CallContext;
use runtime::mask::Mask;
use runtime::precondition;
use uuid::Uuid;

use super::{administration, directory};
use crate::convert;
use crate::domain::{OwnProfile, State};
use crate::error::Error;
use crate::events::Change;
use crate::service::Users;
use crate::store::user;

pub(super) async fn get_me(users: &Users, call: &CallContext) -> Result<GetMeResponse, Error> {
    let id = call.caller.user()?.id;
    let own = directory::cached(users, id).await?;
    if own.state() == UserState::Deleted {
        return Err(Error::NotFound(id));
    }
    Ok(GetMeResponse { user: Some(own) })
}

pub(super) async fn update_me(
    users: &Users,
    call: &CallContext,
    request: UpdateMeRequest,
) -> Result<UpdateMeResponse, Error> {
    let id = call.caller.user()?.id;
    let update = |_| async { Ok(update(users, id, request).await?) };
    Ok(users.idempotency.once(call, update).await?)
}

async fn update(
    users: &Users,
    id: Uuid,
    request: UpdateMeRequest,
) -> Result<UpdateMeResponse, Error> {
    let new = request.user.unwrap_or_default();
    let mask = Mask::of(request.update_mask.as_ref())?;

    let mut tx = users.db.begin().await?;
    let mut own = user::lock(&mut tx, id).await?;
    if own.state == State::Deleted {
        return Err(Error::NotFound(id));
    }
    precondition::check("user", &id, Some(&own.etag()))?;
    own.expect_etag(&new.etag).map_err(Error::refused(id))?;
    let Resource {
        display_name,
        avatar_url,
        language,
        ..
    } = mask.merge(&convert::user(own.clone()), &new)?;
    let profile = OwnProfile {
        display_name,
        avatar_url,
        language,
    };
    if own
        .change(profile, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &own, Change::Profile).await?;
    }
    let reply = UpdateMeResponse {
        user: Some(convert::user(own.clone())),
    };
    tx.answer(&reply).await?;
    users.commit(tx, &own).await?;
    Ok(reply)
}

pub(super) async fn delete_me(
    users: &Users,
    call: &CallContext,
) -> Result<DeleteMeResponse, Error> {
    let id = call.caller.user()?.id;
    let (mut tx, mut own, others) = administration::lock(users, id).await?;
    if own
        .delete(others, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &own, Change::Deleted).await?;
    }
    users.commit(tx, &own).await?;
    Ok(DeleteMeResponse {})
}
