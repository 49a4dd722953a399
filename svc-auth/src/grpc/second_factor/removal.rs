//! RemoveSecondFactor: an administrator takes away what an account's owner has lost.

use contracts::tradewind::auth::v1::{RemoveSecondFactorRequest, RemoveSecondFactorResponse};
use runtime::call::{CallContext, User};
use runtime::id;
use runtime::status::Problem;

use super::owner::end_sessions;
use super::typed::prove;
use crate::domain::mail::MailKind;
use crate::error::Error;
use crate::grpc::proof;
use crate::mails;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::{credential, second_factor, second_factor_login, session};

pub(super) async fn remove(
    auth: &Auth,
    call: &CallContext,
    request: RemoveSecondFactorRequest,
) -> Result<RemoveSecondFactorResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::RemoveSecondFactor);
    let RemoveSecondFactorRequest {
        user_id,
        password,
        code,
        recovery_code,
    } = request;
    let user_id = id::parse("userId", &user_id)?;
    if !is_operator(auth, user).await? {
        if password.is_empty() {
            let message = "must not be empty: the operator alone needs no password";
            return Err(Problem::invalid([("password", message)]).into());
        }
        let own = proof::password(auth, call, user, action, password).await?;
        prove(auth, call, (user, &own), action, (code, recovery_code)).await?;
    }
    let mut tx = auth.db.begin().await?;
    let owner = credential::find(&mut tx, user_id).await?;
    let owner = owner.ok_or_else(|| Problem::not_found("user", user_id))?;
    let is_on = second_factor::is_enabled(&mut tx, user_id).await?;
    if !is_on || !second_factor::forget(&mut tx, user_id).await? {
        return Ok(RemoveSecondFactorResponse {});
    }
    second_factor_login::forget(&mut tx, user_id).await?;
    end_sessions(auth, &mut tx, user_id).await?;
    let whose = (user_id, owner.email.as_str());
    mails::tell(auth, &mut tx, call, whose, MailKind::SecondFactorRemoved).await?;
    // Who did it is the entry's actor.
    let entry = Entry {
        action,
        outcome: Outcome::Done,
        user_id: Some(user_id),
        session_id: None,
    };
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(RemoveSecondFactorResponse {})
}

/// Whether the operator's key has signed in, which proves more than a password and a code.
async fn is_operator(auth: &Auth, user: &User) -> Result<bool, Error> {
    let mut tx = auth.db.read().await?;
    let session = session::find(&mut tx, user.session_id).await?;
    Ok(session.is_some_and(|session| session.by_key && session.user_id == user.id))
}
