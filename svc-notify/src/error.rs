//! Everything that can go wrong, and what callers see of it.

use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::target::Refused;

/// Why a call about notifications fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such webhook.
    #[error("there is no webhook {0}")]
    NoWebhook(Uuid),
    /// There is no such delivery, or it is another webhook's.
    #[error("there is no delivery {0}")]
    NoDelivery(Uuid),
    /// There is no such mail.
    #[error("there is no mail {0}")]
    NoMessage(Uuid),
    /// There is no such template.
    #[error("there is no template {0}")]
    NoTemplate(String),
    /// There is no such suppression.
    #[error("there is no suppression {0}")]
    NoSuppression(Uuid),
    /// Events are not sent there.
    #[error("webhook.url: {0}")]
    Target(Refused),
    /// A field breaks a rule that the contract cannot express.
    #[error("{1}")]
    Invalid(&'static str, String),
    /// The webhook was changed since it was read.
    #[error("the webhook {0} was changed; read it again")]
    Stale(Uuid),
    /// Nothing is sent to it.
    #[error("the webhook {0} is disabled: enable it first")]
    Disabled(Uuid),
    /// It has as many secrets as it may have.
    #[error("the secret of the webhook {0} was changed too often within a day: try again tomorrow")]
    TooManySecrets(Uuid),
    /// What was sealed does not open.
    #[error(transparent)]
    Seal(#[from] runtime::seal::SealError),
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

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Target(refused)
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        let problem = match error {
            Error::NoWebhook(id) => Problem::not_found("webhook", id),
            Error::NoDelivery(id) => Problem::not_found("delivery", id),
            Error::NoMessage(id) => Problem::not_found("message", id),
            Error::NoTemplate(name) => Problem::not_found("mail template", name),
            Error::NoSuppression(id) => Problem::not_found("mail suppression", id),
            Error::Target(refused) => {
                Problem::new(Reason::WebhookTargetRefused, Code::InvalidArgument, message)
                    .field("webhook.url", refused.to_string())
            }
            Error::Invalid(field, wrong) => Problem::invalid([(field, wrong)]),
            Error::Stale(id) => Problem::etag_mismatch("webhook", id),
            Error::Disabled(id) | Error::TooManySecrets(id) => {
                Problem::invalid_state(format!("webhooks/{id}"), message)
            }
            Error::Seal(_) => Problem::internal(&error),
            Error::Status(status) => return status,
            Error::Store(error) => error.problem(),
        };
        problem.into()
    }
}
