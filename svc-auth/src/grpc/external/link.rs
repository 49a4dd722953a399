//! An identity becomes an account's, as its owner has asked for.

use contracts::tradewind::auth::v1::FinishExternalLoginResponse;
use runtime::call::CallContext;
use uuid::Uuid;

use super::refusal::refuse;
use crate::domain::mail::MailKind;
use crate::error::Error;
use crate::grpc::proof::note;
use crate::mails;
use crate::providers::Identity;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential;
use crate::store::external_identity::{self, ExternalIdentity};
use crate::store::external_login::ExternalLogin;

/// How many an account has at most.
const MOST: i64 = 10;

pub(super) async fn link(
    auth: &Auth,
    call: &CallContext,
    (user_id, login): (Uuid, &ExternalLogin),
    identity: Identity,
) -> Result<FinishExternalLoginResponse, Error> {
    match auth.accounts.roles_if_active(user_id).await {
        Ok(_) => {}
        Err(Error::AccountInactive) => {
            return refuse(auth, call, Outcome::Inactive, Some(user_id)).await;
        }
        Err(error) => return Err(error),
    }
    let new = ExternalIdentity {
        external_identity_id: auth.random.uuid7(&auth.clock),
        issuer: identity.issuer,
        subject: identity.subject,
        user_id,
        create_time: auth.clock.now(),
        session_id: None,
    };
    let mut tx = auth.db.begin().await?;
    let owner = credential::find(&mut tx, user_id).await?;
    let Some(owner) = owner.filter(|owner| login.is_of(owner)) else {
        // Whoever has begun it may not know the password any more.
        drop(tx);
        return refuse(auth, call, Outcome::BadToken, Some(user_id)).await;
    };
    let there = external_identity::find(&mut tx, &new.issuer, &new.subject).await?;
    if let Some(there) = there {
        drop(tx);
        return match there.user_id == user_id {
            true => Ok(linked(&there)),
            false => taken(auth, call, user_id).await,
        };
    }
    if external_identity::count(&mut tx, user_id).await? >= MOST {
        return Err(Error::TooManyExternalIdentities(MOST));
    }
    if !external_identity::insert(&mut tx, &new).await? {
        drop(tx);
        return taken(auth, call, user_id).await;
    }
    let whose = (user_id, owner.email.as_str());
    mails::tell(auth, &mut tx, call, whose, MailKind::IdentityLinked).await?;
    auth.record(&mut tx, call, entry(Outcome::Done, user_id))
        .await?;
    tx.commit().await?;
    Ok(linked(&new))
}

fn linked(identity: &ExternalIdentity) -> FinishExternalLoginResponse {
    FinishExternalLoginResponse {
        user_id: identity.user_id.to_string(),
        external_identity_id: identity.external_identity_id.to_string(),
        ..FinishExternalLoginResponse::default()
    }
}

/// It belongs to another account.
async fn taken<T>(auth: &Auth, call: &CallContext, user_id: Uuid) -> Result<T, Error> {
    note(auth, call, entry(Outcome::Taken, user_id)).await?;
    Err(Error::ExternalIdentityTaken)
}

fn entry(outcome: Outcome, user_id: Uuid) -> Entry {
    Entry {
        action: Action::LinkIdentity,
        outcome,
        user_id: Some(user_id),
        session_id: None,
    }
}
