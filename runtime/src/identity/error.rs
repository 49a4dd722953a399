//! Why a token does not count.

use tonic::{Code, Status};

use crate::status::{Problem, Reason};

/// Why a token does not count.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum VerifyError {
    /// It is not a token of this system, or its signature does not hold.
    #[error("the token is not valid: {0}")]
    Invalid(String),
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its session has ended.
    #[error("the session has ended")]
    Revoked,
    /// Its key is not known, and the keys cannot be fetched now.
    #[error("the keys that verify tokens are not known")]
    KeysUnavailable,
    /// It may be good, but this process has just started.
    #[error("it is not known yet which sessions have ended")]
    RevocationsUnknown,
}

impl VerifyError {
    /// The reason that callers are told.
    pub fn reason(&self) -> Reason {
        match self {
            VerifyError::Invalid(_) => Reason::TokenInvalid,
            VerifyError::Expired => Reason::TokenExpired,
            VerifyError::Revoked => Reason::SessionRevoked,
            VerifyError::KeysUnavailable | VerifyError::RevocationsUnknown => {
                Reason::DependencyUnavailable
            }
        }
    }
}

impl From<VerifyError> for Problem {
    fn from(error: VerifyError) -> Problem {
        match error {
            VerifyError::KeysUnavailable | VerifyError::RevocationsUnknown => {
                Problem::unavailable("svc-auth")
            }
            // What exactly is wrong with a token is for the logs, not for whoever forged it.
            VerifyError::Invalid(_) => Problem::new(
                error.reason(),
                Code::Unauthenticated,
                "the token is not valid",
            ),
            other => Problem::new(other.reason(), Code::Unauthenticated, other.to_string()),
        }
    }
}

impl From<VerifyError> for Status {
    fn from(error: VerifyError) -> Status {
        Problem::from(error).into()
    }
}
