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
    /// The one-time token that proves an address is unknown, used, replaced or expired, or the account has
    /// come to another address.
    #[error("the link or token is unknown, used, replaced by a newer one, or expired")]
    EmailTokenInvalid,
    /// The account has to prove its address first.
    #[error(
        "prove the e-mail address first: open the link that was mailed to it, or sign in once more to \
         have another one sent"
    )]
    EmailNotVerified,
    /// The first administrator's address is the operator's to change.
    #[error("the operator gives this address to the first administrator: ADMIN_EMAIL changes it")]
    AddressIsConfigured,
    /// There is nothing to send any more.
    #[error("the mail {0} is over")]
    MailOver(Uuid),
    /// The code of the second factor, or the recovery code, is wrong or was used before.
    #[error("the code is wrong or was used before; wait for the next one")]
    SecondFactorInvalid,
    /// The token of the first step of signing in is unknown, used or expired.
    #[error("the token of the first step is unknown, used or expired; sign in again")]
    SecondFactorTokenInvalid,
    /// The account has a second factor, which is still to be proved.
    #[error("the account has a second factor")]
    SecondFactorNeeded,
    /// The account has a second factor already.
    #[error("the account has a second factor already; turn it off before you set up another")]
    SecondFactorOn,
    /// The account has no second factor.
    #[error("the account has no second factor; set one up")]
    SecondFactorOff,
    /// There is no new secret to confirm.
    #[error("no secret waits for its first code; ask for one by EnrollSecondFactor")]
    SecondFactorNotBegun,
    /// The personal access token is unknown, or was revoked.
    #[error("the personal access token is not valid")]
    AccessTokenInvalid,
    /// The personal access token has expired.
    #[error("the personal access token has expired")]
    AccessTokenExpired,
    /// The access token is of no issuer that is trusted, proves nothing, or stands for nobody here.
    #[error("the access token is not valid, or stands for no account")]
    ForeignTokenInvalid,
    /// The access token of another issuer has expired.
    #[error("the access token has expired")]
    ForeignTokenExpired,
    /// The caller has no such personal access token.
    #[error("there is no personal access token {0}")]
    AccessTokenNotFound(Uuid),
    /// The account has as many personal access tokens as it may have.
    #[error("the account has {0} personal access tokens; revoke one first")]
    TooManyAccessTokens(i64),
    /// There is no such identity provider.
    #[error("there is no identity provider {0}")]
    ProviderUnknown(String),
    /// What was begun with a provider is unknown, used, expired or of another browser, or the provider's
    /// answer proves nothing.
    #[error(
        "what was begun with the provider is unknown, used, expired or of another browser, or the \
         provider's answer proves nothing; begin again"
    )]
    ExternalLoginInvalid,
    /// The identity belongs to no account, and an account has its address.
    #[error(
        "an account has the e-mail address of this identity, and is not linked to it: sign in to the \
         account as before, and link the identity there"
    )]
    ExternalIdentityNotLinked,
    /// The identity belongs to no account, and its address is not verified.
    #[error(
        "the provider does not say that the e-mail address of this identity is verified, so that it \
         opens no account: have it verified there, or register here and link the identity"
    )]
    ExternalEmailNotVerified,
    /// The identity belongs to another account.
    #[error("the identity belongs to another account; unlink it there first")]
    ExternalIdentityTaken,
    /// The caller has no such identity.
    #[error("there is no external identity {0}")]
    ExternalIdentityNotFound(Uuid),
    /// The account has as many identities as it may have.
    #[error("the account has {0} external identities; unlink one first")]
    TooManyExternalIdentities(i64),
    /// There would be no way in.
    #[error(
        "the account has no password, and would have no way to sign in: have a link mailed that sets \
         one, by RequestPasswordReset"
    )]
    LastExternalIdentity,
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
            Error::EmailTokenInvalid => unauthenticated(Reason::EmailTokenInvalid, said),
            Error::EmailNotVerified => {
                let (reason, code) = (Reason::EmailNotVerified, Code::FailedPrecondition);
                Problem::new(reason, code, said.clone()).precondition("EMAIL", "account", said)
            }
            Error::AddressIsConfigured => Problem::invalid_state("account", said),
            Error::MailOver(id) => Problem::not_found("account mail", id),
            Error::TicketInvalid => unauthenticated(Reason::TicketInvalid, said),
            Error::SecondFactorInvalid => unauthenticated(Reason::SecondFactorInvalid, said),
            // Nobody is told who has not given the password, and whoever has is told by Login.
            Error::SecondFactorTokenInvalid | Error::SecondFactorNeeded => {
                unauthenticated(Reason::SecondFactorTokenInvalid, said)
            }
            Error::SecondFactorOn
            | Error::SecondFactorOff
            | Error::SecondFactorNotBegun
            | Error::TooManyExternalIdentities(_)
            | Error::LastExternalIdentity
            | Error::TooManyAccessTokens(_) => {
                Problem::new(Reason::InvalidState, Code::FailedPrecondition, said)
            }
            Error::ProviderUnknown(name) => Problem::not_found("identity provider", name),
            Error::ExternalLoginInvalid => unauthenticated(Reason::ExternalLoginInvalid, said),
            Error::ExternalIdentityNotLinked => {
                Problem::new(Reason::ExternalIdentityNotLinked, Code::AlreadyExists, said)
            }
            Error::ExternalEmailNotVerified => {
                let (reason, code) = (Reason::ExternalEmailNotVerified, Code::FailedPrecondition);
                Problem::new(reason, code, said.clone()).precondition("EMAIL", "identity", said)
            }
            Error::ExternalIdentityTaken => {
                Problem::new(Reason::ResourceExists, Code::AlreadyExists, said)
            }
            Error::ExternalIdentityNotFound(id) => Problem::not_found("external identity", id),
            Error::AccessTokenInvalid | Error::ForeignTokenInvalid | Error::Assertion(_) => {
                unauthenticated(Reason::TokenInvalid, said)
            }
            Error::AccessTokenExpired | Error::ForeignTokenExpired => {
                unauthenticated(Reason::TokenExpired, said)
            }
            Error::AccessTokenNotFound(id) => Problem::not_found("personal access token", id),
            Error::SessionNotFound(id) => Problem::not_found("session", id),
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
