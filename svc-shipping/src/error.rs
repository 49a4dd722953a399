//! Everything that can go wrong, and what callers see of it.

use runtime::status::Problem;
use tonic::Status;
use uuid::Uuid;

use crate::domain::{InvalidTransition, Transport};

/// Why a call about shipments fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such shipment, or it is somebody else's.
    #[error("there is no shipment {0}")]
    NotFound(Uuid),
    /// The shipment is in a state that does not allow this.
    #[error("{refused}")]
    InvalidState {
        /// The shipment or order, as `shipments/<id>` or `orders/<id>`.
        subject: String,
        /// What was asked of it.
        refused: InvalidTransition,
    },
    /// The shipment was dispatched otherwise.
    #[error("the shipment went with {} under the number {}", .by.carrier, .by.tracking_number)]
    DispatchedOtherwise {
        /// The shipment.
        shipment: Uuid,
        /// How it was dispatched.
        by: Transport,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A refusal that is worded already.
    #[error(transparent)]
    Status(#[from] Status),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Error {
        Error::Status(problem.into())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Status {
        let message = error.to_string();
        let problem = match error {
            Error::NotFound(shipment) => Problem::not_found("shipment", shipment),
            Error::InvalidState { subject, refused } => {
                Problem::invalid_state(subject, message).metadata("state", refused.state)
            }
            Error::DispatchedOtherwise { shipment, .. } => {
                Problem::invalid_state(format!("shipments/{shipment}"), message)
            }
            Error::Store(error) => error.problem(),
            Error::Status(status) => return status,
        };
        problem.into()
    }
}
