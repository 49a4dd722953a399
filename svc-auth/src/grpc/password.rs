//! ChangePassword: the caller's own password.

use std::time::Duration;

use contracts::tradewind::auth::v1::{ChangePasswordRequest, ChangePasswordResponse};
use runtime::call::{CallContext, User};
use secrecy::SecretString;

use crate::domain::mail::MailKind;
use crate::domain::password::Typed;
use crate::domain::password::rules::Owner;
use crate::domain::throttle::Bucket;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::{changed_password, password_reset, session, throttle};
use crate::{events, mails};

/// How long a change may be repeated whose reply was lost.
const REPEATABLE: Duration = Duration::from_secs(10 * 60);

pub(super) async fn change(
    auth: &Auth,
    call: &CallContext,
    request: ChangePasswordRequest,
) -> Result<ChangePasswordResponse, Error> {
    change_own(auth, call, call.caller.user()?, request).await?;
    Ok(ChangePasswordResponse {})
}

async fn change_own(
    auth: &Auth,
    call: &CallContext,
    user: &User,
    request: ChangePasswordRequest,
) -> Result<(), Error> {
    let current = Typed::from(request.current_password);
    let (known, before) = begin(auth, user).await?;
    let wrong = || {
        let (outcome, error) = (Outcome::WrongPassword, Error::WrongPassword);
        refuse(auth, call, user, outcome, error)
    };
    // Without a password of its own an account has none that is right.
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    // Nothing is said of the new one before the current one is known to be right.
    let right = auth.hashing.verify(&current, hash, &[]).await?.is_some();
    let Some(known) = known.filter(|_| right) else {
        let new = Typed::from(request.new_password);
        if let Some(before) = before
            && is_repetition(auth, user, (&current, before), &new).await?
        {
            return Ok(());
        }
        return wrong().await;
    };
    was_right(auth, user).await?;
    let new = match admit(auth, &known, &request.new_password).await {
        Err(error @ Error::PasswordRefused(..)) => {
            return refuse(auth, call, user, Outcome::WeakPassword, error).await;
        }
        new => new?,
    };
    let hash = auth.hashing.hash(new).await?;
    if !replace(auth, call, user, &known, &hash).await? {
        // Somebody changed it at the same time.
        return wrong().await;
    }
    Ok(())
}

/// The caller's credential, if the password is the caller's. It counts as ChangePassword does.
///
/// # Errors
/// [`Error::Throttled`].
pub(super) async fn is_own(
    auth: &Auth,
    user: &User,
    typed: &Typed,
) -> Result<Option<Credential>, Error> {
    let (known, _) = begin(auth, user).await?;
    let hash = known.as_ref().map(|known| known.password_hash.clone());
    let fit = auth.hashing.verify(typed, hash, &[]).await?;
    if fit.is_none() {
        return Ok(None);
    }
    was_right(auth, user).await?;
    Ok(known)
}

/// Counts an attempt at the account's password, apart from those of Login: whoever has no session
/// cannot use them up. The credential, and its hash before the last change, if that was just now.
async fn begin(auth: &Auth, user: &User) -> Result<(Option<Credential>, Option<String>), Error> {
    let now = auth.clock.now();
    let mut tx = auth.db.begin().await?;
    auth.admit(&mut tx, &bucket(auth, user)).await?;
    let known = credential::find(&mut tx, user.id).await?;
    let before = changed_password::find(&mut tx, user.id, now).await?;
    tx.commit().await?;
    Ok((known, before))
}

async fn was_right(auth: &Auth, user: &User) -> Result<(), Error> {
    let mut tx = auth.db.statements().await?;
    throttle::reset(&mut tx, &bucket(auth, user)).await?;
    tx.commit().await?;
    Ok(())
}

fn bucket(auth: &Auth, user: &User) -> Bucket {
    Bucket::new("change", user.id, auth.throttle.login_account())
}

/// Whether the change was made already, and the reply was lost: the current password is the one
/// before, and the new one is in place. Whoever does not know the one before learns nothing.
async fn is_repetition(
    auth: &Auth,
    user: &User,
    (current, before): (&Typed, String),
    new: &Typed,
) -> Result<bool, Error> {
    if auth
        .hashing
        .verify(current, Some(before), &[])
        .await?
        .is_none()
    {
        return Ok(false);
    }
    let known = credential::find(&mut auth.db.read().await?, user.id).await?;
    let hash = known.map(|known| known.password_hash);
    Ok(auth.hashing.verify(new, hash, &[]).await?.is_some())
}

async fn admit(auth: &Auth, known: &Credential, new: &str) -> Result<SecretString, Error> {
    let owner = Owner {
        email: &known.email,
        display_name: &auth.accounts.own_display_name().await?,
    };
    let admitted = auth.passwords.admit(new, owner);
    admitted.map_err(|refusal| Error::PasswordRefused("newPassword", refusal))
}

/// Sets the new hash, ends the other sessions and takes a reset token away, unless the hash is not
/// the one that was verified any more; says whether it did.
async fn replace(
    auth: &Auth,
    call: &CallContext,
    user: &User,
    known: &Credential,
    hash: &str,
) -> Result<bool, Error> {
    let (old, now) = (&known.password_hash, auth.clock.now());
    let mut tx = auth.db.begin().await?;
    if !credential::replace_hash(&mut tx, user.id, old, hash, now).await? {
        return Ok(false);
    }
    changed_password::remember(&mut tx, user.id, old, now + REPEATABLE).await?;
    password_reset::forget(&mut tx, user.id).await?;
    let others = session::delete_of_user(&mut tx, user.id, Some(user.session_id)).await?;
    events::revoke(auth, &mut tx, user.id, &others).await?;
    let whose = (user.id, known.email.as_str());
    mails::tell(auth, &mut tx, call, whose, MailKind::PasswordChanged).await?;
    auth.record(&mut tx, call, entry(user, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(true)
}

/// Tells the audit log why.
async fn refuse(
    auth: &Auth,
    call: &CallContext,
    user: &User,
    outcome: Outcome,
    error: Error,
) -> Result<(), Error> {
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry(user, outcome)).await?;
    tx.commit().await?;
    Err(error)
}

fn entry(user: &User, outcome: Outcome) -> Entry {
    Entry {
        action: Action::ChangePassword,
        outcome,
        user_id: Some(user.id),
        session_id: Some(user.session_id),
    }
}
