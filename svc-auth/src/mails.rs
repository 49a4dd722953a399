//! Mails to accounts: written down with what they tell of, and told of by an event that holds neither
//! the address nor a token.

use contracts::tradewind::auth::v1::{AccountMailKind, AccountMailRequested};
use runtime::call::CallContext;
use secrecy::{ExposeSecret as _, SecretString};
use store::{NewEvent, Tx};
use uuid::Uuid;

use crate::domain::email::email_key;
use crate::domain::mail::MailKind;
use crate::domain::refresh::hash;
use crate::domain::throttle::Bucket;
use crate::error::Error;
use crate::service::Auth;
use crate::store::account_mail::{self, AccountMail};
use crate::store::audit;
use crate::store::credential::Credential;
use crate::store::email_proof::{self, EmailProof};
use crate::store::password_reset;

/// Has a mail sent that holds no link.
pub(crate) async fn tell(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    (user_id, email): (Uuid, &str),
    kind: MailKind,
) -> Result<(), Error> {
    debug_assert!(!kind.has_link(), "a link needs a token");
    write(auth, tx, call, (user_id, email), kind).await?;
    Ok(())
}

/// Has a link sent by which the account's password is set; one that it had is good no longer.
pub(crate) async fn send_reset(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    account: &Credential,
) -> Result<(), Error> {
    let whose = (account.user_id, account.email.as_str());
    let (mail, token) = write(auth, tx, call, whose, MailKind::PasswordReset).await?;
    let hash = hash(token.expose_secret());
    let (mail_id, expire_time) = (Some(mail.mail_id), mail.expire_time);
    password_reset::put(tx, mail.user_id, &hash, expire_time, mail_id).await
}

/// Has a link sent by which an address is proved: the account's, or one that is to become it. One that
/// was sent before is good no longer.
pub(crate) async fn send_proof(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    account: &Credential,
    email: &str,
) -> Result<(), Error> {
    let whose = (account.user_id, email);
    let (mail, token) = write(auth, tx, call, whose, MailKind::EmailVerification).await?;
    let proof = EmailProof {
        proof_id: mail.mail_id,
        user_id: mail.user_id,
        current_email: account.email.clone(),
        email: mail.email,
    };
    let hash = hash(token.expose_secret());
    email_proof::issue(tx, &proof, &hash, mail.expire_time).await
}

/// Counts a mail of this kind to an address: whoever makes the shop write to somebody does it seldom.
///
/// # Errors
/// [`Error::Throttled`].
pub(crate) async fn admit(
    auth: &Auth,
    tx: &mut Tx,
    kind: MailKind,
    email: &str,
) -> Result<(), Error> {
    let limit = auth.throttle.account_mail();
    let bucket = Bucket::of_mail(kind.as_str(), &email_key(email), limit);
    auth.admit(tx, &bucket).await
}

/// The mail, and the token of its link.
async fn write(
    auth: &Auth,
    tx: &mut Tx,
    call: &CallContext,
    (user_id, email): (Uuid, &str),
    kind: MailKind,
) -> Result<(AccountMail, SecretString), Error> {
    let now = auth.clock.now();
    let (address, user_agent) = match kind {
        // Where an administrator works from is not the owner's to know.
        MailKind::SecondFactorRemoved => (String::new(), String::new()),
        _ => (audit::address(call), audit::user_agent(call)),
    };
    let mail = AccountMail {
        mail_id: auth.random.uuid7(&auth.clock),
        user_id,
        kind,
        email: email.to_owned(),
        address,
        user_agent,
        create_time: now,
        expire_time: now + kind.lifetime(),
    };
    account_mail::insert(tx, &mail).await?;
    // An account has no version here; time grows as well.
    let version = now.timestamp_micros();
    let message = AccountMailRequested {
        mail_id: mail.mail_id.to_string(),
        user_id: user_id.to_string(),
        kind: message_kind(kind).into(),
        version,
    };
    let event = NewEvent::new(user_id, version, &message);
    auth.outbox.append(tx, event).await?;
    let token = auth.mail_tokens.issue(mail.mail_id);
    Ok((mail, token))
}

/// The kind as the contract has it.
pub(crate) fn message_kind(kind: MailKind) -> AccountMailKind {
    match kind {
        MailKind::PasswordReset => AccountMailKind::PasswordReset,
        MailKind::EmailVerification => AccountMailKind::EmailVerification,
        MailKind::EmailChanged => AccountMailKind::EmailChanged,
        MailKind::NewSignIn => AccountMailKind::NewSignIn,
        MailKind::PasswordChanged => AccountMailKind::PasswordChanged,
        MailKind::SecondFactorEnabled => AccountMailKind::SecondFactorEnabled,
        MailKind::SecondFactorDisabled => AccountMailKind::SecondFactorDisabled,
        MailKind::SecondFactorRemoved => AccountMailKind::SecondFactorRemoved,
        MailKind::RecoveryCodeUsed => AccountMailKind::RecoveryCodeUsed,
        MailKind::AccessTokenCreated => AccountMailKind::AccessTokenCreated,
        MailKind::IdentityLinked => AccountMailKind::IdentityLinked,
    }
}
