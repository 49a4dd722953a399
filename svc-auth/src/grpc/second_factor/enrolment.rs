//! EnrollSecondFactor and ConfirmSecondFactor: how an account gets a second factor.

use std::time::Duration;

use contracts::tradewind::auth::v1::{
    ConfirmSecondFactorRequest, ConfirmSecondFactorResponse, EnrollSecondFactorRequest,
    EnrollSecondFactorResponse,
};
use runtime::call::CallContext;

use super::attempt::Attempt;
use super::owner::fresh_codes;
use crate::domain::mail::MailKind;
use crate::domain::totp;
use crate::error::Error;
use crate::grpc::proof::{self, entry, note};
use crate::sealing::second_factor_label;
use crate::service::Auth;
use crate::store::audit::{Action, Outcome};
use crate::store::{credential, second_factor, session};
use crate::{events, mails};

/// How long a new secret waits for its first code.
const PATIENCE: Duration = Duration::from_secs(60 * 60);

pub(super) async fn enroll(
    auth: &Auth,
    call: &CallContext,
    request: EnrollSecondFactorRequest,
) -> Result<EnrollSecondFactorResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::EnrollSecondFactor);
    let known = proof::password(auth, call, user, action, request.password).await?;
    let secret: [u8; totp::SECRET_LEN] = auth.random.bytes();
    let sealed = auth.sealing.seal(&second_factor_label(user.id), &secret);
    let expire_time = auth.clock.now() + PATIENCE;
    let mut tx = auth.db.begin().await?;
    if !second_factor::propose(&mut tx, user.id, &sealed, expire_time).await? {
        return Err(Error::SecondFactorOn);
    }
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    let issuer = &auth.second_factors.second_factor_issuer;
    Ok(EnrollSecondFactorResponse {
        secret: totp::base32(&secret),
        otpauth_uri: totp::uri(&secret, issuer, &known.email),
    })
}

pub(super) async fn confirm(
    auth: &Auth,
    call: &CallContext,
    request: ConfirmSecondFactorRequest,
) -> Result<ConfirmSecondFactorResponse, Error> {
    let (user, action, now) = (
        call.caller.user()?,
        Action::ConfirmSecondFactor,
        auth.clock.now(),
    );
    let mut tx = auth.db.read().await?;
    let factor = second_factor::find(&mut tx, user.id).await?;
    let known = credential::find(&mut tx, user.id).await?;
    drop(tx);
    let (Some(factor), Some(known)) = (factor, known) else {
        return Err(Error::SecondFactorNotBegun);
    };
    match factor.expire_time {
        None => return Err(Error::SecondFactorOn),
        Some(expire_time) if expire_time <= now => return Err(Error::SecondFactorNotBegun),
        Some(_) => {}
    }

    let attempt = Attempt::begin(auth, call, &known).await?;
    let secret = auth
        .sealing
        .open(&second_factor_label(user.id), &factor.sealed_secret)?;
    let Some(step) = totp::step_of(&secret, &request.code, now) else {
        note(auth, call, entry(user, action, Outcome::WrongCode)).await?;
        return Err(Error::SecondFactorInvalid);
    };
    let (codes, hashes) = fresh_codes(auth, user.id);
    let mut tx = auth.db.begin().await?;
    if !second_factor::enable(&mut tx, user.id, &factor.sealed_secret, step, now).await? {
        return Err(Error::SecondFactorNotBegun);
    }
    second_factor::put_codes(&mut tx, user.id, &hashes).await?;
    // They were signed in by a password alone.
    let others = session::delete_of_user(&mut tx, user.id, Some(user.session_id)).await?;
    events::revoke(auth, &mut tx, user.id, &others).await?;
    let whose = (user.id, known.email.as_str());
    mails::tell(auth, &mut tx, call, whose, MailKind::SecondFactorEnabled).await?;
    auth.record(&mut tx, call, entry(user, action, Outcome::Done))
        .await?;
    tx.commit().await?;
    attempt.was_good(auth).await?;
    Ok(ConfirmSecondFactorResponse {
        recovery_codes: codes,
    })
}
