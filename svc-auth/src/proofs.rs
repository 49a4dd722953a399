//! A proved address concerns two services: svc-users has the account's address, which is unique there, and
//! this one signs in by it. First the token is used up here, then svc-users is told, then the credential
//! follows. Whoever finds it used up goes on with it.

use chrono::{DateTime, Utc};
use runtime::call::CallContext;
use store::Tx;
use tonic::Code;
use uuid::Uuid;

use crate::domain::email::email_key;
use crate::domain::mail::MailKind;
use crate::error::Error;
use crate::healing::HalfDone;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::email_proof::{self, EmailProof};
use crate::store::{credential, known_network, password_reset};
use crate::{mails, registration};

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

impl HalfDone for EmailProof {
    const CALL: &'static str = "heal-proof";
    const NAME: &'static str = "the proof of an address";

    async fn lease(
        tx: &mut Tx,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Self>, Error> {
        email_proof::lease_used(tx, now, until).await
    }

    fn user_id(&self) -> Uuid {
        self.user_id
    }

    async fn finish(&self, auth: &Auth, call: &CallContext) -> Result<(), Error> {
        finish(auth, call, self).await
    }

    fn is_end(error: &Error) -> bool {
        matches!(error, Error::EmailTaken(_) | Error::EmailTokenInvalid)
    }

    async fn put_off(&self, tx: &mut Tx, time: DateTime<Utc>) -> Result<(), Error> {
        email_proof::heal_at(tx, self.proof_id, time).await
    }
}
