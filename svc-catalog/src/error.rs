//! What can go wrong, and what the caller is told of it.

use runtime::status::{Problem, Reason};
use tonic::{Code, Status};

use crate::domain::Mistake;
use crate::domain::product::Refusal;

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Fields of the request break rules that the contract cannot express.
    #[error("invalid fields")]
    Invalid(Vec<Mistake>),
    /// There is no such product.
    #[error("there is no product {sku}")]
    NotFound { sku: String },
    /// Somebody else than an administrator asks for what is no longer sold.
    #[error("archived products are listed for administrators only; leave out showArchived")]
    ArchivedHidden,
    /// There is one already.
    #[error("there is a product {sku} already")]
    Exists { sku: String },
    /// The product does not take the change.
    #[error("the product {sku} does not change: {refusal:?}")]
    Refused { sku: String, refusal: Refusal },
    /// A refusal that is worded already.
    #[error(transparent)]
    Status(#[from] Status),
    /// The database does not answer, or refused a statement.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Status(problem.into())
    }
}

impl From<Mistake> for Error {
    fn from(mistake: Mistake) -> Self {
        Self::Invalid(vec![mistake])
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let problem = match error {
            Error::Invalid(mistakes) => {
                Problem::invalid(mistakes.into_iter().map(|m| (m.field, m.description)))
            }
            Error::NotFound { sku } => Problem::not_found("product", sku),
            Error::ArchivedHidden => Problem::new(
                Reason::AccessDenied,
                Code::PermissionDenied,
                error.to_string(),
            ),
            Error::Exists { sku } => Problem::already_exists("product", sku),
            Error::Refused {
                sku,
                refusal: Refusal::Stale,
            } => Problem::etag_mismatch("product", sku),
            Error::Refused {
                sku,
                refusal: Refusal::Archived,
            } => Problem::invalid_state(sku, "the product is archived and no longer changes"),
            Error::Status(status) => return status,
            Error::Store(error) => error.problem(),
        };
        problem.into()
    }
}
