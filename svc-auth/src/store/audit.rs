//! The table `audit_events`: who did what with credentials and sessions, from where.

use chrono::{DateTime, Utc};
use runtime::call::CallContext;
use store::Tx;
use uuid::Uuid;

use crate::error::Error;

/// The longest user agent that is kept, in characters.
const LONGEST_USER_AGENT: usize = 256;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// An account was opened.
    Register,
    /// Somebody signed in, or tried to.
    Login,
    /// A refresh token was used that had a successor.
    RefreshReuse,
    /// A refresh token was used of a session that is as old as a session may become.
    ExpireSession,
    /// A session was signed out.
    Logout,
    /// The owner ended a session.
    RevokeSession,
    /// A password was changed, or somebody tried to.
    ChangePassword,
    /// A password was set by a one-time token, or somebody tried to.
    ResetPassword,
    /// A link to set a password was asked for.
    RequestPasswordReset,
    /// A link to prove the account's address was asked for.
    RequestEmailVerification,
    /// An address was proved, or somebody tried to.
    VerifyEmail,
    /// A link to prove a new address was asked for, or somebody tried to.
    RequestEmailChange,
    /// An account got another address.
    ChangeEmail,
    /// The operator signed in as the first administrator.
    LoginOperator,
    /// Password hashes were taken over.
    ImportCredentials,
    /// An account was given a secret for an authenticator app, or somebody tried to get one.
    EnrollSecondFactor,
    /// A second factor was turned on, or somebody tried to.
    ConfirmSecondFactor,
    /// A second factor was turned off, or somebody tried to.
    DisableSecondFactor,
    /// An administrator took a second factor away, or tried to.
    RemoveSecondFactor,
    /// Recovery codes were replaced, or somebody tried to.
    RegenerateRecoveryCodes,
    /// A recovery code was used up.
    UseRecoveryCode,
    /// Somebody signed in with a second factor, or tried to.
    LoginSecondFactor,
    /// A personal access token was made, or somebody tried to.
    CreateAccessToken,
    /// The owner ended a personal access token.
    RevokeAccessToken,
    /// Somebody signed in by an identity elsewhere, or tried to.
    LoginExternal,
    /// An identity elsewhere was linked to an account, or somebody tried to.
    LinkIdentity,
    /// An identity elsewhere was parted from an account.
    UnlinkIdentity,
    /// An event of svc-users ended the sessions of an account.
    EndSessions,
}

impl Action {
    /// Its name in the audit log and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Register => "REGISTER",
            Self::Login => "LOGIN",
            Self::RefreshReuse => "REFRESH_REUSE",
            Self::ExpireSession => "EXPIRE_SESSION",
            Self::Logout => "LOGOUT",
            Self::RevokeSession => "REVOKE_SESSION",
            Self::ChangePassword => "CHANGE_PASSWORD",
            Self::ResetPassword => "RESET_PASSWORD",
            Self::RequestPasswordReset => "REQUEST_PASSWORD_RESET",
            Self::RequestEmailVerification => "REQUEST_EMAIL_VERIFICATION",
            Self::VerifyEmail => "VERIFY_EMAIL",
            Self::RequestEmailChange => "REQUEST_EMAIL_CHANGE",
            Self::ChangeEmail => "CHANGE_EMAIL",
            Self::LoginOperator => "LOGIN_OPERATOR",
            Self::ImportCredentials => "IMPORT_CREDENTIALS",
            Self::EnrollSecondFactor => "ENROLL_SECOND_FACTOR",
            Self::ConfirmSecondFactor => "CONFIRM_SECOND_FACTOR",
            Self::DisableSecondFactor => "DISABLE_SECOND_FACTOR",
            Self::RemoveSecondFactor => "REMOVE_SECOND_FACTOR",
            Self::RegenerateRecoveryCodes => "REGENERATE_RECOVERY_CODES",
            Self::UseRecoveryCode => "USE_RECOVERY_CODE",
            Self::LoginSecondFactor => "LOGIN_SECOND_FACTOR",
            Self::CreateAccessToken => "CREATE_ACCESS_TOKEN",
            Self::RevokeAccessToken => "REVOKE_ACCESS_TOKEN",
            Self::LoginExternal => "LOGIN_EXTERNAL",
            Self::LinkIdentity => "LINK_IDENTITY",
            Self::UnlinkIdentity => "UNLINK_IDENTITY",
            Self::EndSessions => "END_SESSIONS",
        }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// The password was wrong.
    WrongPassword,
    /// The new password is not taken.
    WeakPassword,
    /// The password was right, and the second factor is asked for.
    SecondFactorAsked,
    /// The code of the second factor is wrong, or was used before.
    WrongCode,
    /// There is no such account.
    UnknownAccount,
    /// The one-time token is unknown, used, replaced or expired.
    BadToken,
    /// The account may not be used.
    Inactive,
    /// The e-mail address has an account.
    Taken,
    /// The e-mail address is still to be proved.
    Unverified,
    /// The address was sent as many mails as it may be for now.
    Throttled,
}

impl Outcome {
    /// Its name in the audit log and in metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "DONE",
            Self::WrongPassword => "WRONG_PASSWORD",
            Self::WeakPassword => "WEAK_PASSWORD",
            Self::SecondFactorAsked => "SECOND_FACTOR_ASKED",
            Self::WrongCode => "WRONG_CODE",
            Self::UnknownAccount => "UNKNOWN_ACCOUNT",
            Self::BadToken => "BAD_TOKEN",
            Self::Inactive => "INACTIVE",
            Self::Taken => "TAKEN",
            Self::Unverified => "UNVERIFIED",
            Self::Throttled => "THROTTLED",
        }
    }
}

/// What happened, to which account and session as far as they are known.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What was done.
    pub action: Action,
    /// How it ended.
    pub outcome: Outcome,
    /// The account.
    pub user_id: Option<Uuid>,
    /// The session.
    pub session_id: Option<Uuid>,
}

/// Writes an entry of the call in progress. No address of an account, nor anything that was
/// typed, is kept.
pub async fn record(
    tx: &mut Tx,
    entry: Entry,
    call: &CallContext,
    (event_id, now): (Uuid, DateTime<Utc>),
) -> Result<(), Error> {
    store::execute!(
        tx,
        "INSERT INTO audit_events (event_id, event_time, action, outcome, actor, user_id, \
         session_id, address, user_agent) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        event_id,
        now,
        entry.action.name(),
        entry.outcome.name(),
        call.caller.actor(),
        entry.user_id,
        entry.session_id,
        address(call),
        user_agent(call)
    )?;
    Ok(())
}

/// The client's address; empty if it is not known.
#[must_use]
pub fn address(call: &CallContext) -> String {
    call.client_address
        .map(|address| address.to_canonical().to_string())
        .unwrap_or_default()
}

/// The client's user agent, cut to a bearable length.
#[must_use]
pub fn user_agent(call: &CallContext) -> String {
    call.user_agent
        .as_deref()
        .unwrap_or_default()
        .chars()
        .take(LONGEST_USER_AGENT)
        .collect()
}
