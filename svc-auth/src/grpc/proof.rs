//! What the owner of a session proves again before something grave is done: the password.

use runtime::call::{CallContext, User};

use super::password::is_own;
use crate::domain::password::Typed;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::Credential;

/// The caller's credential, if the password is right.
///
/// # Errors
/// [`Error::WrongPassword`], [`Error::Throttled`].
pub(super) async fn password(
    auth: &Auth,
    call: &CallContext,
    user: &User,
    action: Action,
    typed: String,
) -> Result<Credential, Error> {
    match is_own(auth, user, &Typed::from(typed)).await? {
        Some(known) => Ok(known),
        None => {
            note(auth, call, entry(user, action, Outcome::WrongPassword)).await?;
            Err(Error::WrongPassword)
        }
    }
}

/// Writes an entry of the audit log, of what was not done.
pub(super) async fn note(auth: &Auth, call: &CallContext, entry: Entry) -> Result<(), Error> {
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(())
}

/// What the owner of a session did.
pub(super) fn entry(user: &User, action: Action, outcome: Outcome) -> Entry {
    Entry {
        action,
        outcome,
        user_id: Some(user.id),
        session_id: Some(user.session_id),
    }
}
