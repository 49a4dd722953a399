//! A proved address concerns two services: svc-users has the account's address, which is unique there, and
//! this one signs in by it. First the token is used up here, then svc-users is told, then the credential
//! follows. Whoever finds it used up goes on with it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use runtime::call::CallContext;
use store::Tx;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tonic::Code;
use uuid::Uuid;

use crate::domain::email::email_key;
use crate::domain::mail::MailKind;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::email_proof::{self, EmailProof};
use crate::store::{credential, known_network, password_reset};
use crate::{mails, registration};

/// How long a proof is left to the call that brought it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// When one is tried again that could not be finished.
const RETRY: Duration = Duration::from_millis(500);
/// The longest that svc-users is waited for in the background.
const DEADLINE: Duration = Duration::from_secs(10);

/// Vouches for the address of an account, which needs no token: another one came by a mail to it, or the
/// operator has said it.
pub(crate) async fn vouch(
    auth: &Auth,
    tx: &mut Tx,
    user_id: Uuid,
    email: &str,
) -> Result<EmailProof, Error> {
    let proof = EmailProof {
        proof_id: auth.random.uuid7(&auth.clock),
        user_id,
        current_email: email.to_owned(),
        email: email.to_owned(),
    };
    email_proof::vouch(tx, &proof, auth.clock.now()).await?;
    Ok(proof)
}

/// Goes on with a proof to its end.
///
/// # Errors
/// [`Error::EmailTaken`] if another account has the address, [`Error::EmailTokenInvalid`] if the account
/// has come to another one or is gone; then the proof is gone. Anything else leaves it to be gone on with.
pub(crate) async fn finish(
    auth: &Auth,
    call: &CallContext,
    proof: &EmailProof,
) -> Result<(), Error> {
    let known = credential::find(&mut auth.db.read().await?, proof.user_id).await?;
    let Some(known) = known else {
        return give_up(auth, call, proof, Error::EmailTokenInvalid).await;
    };
    registration::finish(auth, &known).await?;
    match auth.accounts.confirm_email(proof).await {
        Ok(()) => settle(auth, call, proof).await,
        Err(status) => match status.code() {
            Code::AlreadyExists => {
                let error = Error::EmailTaken(proof.email.clone());
                give_up(auth, call, proof, error).await
            }
            Code::NotFound | Code::FailedPrecondition | Code::InvalidArgument => {
                give_up(auth, call, proof, Error::EmailTokenInvalid).await
            }
            _ => Err(status.into()),
        },
    }
}

/// What follows here once svc-users has the address.
async fn settle(auth: &Auth, call: &CallContext, proof: &EmailProof) -> Result<(), Error> {
    let (user_id, key) = (proof.user_id, email_key(&proof.email));
    let mut tx = auth.db.begin().await?;
    if !email_proof::delete(&mut tx, proof.proof_id).await? {
        // Somebody else was faster.
        return Ok(());
    }
    let is_change = key != email_key(&proof.current_email);
    if proof.email != proof.current_email {
        let email = (proof.email.as_str(), key.as_str());
        credential::change_email(&mut tx, user_id, email, auth.clock.now()).await?;
    }
    if is_change {
        // What was sent to the address before opens nothing any more, and networks are remembered of
        // an address.
        password_reset::forget(&mut tx, user_id).await?;
        known_network::forget(&mut tx, user_id).await?;
        let before = (user_id, proof.current_email.as_str());
        mails::tell(auth, &mut tx, call, before, MailKind::EmailChanged).await?;
    }
    let entry = entry(proof, Outcome::Done);
    auth.record(&mut tx, call, entry).await?;
    tx.commit().await?;
    Ok(())
}

async fn give_up(
    auth: &Auth,
    call: &CallContext,
    proof: &EmailProof,
    error: Error,
) -> Result<(), Error> {
    let outcome = match error {
        Error::EmailTaken(_) => Outcome::Taken,
        _ => Outcome::BadToken,
    };
    let mut tx = auth.db.begin().await?;
    if email_proof::delete(&mut tx, proof.proof_id).await? {
        auth.record(&mut tx, call, entry(proof, outcome)).await?;
    }
    tx.commit().await?;
    Err(error)
}

fn entry(proof: &EmailProof, outcome: Outcome) -> Entry {
    let action = match email_key(&proof.email) == email_key(&proof.current_email) {
        true => Action::VerifyEmail,
        false => Action::ChangeEmail,
    };
    Entry {
        action,
        outcome,
        user_id: Some(proof.user_id),
        session_id: None,
    }
}

/// Goes on with proofs that a crash, or svc-users being away, left behind.
pub(crate) async fn heal(auth: Auth, interval: Duration, shutdown: CancellationToken) {
    loop {
        let pause = match heal_all(&auth).await {
            Ok(true) => interval,
            Ok(false) => RETRY.min(interval),
            Err(error) => {
                tracing::warn!(%error, "proofs of addresses could not be looked for");
                interval
            }
        };
        let pause = tokio::time::sleep(pause);
        if shutdown.run_until_cancelled(pause).await.is_none() {
            return;
        }
    }
}

/// True unless something is left to be tried again soon.
async fn heal_all(auth: &Auth) -> Result<bool, Error> {
    let mut all = true;
    loop {
        let now = auth.clock.now();
        let Some(proof) = lease(auth, now).await? else {
            return Ok(all);
        };
        let call = CallContext::background("heal-proof").with_deadline(Instant::now() + DEADLINE);
        let user_id = proof.user_id;
        match call.scope(finish(auth, &call, &proof)).await {
            Ok(()) => tracing::info!(user.id = %user_id, "the proof of an address was finished"),
            Err(error @ (Error::EmailTaken(_) | Error::EmailTokenInvalid)) => {
                tracing::warn!(user.id = %user_id, %error, "the proof of an address was given up");
            }
            Err(error) => {
                tracing::debug!(user.id = %user_id, %error, "the proof of an address has to wait");
                put_off(auth, &proof, now).await?;
                all = false;
            }
        }
    }
}

async fn lease(auth: &Auth, now: DateTime<Utc>) -> Result<Option<EmailProof>, Error> {
    let mut tx = auth.db.begin().await?;
    let proof = email_proof::lease_used(&mut tx, now, now + PATIENCE).await?;
    tx.commit().await?;
    Ok(proof)
}

async fn put_off(auth: &Auth, proof: &EmailProof, now: DateTime<Utc>) -> Result<(), Error> {
    let mut tx = auth.db.begin().await?;
    email_proof::heal_at(&mut tx, proof.proof_id, now + RETRY).await?;
    tx.commit().await?;
    Ok(())
}
