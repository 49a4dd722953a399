//! Opening an account takes two services: first its credential is written here as pending, then
//! svc-users is told, then the credential is active. Whoever finds it pending goes on with it.

use chrono::{DateTime, Utc};
use runtime::call::CallContext;
use runtime::email_verification::EmailVerification;
use store::Tx;
use tonic::Code;
use uuid::Uuid;

use crate::error::Error;
use crate::healing::HalfDone;
use crate::mails;
use crate::service::Auth;
use crate::store::credential::{self, Credential, Pending};
use crate::store::{email_proof, external_identity};

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
            let is_vouched = email_proof::is_vouched(&mut tx, credential.user_id).await?;
            if is_news && has_to_prove_address(auth, pending) && !is_vouched {
                let call = CallContext::current();
                let call = call.unwrap_or_else(|| CallContext::background("registration"));
                mails::send_proof(auth, &mut tx, &call, credential, &credential.email).await?;
            }
            Ok(())
        }
        Err(status) if matches!(status.code(), Code::AlreadyExists | Code::InvalidArgument) => {
            if credential::give_up(&mut tx, credential.user_id).await? {
                external_identity::forget(&mut tx, credential.user_id).await?;
            }
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

impl HalfDone for Credential {
    const CALL: &'static str = "heal-registration";
    const NAME: &'static str = "a registration";

    async fn lease(
        tx: &mut Tx,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Self>, Error> {
        credential::lease_pending(tx, now, until).await
    }

    fn user_id(&self) -> Uuid {
        self.user_id
    }

    async fn finish(&self, auth: &Auth, _: &CallContext) -> Result<(), Error> {
        finish(auth, self).await
    }

    fn is_end(error: &Error) -> bool {
        match error {
            Error::EmailTaken(_) => true,
            Error::Status(status) => status.code() == Code::InvalidArgument,
            _ => false,
        }
    }

    async fn put_off(&self, tx: &mut Tx, time: DateTime<Utc>) -> Result<(), Error> {
        credential::heal_at(tx, self.user_id, time).await
    }
}
