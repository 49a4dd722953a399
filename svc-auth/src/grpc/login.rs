//! Login: an account is signed in with its e-mail address and password.

mod attempt;

use contracts::tradewind::auth::v1::{LoginRequest, LoginResponse};
use runtime::call::CallContext;
use runtime::email_verification::EmailVerification;
use secrecy::SecretString;
use uuid::Uuid;

pub(super) use self::attempt::{Attempt, Comparison};
use super::opening::{Proof, open_session};
use super::second_factor::first_step;
use crate::accounts::Account;
use crate::domain::email::email_key;
use crate::domain::mail::MailKind;
use crate::domain::password::hash::is_outdated;
use crate::domain::password::{Fit, Typed};
use crate::error::Error;
use crate::mails;
use crate::registration;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::tokens::Granted;

pub(super) async fn login(
    auth: &Auth,
    call: &CallContext,
    request: LoginRequest,
) -> Result<LoginResponse, Error> {
    let (credential, signed_in) = sign_in(auth, call, request).await?;
    match signed_in {
        Err(Error::SecondFactorNeeded) => Ok(LoginResponse {
            second_factor_required: true,
            second_factor_token: first_step(auth, call, &credential, Action::Login).await?,
            ..LoginResponse::default()
        }),
        granted => Ok(granted?.into()),
    }
}

/// The credential that the password is right for, and its session, if the password is enough.
async fn sign_in(
    auth: &Auth,
    call: &CallContext,
    request: LoginRequest,
) -> Result<(Credential, Result<Granted, Error>), Error> {
    let password = Typed::from(request.password);
    let key = email_key(&request.email);
    let (attempt, Comparison { credential, forms }) = Attempt::begin(auth, call, &key).await?;
    let user_id = credential.as_ref().map(|known| known.user_id);
    let hash = credential.as_ref().map(|known| known.password_hash.clone());
    let fit = auth.hashing.verify(&password, hash, &forms).await?;
    let (Some(mut credential), Some(fit)) = (credential, fit) else {
        let outcome = match user_id {
            Some(_) => Outcome::WrongPassword,
            None => Outcome::UnknownAccount,
        };
        return refuse(auth, call, outcome, user_id).await;
    };

    let opened = may_sign_in(auth, &credential).await;
    if let Err(Error::AccountInactive) = opened {
        // Whoever has found the password of a closed account learns nothing of it, not even by how
        // often it may be tried.
        return refuse(auth, call, Outcome::Inactive, user_id).await;
    }
    attempt.was_good(auth).await?;
    if !is_proved(auth, &opened?) {
        return send_proof(auth, call, &credential).await;
    }
    if fit == Fit::AsTyped || is_outdated(&credential.password_hash) {
        credential.password_hash = rehash(auth, &credential, password.normal().clone()).await?;
    }
    match open_session(auth, call, &credential, Action::Login, Proof::Password).await {
        // It was closed a moment ago.
        Err(Error::AccountInactive) => refuse(auth, call, Outcome::Inactive, user_id).await,
        granted => Ok((credential, granted)),
    }
}

/// Goes on with a registration that broke off, and asks whether the account is active.
async fn may_sign_in(auth: &Auth, credential: &Credential) -> Result<Account, Error> {
    registration::finish(auth, credential).await?;
    auth.accounts.active(credential.user_id).await
}

/// Refuses an account that was opened and has not proved its address yet, where that comes first.
///
/// # Errors
/// [`Error::EmailNotVerified`], [`Error::AccountInactive`].
pub(super) async fn expect_proved(auth: &Auth, credential: &Credential) -> Result<(), Error> {
    if auth.email_verification == EmailVerification::BeforeLogin
        && !auth
            .accounts
            .active(credential.user_id)
            .await?
            .email_verified
    {
        return Err(Error::EmailNotVerified);
    }
    Ok(())
}

/// Whether the address is proved, where that comes before a login.
fn is_proved(auth: &Auth, account: &Account) -> bool {
    account.email_verified || auth.email_verification != EmailVerification::BeforeLogin
}

/// Whoever has the password and has not proved the address is sent another link to do so.
async fn send_proof(
    auth: &Auth,
    call: &CallContext,
    credential: &Credential,
) -> Result<(Credential, Result<Granted, Error>), Error> {
    let mut tx = auth.db.begin().await?;
    let kind = MailKind::EmailVerification;
    match mails::admit(auth, &mut tx, kind, &credential.email).await {
        Ok(()) => mails::send_proof(auth, &mut tx, call, credential, &credential.email).await?,
        // The newest that was sent is good, and stays so.
        Err(Error::Throttled(_)) => {}
        Err(error) => return Err(error),
    }
    let entry = Entry {
        action: Action::Login,
        outcome: Outcome::Unverified,
        user_id: Some(credential.user_id),
        session_id: None,
    };
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Err(Error::EmailNotVerified)
}

/// Tells everybody the same, and the audit log why.
async fn refuse<T>(
    auth: &Auth,
    call: &CallContext,
    outcome: Outcome,
    user_id: Option<Uuid>,
) -> Result<T, Error> {
    let entry = Entry {
        action: Action::Login,
        outcome,
        user_id,
        session_id: None,
    };
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Err(Error::CredentialsInvalid)
}

/// Hashes the password as it is done today, now that it is known.
async fn rehash(auth: &Auth, known: &Credential, password: SecretString) -> Result<String, Error> {
    let hash = auth.hashing.hash(password).await?;
    let mut tx = auth.db.begin().await?;
    let (old, now) = (&known.password_hash, auth.clock.now());
    // If it was changed in the meantime, that is as good.
    credential::replace_hash(&mut tx, known.user_id, old, &hash, now).await?;
    tx.commit().await?;
    Ok(hash)
}
