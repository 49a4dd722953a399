//! What can go wrong, and what callers are told of it.

use runtime::status::Problem;
use tonic::Status;
use uuid::Uuid;

use crate::domain::{Refusal, UnknownRole, User};

/// The type of our resources in `google.rpc.ResourceInfo`.
const USER: &str = "user";

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such account.
    #[error("there is no account {0}")]
    NotFound(Uuid),
    /// Another account has the e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken(String),
    /// Another account has the external id.
    #[error("the external id {0} is taken")]
    ExternalIdTaken(String),
    /// The account's rules forbid it.
    #[error("account {id}: {refusal}")]
    Refused {
        /// Which account.
        id: Uuid,
        /// Why.
        refusal: Refusal,
    },
    /// A role that does not exist was asked for.
    #[error(transparent)]
    Role(#[from] UnknownRole),
    /// A refusal that is worded already.
    #[error(transparent)]
    Status(#[from] Status),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// Says that account `id` refuses.
    pub(crate) fn refused(id: Uuid) -> impl FnOnce(Refusal) -> Self {
        move |refusal| Self::Refused { id, refusal }
    }

    /// Tells which of an account's unique fields is taken.
    pub(crate) fn of_write(error: store::Error, user: &User) -> Self {
        let taken = |column| {
            error
                .violation()
                .is_some_and(|violation| violation.is_unique("users", &[column]))
        };
        match (&user.email, &user.external_id) {
            (Some(email), _) if taken("email_key") => Self::EmailTaken(email.clone()),
            (_, Some(id)) if taken("external_id") => Self::ExternalIdTaken(id.clone()),
            _ => Self::Store(error),
        }
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Status(problem.into())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let problem = match error {
            Error::NotFound(id) => Problem::not_found(USER, id),
            Error::EmailTaken(email) => Problem::already_exists(USER, email),
            Error::ExternalIdTaken(id) => Problem::already_exists(USER, id),
            Error::Refused { id, refusal } => match refusal {
                Refusal::Stale => Problem::etag_mismatch(USER, id),
                Refusal::Nameless => Problem::invalid([("user.displayName", refusal.to_string())]),
                Refusal::Avatar(unfit) => Problem::invalid([("user.avatarUrl", unfit.to_string())]),
                Refusal::LastAdministrator | Refusal::Deleted | Refusal::OtherEmail => {
                    Problem::invalid_state(format!("user:{id}"), refusal.to_string())
                }
            },
            Error::Role(unknown) => Problem::invalid([("roles", unknown.to_string())]),
            Error::Status(status) => return status,
            Error::Store(error) => error.problem(),
        };
        problem.into()
    }
}
