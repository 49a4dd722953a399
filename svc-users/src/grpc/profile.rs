//! The caller's own account.

use contracts::tradewind::users::v1::{
    UpdateMeRequest, UpdateMeResponse, User as Resource, UserState,
};
use runtime::call::CallContext;
use runtime::precondition;
use store::Claim;
use tonic::Status;
use uuid::Uuid;

use super::{Users, administration, convert, directory};
use crate::domain::{ProfileChange, State};
use crate::error::Error;
use crate::events::Change;
use crate::store::user;

pub(super) async fn get_me(users: &Users, call: &CallContext) -> Result<Resource, Error> {
    let id = call.caller.user()?.id;
    let own = directory::get(users, id).await?;
    if own.state() == UserState::Deleted {
        Err(Error::NotFound(id))
    } else {
        Ok(own)
    }
}

pub(super) async fn update_me(
    users: &Users,
    call: &CallContext,
    request: UpdateMeRequest,
) -> Result<UpdateMeResponse, Status> {
    let id = call.caller.user()?.id;
    users
        .idempotency
        .once(
            call,
            "/tradewind.users.v1.UsersService/UpdateMe",
            &request,
            |claim| async { Ok(update(users, id, request.clone(), claim).await?) },
        )
        .await
}

async fn update(
    users: &Users,
    id: Uuid,
    request: UpdateMeRequest,
    claim: Claim,
) -> Result<UpdateMeResponse, Error> {
    let new = request.user.unwrap_or_default();
    let mask = request.update_mask.map(|mask| mask.paths);
    let change = ProfileChange::masked(new.display_name, new.avatar_url, mask.as_deref())?;

    let mut tx = users.db.begin().await?;
    claim.start(&mut tx).await?;
    let mut own = user::lock(&mut tx, id).await?;
    if own.state == State::Deleted {
        return Err(Error::NotFound(id));
    }
    precondition::check("user", &id, Some(&own.etag()))?;
    own.expect_etag(&new.etag).map_err(Error::refused(id))?;
    if own
        .change(change, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &own, Change::Profile).await?;
    }
    let reply = UpdateMeResponse {
        user: Some(convert::resource(own.clone())),
    };
    claim.finish(&mut tx, &reply).await?;
    tx.commit().await?;
    users.changed(&own).await;
    Ok(reply)
}

pub(super) async fn delete_me(users: &Users, call: &CallContext) -> Result<(), Error> {
    let id = call.caller.user()?.id;
    let (mut tx, mut own, others) = administration::lock(users, id).await?;
    if own
        .delete(others, users.clock.now())
        .map_err(Error::refused(id))?
    {
        users.save(&mut tx, &own, Change::Deleted).await?;
    }
    administration::finish(users, tx, own).await?;
    Ok(())
}
