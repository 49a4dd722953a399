//! Opening an account takes two services: first its credential is written here as pending, then
//! svc-users is told, then the credential is active. Whoever finds it pending goes on with it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use runtime::call::CallContext;
use runtime::email_verification::EmailVerification;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

use crate::error::Error;
use crate::mails;
use crate::service::Auth;
use crate::store::credential::{self, Credential, Pending};

/// How long a registration is left to the call that began it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// When a registration is tried again that could not be finished.
const RETRY: Duration = Duration::from_millis(500);
/// The longest that svc-users is waited for in the background.
const DEADLINE: Duration = Duration::from_secs(10);

/// Goes on with a registration to its end; nothing is to be done for an active credential.
///
/// # Errors
/// [`Error::EmailTaken`] if svc-users has the address for another account; then the credential
/// is gone. Anything else leaves it pending.
pub(crate) async fn finish(auth: &Auth, credential: &Credential) -> Result<(), Error> {
    let Some(pending) = &credential.pending else {
        return Ok(());
    };
    let opened = auth.accounts.open(credential, pending).await;
    let mut tx = auth.db.begin().await?;
    let result = match opened {
        Ok(_) => {
            let now = auth.clock.now();
            let is_news = credential::activate(&mut tx, credential.user_id, now).await?;
            if is_news && has_to_prove_address(auth, pending) {
                let call = CallContext::current();
                let call = call.unwrap_or_else(|| CallContext::background("registration"));
                mails::send_proof(auth, &mut tx, &call, credential, &credential.email).await?;
            }
            Ok(())
        }
        Err(status) if matches!(status.code(), Code::AlreadyExists | Code::InvalidArgument) => {
            credential::give_up(&mut tx, credential.user_id).await?;
            if status.code() == Code::AlreadyExists {
                Err(Error::EmailTaken(credential.email.clone()))
            } else {
                Err(status.into())
            }
        }
        Err(status) => return Err(status.into()),
    };
    tx.commit().await?;
    result
}

/// The operator vouches for the address of the first administrator.
fn has_to_prove_address(auth: &Auth, pending: &Pending) -> bool {
    auth.email_verification != EmailVerification::Off && pending.roles.is_empty()
}

/// Goes on with registrations that a crash, or svc-users being away, left behind.
pub(crate) async fn heal(auth: Auth, interval: Duration, shutdown: CancellationToken) {
    loop {
        let pause = match heal_all(&auth).await {
            Ok(true) => interval,
            Ok(false) => RETRY.min(interval),
            Err(error) => {
                tracing::warn!(%error, "registrations could not be looked for");
                interval
            }
        };
        if shutdown
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_none()
        {
            return;
        }
    }
}

/// True unless something is left to be tried again soon.
async fn heal_all(auth: &Auth) -> Result<bool, Error> {
    let mut all = true;
    loop {
        let now = auth.clock.now();
        let Some(credential) = lease(auth, now).await? else {
            return Ok(all);
        };
        let call =
            CallContext::background("heal-registration").with_deadline(Instant::now() + DEADLINE);
        let user_id = credential.user_id;
        match call.scope(finish(auth, &credential)).await {
            Ok(()) => tracing::info!(user.id = %user_id, "a registration was finished"),
            Err(error) if will_not_do(&error) => {
                tracing::warn!(user.id = %user_id, %error, "a registration was given up");
            }
            Err(error) => {
                tracing::debug!(user.id = %user_id, %error, "a registration has to wait");
                put_off(auth, user_id, now).await?;
                all = false;
            }
        }
    }
}

fn will_not_do(error: &Error) -> bool {
    match error {
        Error::EmailTaken(_) => true,
        Error::Status(status) => status.code() == Code::InvalidArgument,
        _ => false,
    }
}

async fn lease(auth: &Auth, now: DateTime<Utc>) -> Result<Option<Credential>, Error> {
    let mut tx = auth.db.begin().await?;
    let credential = credential::lease_pending(&mut tx, now, now + PATIENCE).await?;
    tx.commit().await?;
    Ok(credential)
}

async fn put_off(auth: &Auth, user_id: Uuid, now: DateTime<Utc>) -> Result<(), Error> {
    let mut tx = auth.db.begin().await?;
    credential::heal_at(&mut tx, user_id, now + RETRY).await?;
    tx.commit().await?;
    Ok(())
}
