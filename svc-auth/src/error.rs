//! What can go wrong, and what callers are told of it.

use std::time::Duration;

use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::assertion::BadAssertion;
use crate::domain::password::rules::Refusal;

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The e-mail address has an account.
    #[error("the e-mail address has an account")]
    EmailTaken(String),
    /// No account has this e-mail address and this password.
    #[error("the e-mail address and the password do not belong together")]
    CredentialsInvalid,
    /// The caller's own password was asked for, and is another.
    #[error("the current password is another")]
    WrongPassword,
    /// The new password, in this field of the request, is not taken.
    #[error("{0}: {1}")]
    PasswordRefused(&'static str, Refusal),
    /// The account was deactivated or deleted.
    #[error("the account is not active")]
    AccountInactive,
    /// The refresh token is unknown, expired or was used before.
    #[error("the refresh token is unknown, expired or was used before")]
    RefreshTokenInvalid,
    /// The session is as old as a session may become.
    #[error("the session is as old as a session may become; sign in again")]
    SessionExpired,
    /// The one-time token that sets a password is unknown, used, replaced or expired.
    #[error("the link or token is unknown, used, replaced by a newer one, or expired")]
    ResetTokenInvalid,
    /// The ticket is unknown, used, expired or for another path.
    #[error("the ticket is unknown, used, expired or for another path")]
    TicketInvalid,
    /// The caller has no such session.
    #[error("there is no session {0}")]
    SessionNotFound(Uuid),
    /// A workload does not prove itself.
    #[error(transparent)]
    Assertion(#[from] BadAssertion),
    /// Too many attempts; there may be one more after this time.
    #[error("too many attempts")]
    Throttled(Duration),
    /// The server hashes as many passwords as it can.
    #[error("too many passwords are being checked; come again soon")]
    Overloaded,
    /// A refusal that is worded already, here or by another service.
    #[error(transparent)]
    Status(#[from] Status),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Status(problem.into())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let said = error.to_string();
        let problem = match error {
            Error::EmailTaken(email) => Problem::already_exists("account", email),
            Error::CredentialsInvalid => unauthenticated(Reason::CredentialsInvalid, said),
            // Not UNAUTHENTICATED: the caller's token is good, and a new one would not help.
            Error::WrongPassword => denied(Reason::CredentialsInvalid, said),
            Error::PasswordRefused(field, refusal) => {
                Problem::invalid([(field, refusal.to_string())])
            }
            Error::AccountInactive => denied(Reason::AccountInactive, said),
            Error::RefreshTokenInvalid => unauthenticated(Reason::RefreshTokenInvalid, said),
            Error::SessionExpired => unauthenticated(Reason::SessionExpired, said),
            Error::ResetTokenInvalid => unauthenticated(Reason::ResetTokenInvalid, said),
            Error::TicketInvalid => unauthenticated(Reason::TicketInvalid, said),
            Error::SessionNotFound(id) => Problem::not_found("session", id),
            Error::Assertion(_) => unauthenticated(Reason::TokenInvalid, said),
            Error::Throttled(wait) => {
                Problem::new(Reason::RateLimited, Code::ResourceExhausted, said).retry_after(wait)
            }
            Error::Overloaded => Problem::new(Reason::Overloaded, Code::ResourceExhausted, said)
                .retry_after(Duration::from_secs(1)),
            Error::Status(status) => return status,
            Error::Store(error) => error.problem(),
        };
        problem.into()
    }
}

fn unauthenticated(reason: Reason, said: String) -> Problem {
    Problem::new(reason, Code::Unauthenticated, said)
}

fn denied(reason: Reason, said: String) -> Problem {
    Problem::new(reason, Code::PermissionDenied, said)
}
