//! The caller's e-mail address: RequestEmailVerification, VerifyEmail and ChangeEmail.

use contracts::tradewind::auth::v1::{
    ChangeEmailRequest, ChangeEmailResponse, RequestEmailVerificationResponse, VerifyEmailRequest,
    VerifyEmailResponse,
};
use runtime::call::CallContext;

use super::proof;
use super::second_factor::prove;
use crate::domain::email::email_key;
use crate::domain::mail::MailKind;
use crate::domain::network::Network;
use crate::domain::refresh::hash;
use crate::domain::throttle::client_buckets;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential;
use crate::store::email_proof;
use crate::store::mail_request::Wish;
use crate::{healing, mails, proofs, wishes};

pub(super) async fn request_verification(
    auth: &Auth,
    call: &CallContext,
) -> Result<RequestEmailVerificationResponse, Error> {
    let user = call.caller.user()?;
    let account = auth.accounts.active(user.id).await?;
    if account.email_verified {
        return Ok(RequestEmailVerificationResponse {});
    }
    let mut tx = auth.db.begin().await?;
    let known = credential::find(&mut tx, user.id).await?;
    let known = known.ok_or(Error::AccountInactive)?;
    mails::admit(auth, &mut tx, MailKind::EmailVerification, &known.email).await?;
    mails::send_proof(auth, &mut tx, call, &known, &known.email).await?;
    let entry = Entry {
        action: Action::RequestEmailVerification,
        outcome: Outcome::Done,
        user_id: Some(user.id),
        session_id: Some(user.session_id),
    };
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(RequestEmailVerificationResponse {})
}

pub(super) async fn verify(
    auth: &Auth,
    call: &CallContext,
    request: VerifyEmailRequest,
) -> Result<VerifyEmailResponse, Error> {
    let (token, now) = (hash(&request.token), auth.clock.now());
    let network = call.client_address.map(Network::of);
    let mut tx = auth.db.begin().await?;
    for bucket in client_buckets("verify", network, auth.throttle.login_address()) {
        auth.admit(&mut tx, &bucket).await?;
    }
    let proof = email_proof::use_up(&mut tx, &token, now, now + healing::PATIENCE).await?;
    let Some(proof) = proof else {
        let entry = Entry {
            action: Action::VerifyEmail,
            outcome: Outcome::BadToken,
            user_id: None,
            session_id: None,
        };
        auth.record(&mut tx, call, entry).await?;
        tx.commit().await?;
        return Err(Error::EmailTokenInvalid);
    };
    tx.commit().await?;
    proofs::finish(auth, call, &proof).await?;
    Ok(VerifyEmailResponse {})
}

pub(super) async fn change(
    auth: &Auth,
    call: &CallContext,
    request: ChangeEmailRequest,
) -> Result<ChangeEmailResponse, Error> {
    let (user, action) = (call.caller.user()?, Action::RequestEmailChange);
    let ChangeEmailRequest {
        new_email,
        password,
        code,
        recovery_code,
    } = request;
    let known = proof::password(auth, call, user, action, password).await?;
    if auth.is_administrators(&known.email) {
        return Err(Error::AddressIsConfigured);
    }
    prove(auth, call, (user, &known), action, (code, recovery_code)).await?;
    let key = email_key(&new_email);
    let mut tx = auth.db.begin().await?;
    let address = (new_email, key);
    wishes::note(auth, &mut tx, call, Wish::ChangeEmail, address).await?;
    tx.commit().await?;
    Ok(ChangeEmailResponse {})
}
