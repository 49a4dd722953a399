//! What somebody types to prove a second factor: a code of the app, or a recovery code.

use runtime::call::{CallContext, User};
use runtime::status::Problem;
use store::Tx;
use uuid::Uuid;

use super::attempt::Attempt;
use crate::domain::mail::MailKind;
use crate::domain::{recovery, totp};
use crate::error::Error;
use crate::grpc::proof::{entry, note};
use crate::mails;
use crate::sealing::second_factor_label;
use crate::service::Auth;
use crate::store::audit::{Action, Entry, Outcome};
use crate::store::credential::Credential;
use crate::store::second_factor;

/// What was typed.
pub(in crate::grpc) enum Typed {
    /// The digits of the app.
    Code(String),
    /// One of the codes on paper.
    RecoveryCode(String),
}

impl Typed {
    /// One of the two.
    ///
    /// # Errors
    /// That there is none, or both.
    pub(in crate::grpc) fn of(code: String, recovery_code: String) -> Result<Self, Error> {
        match (code.is_empty(), recovery_code.is_empty()) {
            (false, true) => Ok(Self::Code(code)),
            (true, false) => Ok(Self::RecoveryCode(recovery_code)),
            _ => {
                let message = "send either code or recoveryCode: the account has a second factor";
                Err(Problem::invalid([("code", message)]).into())
            }
        }
    }

    /// Uses it up, if it is right and was not used before; says whether it was.
    pub(super) async fn use_up(
        &self,
        auth: &Auth,
        tx: &mut Tx,
        user_id: Uuid,
    ) -> Result<bool, Error> {
        match self {
            Self::Code(code) => {
                let factor = second_factor::find(tx, user_id).await?;
                let Some(factor) = factor.filter(|it| it.enable_time.is_some()) else {
                    return Ok(false);
                };
                let secret = auth
                    .sealing
                    .open(&second_factor_label(user_id), &factor.sealed_secret)?;
                match totp::step_of(&secret, code, auth.clock.now()) {
                    Some(step) => second_factor::use_step(tx, user_id, step).await,
                    None => Ok(false),
                }
            }
            Self::RecoveryCode(code) => {
                let hash = recovery::code_hash(user_id, code);
                second_factor::use_code(tx, user_id, &hash).await
            }
        }
    }

    /// Tells the audit log, and the owner, that there is one code on paper less.
    pub(super) async fn record(
        &self,
        auth: &Auth,
        tx: &mut Tx,
        call: &CallContext,
        credential: &Credential,
    ) -> Result<(), Error> {
        let user_id = credential.user_id;
        let entry = Entry {
            action: Action::UseRecoveryCode,
            outcome: Outcome::Done,
            user_id: Some(user_id),
            session_id: None,
        };
        match self {
            Self::Code(_) => Ok(()),
            Self::RecoveryCode(_) => {
                let whose = (user_id, credential.email.as_str());
                mails::tell(auth, tx, call, whose, MailKind::RecoveryCodeUsed).await?;
                auth.record(tx, call, entry).await
            }
        }
    }
}

/// Proves the second factor of the owner of a session, where the account has one.
///
/// # Errors
/// [`Error::SecondFactorInvalid`], [`Error::Throttled`], or that nothing was typed.
pub(in crate::grpc) async fn prove(
    auth: &Auth,
    call: &CallContext,
    (user, credential): (&User, &Credential),
    action: Action,
    (code, recovery_code): (String, String),
) -> Result<(), Error> {
    let mut tx = auth.db.read().await?;
    let enabled = second_factor::is_enabled(&mut tx, user.id).await?;
    drop(tx);
    if !enabled {
        return Ok(());
    }
    let typed = Typed::of(code, recovery_code)?;
    let attempt = Attempt::begin(auth, call, credential).await?;
    let mut tx = auth.db.begin().await?;
    if !typed.use_up(auth, &mut tx, user.id).await? {
        drop(tx);
        note(auth, call, entry(user, action, Outcome::WrongCode)).await?;
        return Err(Error::SecondFactorInvalid);
    }
    typed.record(auth, &mut tx, call, credential).await?;
    tx.commit().await?;
    attempt.was_good(auth).await
}
