//! Register once more, as the reply was lost. Nothing is stored for it: who asks proves to be the same by
//! the password, and the answer is a session like those of Login.

use chrono::TimeDelta;
use runtime::call::CallContext;

use crate::domain::password::Typed;
use crate::error::Error;
use crate::grpc::login::{Attempt, Comparison};
use crate::service::Auth;
use crate::store::audit::Outcome;
use crate::store::credential::{self, Credential, Pending};

/// How long a registration may be repeated.
const REPEATABLE: TimeDelta = TimeDelta::hours(24);

/// What is asked for.
pub(super) struct Registration<'a> {
    pub(super) email: &'a str,
    pub(super) email_key: &'a str,
    pub(super) display_name: &'a str,
    pub(super) password: &'a Typed,
}

/// The credential of the account that the same request has opened, or why it is none. It counts as an
/// attempt to sign in, unless it is right: by which part it was wrong is told to nobody.
///
/// # Errors
/// [`Error::Throttled`].
pub(super) async fn own(
    auth: &Auth,
    call: &CallContext,
    there: &Credential,
    asked: &Registration<'_>,
) -> Result<Result<Credential, Outcome>, Error> {
    let since = auth.clock.now() - REPEATABLE;
    let mut tx = auth.db.read().await?;
    let is_new = credential::is_made_after(&mut tx, there.user_id, since).await?;
    drop(tx);
    if !is_new || there.email != asked.email.trim() {
        return Ok(Err(Outcome::Taken));
    }
    let (attempt, Comparison { credential, forms }) =
        Attempt::begin(auth, call, asked.email_key).await?;
    let hash = credential.as_ref().map(|known| known.password_hash.clone());
    let fit = auth.hashing.verify(asked.password, hash, &forms).await?;
    let (Some(credential), Some(_)) = (credential, fit) else {
        return Ok(Err(Outcome::WrongPassword));
    };
    let opened = Pending {
        display_name: asked.display_name.to_owned(),
        roles: Vec::new(),
    };
    if auth.accounts.open(&credential, &opened).await? != asked.display_name {
        return Ok(Err(Outcome::Taken));
    }
    match auth.accounts.roles_if_active(credential.user_id).await {
        Ok(_) => {}
        Err(Error::AccountInactive) => return Ok(Err(Outcome::Inactive)),
        Err(error) => return Err(error),
    }
    attempt.was_good(auth).await?;
    Ok(Ok(credential))
}
