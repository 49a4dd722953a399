//! ListExternalIdentities and UnlinkExternalIdentity: the caller's own.

use contracts::tradewind::auth::v1::{
    ExternalIdentity as Resource, ListExternalIdentitiesRequest, ListExternalIdentitiesResponse,
    UnlinkExternalIdentityRequest, UnlinkExternalIdentityResponse,
};
use net::clock::timestamp;
use runtime::call::CallContext;
use runtime::id;
use store::page;
use uuid::Uuid;

use crate::domain::unset::is_unset;
use crate::error::Error;
use crate::events;
use crate::grpc::proof::entry;
use crate::service::Auth;
use crate::store::audit::{Action, Outcome};
use crate::store::credential;
use crate::store::external_identity::{self, ExternalIdentity};

pub(super) async fn list(
    auth: &Auth,
    call: &CallContext,
    request: ListExternalIdentitiesRequest,
) -> Result<ListExternalIdentitiesResponse, Error> {
    let user = call.caller.user()?;
    let size = page::size(&request);
    let list = store::list!("external identities", request);
    let before = list.after(&request.page_token)?.unwrap_or(Uuid::max());
    let mut tx = auth.db.read().await?;
    let mut found = external_identity::list(&mut tx, user.id, before, size + 1).await?;
    let next_page_token = list.cut(&mut found, size, |last| last.external_identity_id);
    Ok(ListExternalIdentitiesResponse {
        external_identities: found.into_iter().map(|it| resource(auth, it)).collect(),
        next_page_token,
    })
}

pub(super) async fn unlink(
    auth: &Auth,
    call: &CallContext,
    request: UnlinkExternalIdentityRequest,
) -> Result<UnlinkExternalIdentityResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::UnlinkIdentity);
    let id = id::parse("externalIdentityId", &request.external_identity_id)?;
    let mut tx = auth.db.begin().await?;
    let Some(session_id) = external_identity::delete(&mut tx, id, user.id).await? else {
        return Err(Error::ExternalIdentityNotFound(id));
    };
    let known = credential::find(&mut tx, user.id).await?;
    let has_password = known.is_some_and(|known| !is_unset(&known.password_hash));
    if !has_password && external_identity::count(&mut tx, user.id).await? == 0 {
        return Err(Error::LastExternalIdentity);
    }
    events::revoke(auth, &mut tx, user.id, session_id.as_slice()).await?;
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(UnlinkExternalIdentityResponse {})
}

fn resource(auth: &Auth, identity: ExternalIdentity) -> Resource {
    let mut providers = auth.providers.all();
    let provider = providers.find(|it| it.issuer() == identity.issuer);
    Resource {
        external_identity_id: identity.external_identity_id.to_string(),
        provider: provider.map_or_else(String::new, |it| it.name().to_owned()),
        issuer: identity.issuer,
        create_time: Some(timestamp(identity.create_time)),
    }
}
