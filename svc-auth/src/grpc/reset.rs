//! ResetPassword: a one-time token sets the password of the account that it was given for.

use contracts::tradewind::auth::v1::{ResetPasswordRequest, ResetPasswordResponse};
use runtime::call::CallContext;
use store::Tx;
use uuid::Uuid;

use super::opening;
use crate::domain::mail::MailKind;
use crate::domain::network::Network;
use crate::domain::password::rules::Owner;
use crate::domain::refresh::hash;
use crate::domain::throttle::client_buckets;
use crate::domain::unset::is_unset;
use crate::error::Error;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::{self, Credential};
use crate::store::email_proof::EmailProof;
use crate::store::{
    access_token, account_mail, changed_password, external_identity, password_reset, session,
};
use crate::{events, mails, proofs};

pub(super) async fn reset(
    auth: &Auth,
    call: &CallContext,
    request: ResetPasswordRequest,
) -> Result<ResetPasswordResponse, Error> {
    let token = hash(&request.token);
    let Some(known) = begin(auth, call, &token).await? else {
        note(auth, call, Outcome::BadToken, None).await?;
        return Err(Error::ResetTokenInvalid);
    };
    let owner = Owner {
        email: &known.email,
        display_name: "",
    };
    let new = match auth.passwords.admit(&request.new_password, owner) {
        Ok(new) => new,
        Err(refusal) => {
            note(auth, call, Outcome::WeakPassword, Some(known.user_id)).await?;
            return Err(Error::PasswordRefused("newPassword", refusal));
        }
    };
    let new_hash = auth.hashing.hash(new).await?;

    let (id, now) = (known.user_id, auth.clock.now());
    let mut tx = auth.db.begin().await?;
    let taken = password_reset::take(&mut tx, &token, now).await?;
    let taken = taken.filter(|(user_id, _)| *user_id == id);
    let old = &known.password_hash;
    let Some((_, mail_id)) = taken else {
        // Somebody used it at the same time.
        return Err(Error::ResetTokenInvalid);
    };
    if !credential::replace_hash(&mut tx, id, old, &new_hash, now).await? {
        // Somebody changed the password.
        return Err(Error::ResetTokenInvalid);
    }
    changed_password::forget(&mut tx, id).await?;
    // Strangers who have tried passwords do not keep the owner from signing in with the new one.
    opening::remember_network(auth, call, &mut tx, &known).await?;
    let mut sessions = session::delete_of_user(&mut tx, id, None).await?;
    // Whoever knew the password before may have made some, and linked identities.
    sessions.extend(access_token::delete_of_user(&mut tx, id).await?);
    sessions.extend(match is_unset(old) {
        true => external_identity::end_sessions(&mut tx, id).await?,
        false => external_identity::forget(&mut tx, id).await?,
    });
    events::revoke(auth, &mut tx, id, &sessions).await?;
    if !is_unset(old) {
        let whose = (id, known.email.as_str());
        mails::tell(auth, &mut tx, call, whose, MailKind::PasswordChanged).await?;
    }
    auth.record(&mut tx, call, entry(Outcome::Done, Some(id)))
        .await?;
    let proof = prove(auth, &mut tx, mail_id).await?;
    tx.commit().await?;
    if let Some(proof) = proof
        && let Err(error) = proofs::finish(auth, call, &proof).await
    {
        tracing::debug!(user.id = %id, %error, "the proof of an address has to wait");
    }
    Ok(ResetPasswordResponse {})
}

/// Whoever has a link that was mailed has the address, too.
async fn prove(
    auth: &Auth,
    tx: &mut Tx,
    mail_id: Option<Uuid>,
) -> Result<Option<EmailProof>, Error> {
    let Some(mail_id) = mail_id else {
        return Ok(None);
    };
    let Some(mail) = account_mail::find(tx, mail_id, auth.clock.now()).await? else {
        return Ok(None);
    };
    let proof = proofs::vouch(auth, tx, mail.user_id, &mail.email).await?;
    Ok(Some(proof))
}

/// Counts an attempt of the client's address, and gives the credential that the token is for.
async fn begin(auth: &Auth, call: &CallContext, token: &[u8]) -> Result<Option<Credential>, Error> {
    let now = auth.clock.now();
    let network = call.client_address.map(Network::of);
    let mut tx = auth.db.begin().await?;
    for bucket in client_buckets("reset", network, auth.throttle.login_address()) {
        auth.admit(&mut tx, &bucket).await?;
    }
    let known = match password_reset::find(&mut tx, token, now).await? {
        Some(user_id) => credential::find(&mut tx, user_id).await?,
        None => None,
    };
    tx.commit().await?;
    Ok(known)
}

async fn note(
    auth: &Auth,
    call: &CallContext,
    outcome: Outcome,
    user_id: Option<Uuid>,
) -> Result<(), Error> {
    let mut tx = auth.db.statements().await?;
    auth.record(&mut tx, call, entry(outcome, user_id)).await?;
    tx.commit().await?;
    Ok(())
}

fn entry(outcome: Outcome, user_id: Option<Uuid>) -> Entry {
    Entry {
        action: Action::ResetPassword,
        outcome,
        user_id,
        session_id: None,
    }
}
