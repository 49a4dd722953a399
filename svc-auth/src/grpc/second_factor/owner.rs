//! GetSecondFactor, DisableSecondFactor and RegenerateRecoveryCodes: the caller's own.

use contracts::tradewind::auth::v1::{
    DisableSecondFactorRequest, DisableSecondFactorResponse, GetSecondFactorResponse,
    RegenerateRecoveryCodesRequest, RegenerateRecoveryCodesResponse,
};
use net::clock::timestamp;
use runtime::call::CallContext;
use store::Tx;
use uuid::Uuid;

use super::typed::prove;
use crate::domain::mail::MailKind;
use crate::domain::recovery;
use crate::error::Error;
use crate::grpc::proof::{self, entry};
use crate::service::Auth;
use crate::store::audit::{Action, Outcome};
use crate::store::{access_token, external_identity, second_factor, second_factor_login, session};
use crate::{events, mails};

pub(super) async fn get(auth: &Auth, call: &CallContext) -> Result<GetSecondFactorResponse, Error> {
    let user = call.caller.user()?;
    let roles = auth.accounts.roles_if_active(user.id).await?;
    let mut tx = auth.db.read().await?;
    let factor = second_factor::find(&mut tx, user.id).await?;
    let enable_time = factor.and_then(|factor| factor.enable_time);
    let left = second_factor::count_codes(&mut tx, user.id).await?;
    Ok(GetSecondFactorResponse {
        enabled: enable_time.is_some(),
        enable_time: enable_time.map(timestamp),
        recovery_codes_left: i32::try_from(left).unwrap_or(i32::MAX),
        required: auth.must_have_second_factor(&roles),
    })
}

pub(super) async fn disable(
    auth: &Auth,
    call: &CallContext,
    request: DisableSecondFactorRequest,
) -> Result<DisableSecondFactorResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::DisableSecondFactor);
    let DisableSecondFactorRequest {
        password,
        code,
        recovery_code,
    } = request;
    let known = proof::password(auth, call, user, action, password).await?;
    let roles = auth.accounts.roles_if_active(user.id).await?;
    prove(auth, call, (user, &known), action, (code, recovery_code)).await?;
    let mut tx = auth.db.begin().await?;
    let was_on = second_factor::is_enabled(&mut tx, user.id).await?;
    if !second_factor::forget(&mut tx, user.id).await? {
        return Ok(DisableSecondFactorResponse {});
    }
    second_factor_login::forget(&mut tx, user.id).await?;
    if auth.must_have_second_factor(&roles) {
        end_sessions(auth, &mut tx, user.id).await?;
    }
    // One that still waited for its first code was nothing to be told of.
    if was_on {
        let whose = (user.id, known.email.as_str());
        mails::tell(auth, &mut tx, call, whose, MailKind::SecondFactorDisabled).await?;
    }
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(DisableSecondFactorResponse {})
}

/// Ends the sessions of an account that may not use all its roles any more. Scripts go on without them.
pub(super) async fn end_sessions(auth: &Auth, tx: &mut Tx, user_id: Uuid) -> Result<(), Error> {
    let mut ended = session::delete_of_user(tx, user_id, None).await?;
    let new = || auth.random.uuid7(&auth.clock);
    ended.extend(access_token::renew_of_user(tx, user_id, new).await?);
    ended.extend(external_identity::end_sessions(tx, user_id).await?);
    events::revoke(auth, tx, user_id, &ended).await
}

pub(super) async fn regenerate(
    auth: &Auth,
    call: &CallContext,
    request: RegenerateRecoveryCodesRequest,
) -> Result<RegenerateRecoveryCodesResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::RegenerateRecoveryCodes);
    let RegenerateRecoveryCodesRequest {
        password,
        code,
        recovery_code,
    } = request;
    let known = proof::password(auth, call, user, action, password).await?;
    prove(auth, call, (user, &known), action, (code, recovery_code)).await?;
    let (codes, hashes) = fresh_codes(auth, user.id);
    let mut tx = auth.db.begin().await?;
    if !second_factor::is_enabled(&mut tx, user.id).await? {
        return Err(Error::SecondFactorOff);
    }
    second_factor::put_codes(&mut tx, user.id, &hashes).await?;
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(RegenerateRecoveryCodesResponse {
        recovery_codes: codes,
    })
}

/// New recovery codes, and their hashes.
pub(super) fn fresh_codes(auth: &Auth, user_id: Uuid) -> (Vec<String>, Vec<Vec<u8>>) {
    let codes = (0..recovery::COUNT).map(|_| recovery::text(auth.random.bytes()));
    let codes: Vec<_> = codes.collect();
    let hashes = codes.iter().map(|code| recovery::code_hash(user_id, code));
    let hashes = hashes.collect();
    (codes, hashes)
}
