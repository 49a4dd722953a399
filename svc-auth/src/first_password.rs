//! An account that was opened without a password, by an administrator, is known to svc-users alone. When
//! its owner asks for a link that sets a password, it gets a credential that no password fits, and is an
//! account like others from then on.

use std::time::Duration;

use runtime::call::CallContext;
use tokio::time::Instant;
use uuid::Uuid;

use crate::domain::email::email_key;
use crate::domain::unset::unset;
use crate::error::Error;
use crate::service::Auth;
use crate::store::credential::{self, Credential};

/// The longest that svc-users is waited for.
const DEADLINE: Duration = Duration::from_secs(2);

/// Gives the account of an address a credential, if there is such an account. Nothing may be locked: the
/// call to svc-users may need this service.
///
/// # Errors
/// svc-users is away.
pub(crate) async fn prepare(auth: &Auth, email: &str) -> Result<(), Error> {
    let call = CallContext::background("first-password").with_deadline(Instant::now() + DEADLINE);
    let work = async {
        match auth.accounts.find(email).await? {
            Some((user_id, email)) => open(auth, user_id, email).await,
            None => Ok(()),
        }
    };
    call.scope(work).await
}

async fn open(auth: &Auth, user_id: Uuid, email: String) -> Result<(), Error> {
    let (key, now) = (email_key(&email), auth.clock.now());
    let credential = Credential {
        user_id,
        email,
        password_hash: unset(),
        pending: None,
    };
    let mut tx = auth.db.begin().await?;
    let is_new = credential::insert(&mut tx, &credential, &key, now, now).await?;
    tx.commit().await?;
    if !is_new {
        return Ok(());
    }
    // Asked once it is there: what deletes the account from now on deletes it, and what came before is
    // seen here.
    let still = auth.accounts.active(user_id).await;
    if let Err(error) = still {
        let mut tx = auth.db.begin().await?;
        credential::delete(&mut tx, user_id).await?;
        tx.commit().await?;
        return match error {
            Error::AccountInactive => Ok(()),
            error => Err(error),
        };
    }
    Ok(())
}
