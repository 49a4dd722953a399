//! ChangePassword: the caller's own password.

use contracts::tradewind::auth::v1::ChangePasswordRequest;
use runtime::call::{CallContext, User};
use secrecy::SecretString;

use super::Auth;
use crate::domain::email::email_key;
use crate::domain::throttle::account_bucket;
use crate::error::Error;
use crate::events;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::{session, throttle};

pub(super) async fn change(
    auth: &Auth,
    call: &CallContext,
    request: ChangePasswordRequest,
) -> Result<(), Error> {
    let user = call.caller.user()?;
    let current = SecretString::from(request.current_password);
    let new = SecretString::from(request.new_password);
    let known = begin(auth, user).await?;
    if !auth
        .hashing
        .verify(current, Some(known.password_hash.clone()))
        .await?
    {
        // A repetition finds the new password in place already.
        if auth
            .hashing
            .verify(new, Some(known.password_hash.clone()))
            .await?
        {
            return Ok(());
        }
        note_wrong(auth, call, user).await?;
        return Err(Error::WrongPassword);
    }
    let hash = auth.hashing.hash(new).await?;

    let mut tx = auth.db.begin().await?;
    let (old, now) = (&known.password_hash, auth.clock.now());
    if !credential::replace_hash(&mut tx, user.id, old, &hash, now).await? {
        // Somebody changed it at the same time.
        return Err(Error::WrongPassword);
    }
    throttle::reset(&mut tx, &bucket(&known)).await?;
    let others = session::delete_of_user(&mut tx, user.id, Some(user.session_id)).await?;
    events::revoke(auth, &mut tx, user.id, &others).await?;
    auth.record(&mut tx, call, entry(user, Outcome::Done))
        .await?;
    tx.commit().await?;
    Ok(())
}

/// Counts an attempt at the account's password, with those of Login.
async fn begin(auth: &Auth, user: &User) -> Result<Credential, Error> {
    let mut tx = auth.db.begin().await?;
    let known = credential::find(&mut tx, user.id)
        .await?
        .ok_or(Error::WrongPassword)?;
    let limit = auth.throttle.login_account();
    throttle::take(&mut tx, &bucket(&known), limit, auth.clock.now()).await?;
    tx.commit().await?;
    Ok(known)
}

fn bucket(credential: &Credential) -> String {
    account_bucket(&email_key(&credential.email))
}

async fn note_wrong(auth: &Auth, call: &CallContext, user: &User) -> Result<(), Error> {
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry(user, Outcome::WrongPassword))
        .await?;
    tx.commit().await?;
    Ok(())
}

fn entry(user: &User, outcome: Outcome) -> Entry {
    Entry {
        action: Action::ChangePassword,
        outcome,
        user_id: Some(user.id),
        session_id: Some(user.session_id),
    }
}
