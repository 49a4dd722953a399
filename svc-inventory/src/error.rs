//! What can go wrong, and what the caller is told of it.

use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::level::{MAX_ON_HAND, Shortage};
use crate::domain::reservation::Refusal;

/// Why a call fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Fewer units can be had than are asked for; at least one SKU.
    #[error("too little stock of {} SKUs", .0.len())]
    Short(Vec<Shortage>),
    /// More units would come than fit.
    #[error("the stock of a SKU is {MAX_ON_HAND} at most")]
    Full,
    /// A SKU stands on two lines.
    #[error("the SKU of line {place} was there before")]
    SkuTwice { place: usize },
    /// There is no stock of this SKU, and never was.
    #[error("there is no stock of {sku}")]
    NoStock { sku: String },
    /// The order has no reservation.
    #[error("there is no reservation of the order {order_id}")]
    NoReservation { order_id: Uuid },
    /// The reservation is not in the state for it.
    #[error("the reservation of the order {order_id} does not change: {refusal:?}")]
    Refused { order_id: Uuid, refusal: Refusal },
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

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let problem = match error {
            Error::Short(shortages) => too_little(&shortages),
            Error::Full => Problem::invalid([("delta", error.to_string())]),
            Error::SkuTwice { place } => {
                Problem::invalid([(format!("lines[{place}].sku"), "each SKU stands on one line")])
            }
            Error::NoStock { sku } => Problem::not_found("stock", sku),
            Error::NoReservation { order_id } => Problem::not_found("reservation", order_id),
            Error::Refused { order_id, refusal } => refused(order_id, refusal),
            Error::Status(status) => return status,
            Error::Store(error) => error.problem(),
        };
        problem.into()
    }
}

/// The metadata tell of the first SKU, the violations of all of them, as far as they fit the
/// headers of a reply.
fn too_little(shortages: &[Shortage]) -> Problem {
    const MOST_VIOLATIONS: usize = 20;
    let reason = Reason::InsufficientStock;
    let Some(first) = shortages.first() else {
        return Problem::new(
            reason,
            Code::FailedPrecondition,
            "there is too little stock",
        );
    };
    let Shortage {
        sku,
        requested,
        available,
    } = first;
    let mut message = format!("{requested} of {sku} were asked for, {available} are available");
    if shortages.len() > 1 {
        message += &format!(", and too few of {} other SKUs", shortages.len() - 1);
    }
    let problem = Problem::new(reason, Code::FailedPrecondition, message)
        .metadata("sku", sku)
        .metadata("requested", requested)
        .metadata("available", available);
    shortages
        .iter()
        .take(MOST_VIOLATIONS)
        .fold(problem, |problem, shortage| {
            let Shortage {
                sku,
                requested,
                available,
            } = shortage;
            let description = format!("requested {requested}, available {available}");
            problem.precondition("STOCK", sku, description)
        })
}

fn refused(order_id: Uuid, refusal: Refusal) -> Problem {
    let subject = order_id.to_string();
    match refusal {
        Refusal::Short(shortages) => too_little(&shortages),
        Refusal::Gone => {
            let message = "the reservation has expired or was released";
            Problem::new(
                Reason::ReservationExpired,
                Code::FailedPrecondition,
                message,
            )
            .precondition("STATE", subject, message)
        }
        Refusal::Dispatched => Problem::invalid_state(subject, "the units were dispatched"),
        Refusal::NotAllocated => Problem::invalid_state(subject, "the units are not sold yet"),
        Refusal::OtherLines => {
            let message = "the order has a reservation of other lines";
            Problem::new(Reason::ResourceExists, Code::AlreadyExists, message)
                .resource("reservation", subject)
        }
    }
}
