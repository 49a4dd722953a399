//! Signing in with a second factor: the token that the password gives, and LoginSecondFactor.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contracts::tradewind::auth::v1::{LoginSecondFactorRequest, LoginSecondFactorResponse};
use runtime::call::CallContext;
use uuid::Uuid;

use super::attempt::Attempt;
use super::typed::Typed;
use crate::domain::refresh::hash;
use crate::error::Error;
use crate::grpc::opening::{self, Proof};
use crate::grpc::proof::note;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::second_factor_login;

/// How long the second step may take.
const LIFETIME: Duration = Duration::from_secs(5 * 60);

/// A token for who has given the right password of an account with a second factor, or is known to a
/// provider that it is linked to.
pub(in crate::grpc) async fn first_step(
    auth: &Auth,
    call: &CallContext,
    credential: &Credential,
    action: Action,
) -> Result<String, Error> {
    let token = URL_SAFE_NO_PAD.encode(auth.random.bytes::<32>());
    let expire_time = auth.clock.now() + LIFETIME;
    let entry = Entry {
        action,
        ..entry(Outcome::SecondFactorAsked, Some(credential.user_id))
    };
    let mut tx = auth.db.begin().await?;
    second_factor_login::insert(&mut tx, &hash(&token), credential, expire_time).await?;
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(token)
}

pub(super) async fn second_step(
    auth: &Auth,
    call: &CallContext,
    request: LoginSecondFactorRequest,
) -> Result<LoginSecondFactorResponse, Error> {
    let typed = Typed::of(request.code, request.recovery_code)?;
    let token = hash(&request.second_factor_token);
    let Some(known) = find(auth, &token).await? else {
        note(auth, call, entry(Outcome::BadToken, None)).await?;
        return Err(Error::SecondFactorTokenInvalid);
    };
    let user_id = Some(known.user_id);
    let attempt = Attempt::begin(auth, call, &known).await?;
    // Asked before the code is used up: with svc-users away, the client can come again with another.
    match auth.accounts.roles_if_active(known.user_id).await {
        Ok(_) => {}
        Err(Error::AccountInactive) => {
            note(auth, call, entry(Outcome::Inactive, user_id)).await?;
            return Err(Error::SecondFactorTokenInvalid);
        }
        Err(error) => return Err(error),
    }
    let mut tx = auth.db.begin().await?;
    if !typed.use_up(auth, &mut tx, known.user_id).await? {
        drop(tx);
        note(auth, call, entry(Outcome::WrongCode, user_id)).await?;
        return Err(Error::SecondFactorInvalid);
    }
    if !second_factor_login::take(&mut tx, &token, &known).await? {
        // Somebody used it at the same time, or the password is another by now.
        drop(tx);
        note(auth, call, entry(Outcome::BadToken, user_id)).await?;
        return Err(Error::SecondFactorTokenInvalid);
    }
    typed.record(auth, &mut tx, call, &known).await?;
    tx.commit().await?;
    attempt.was_good(auth).await?;
    let (action, proof) = (Action::LoginSecondFactor, Proof::SecondFactor);
    match opening::open_session(auth, call, &known, action, proof).await {
        // It was closed a moment ago.
        Err(Error::AccountInactive) => Err(Error::SecondFactorTokenInvalid),
        granted => Ok(granted?.into()),
    }
}

/// The credential whose password has given this token.
async fn find(auth: &Auth, token: &[u8]) -> Result<Option<Credential>, Error> {
    let mut tx = auth.db.read().await?;
    match second_factor_login::find(&mut tx, token, auth.clock.now()).await? {
        Some(user_id) => credential::find(&mut tx, user_id).await,
        None => Ok(None),
    }
}

fn entry(outcome: Outcome, user_id: Option<Uuid>) -> Entry {
    Entry {
        action: Action::LoginSecondFactor,
        outcome,
        user_id,
        session_id: None,
    }
}
