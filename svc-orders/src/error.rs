//! Everything that can go wrong, and what callers see of it.

use money::Money;
use runtime::status::{self, Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::callees::{CalleeError, PriceError, payment_unknown};
use crate::domain::{InvalidTransition, Line, PricingError, Rejection};

/// Why a call about orders fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such order, or it is somebody else's.
    #[error("there is no order {0}")]
    NotFound(Uuid),
    /// Only administrators may set this field.
    #[error("only administrators may set {0}")]
    AdministratorsOnly(&'static str),
    /// There is no such account to place an order for.
    #[error("there is no user {0}")]
    UnknownUser(Uuid),
    /// Nothing can be sent there.
    #[error("must be a country of ISO 3166-1, as in GB")]
    UnknownCountry,
    /// The account may not order.
    #[error("the account {0} is not active")]
    AccountInactive(Uuid),
    /// The account has to prove its e-mail address first.
    #[error(
        "prove the e-mail address first: open the link that was mailed to it, or ask for another one"
    )]
    EmailNotVerified(Uuid),
    /// The lines have no price.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// The user has an order with this external reference.
    #[error("the user has an order with the reference {0} already")]
    ReferenceTaken(String),
    /// A callee refused the order: it is REJECTED.
    #[error("the order {order} is rejected: {}", rejection.reason)]
    Rejected {
        /// The order.
        order: Uuid,
        /// What the callee said.
        rejection: Rejection,
    },
    /// Shipping refused the cancellation: the order stays as it is.
    #[error("the order {order} cannot be cancelled: {}", refusal.message())]
    CancelRefused {
        /// The order.
        order: Uuid,
        /// What shipping said.
        refusal: Status,
    },
    /// The order is in a state that does not allow this.
    #[error("the order {order}: {refused}")]
    InvalidState {
        /// The order.
        order: Uuid,
        /// What was asked of it.
        refused: InvalidTransition,
    },
    /// Money is asked for otherwise than the shop takes it; the field, and what to do.
    #[error("{0}: {1}")]
    Means(&'static str, &'static str),
    /// The lines cost more than the buyer was shown.
    #[error("the order costs {total} now, more than expected")]
    PriceChanged {
        /// What they cost.
        total: Money,
    },
    /// It is not decided whether the order is paid.
    #[error("the payment of the order {order} is not decided yet")]
    PaymentUnknown {
        /// The order.
        order: Uuid,
        /// svc-payments works on it, rather than being away.
        is_begun: bool,
    },
    /// A callee did not decide.
    #[error(transparent)]
    Callee(#[from] CalleeError),
    /// The catalogue broke its contract.
    #[error(transparent)]
    Price(#[from] PriceError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A refusal that is worded already.
    #[error(transparent)]
    Status(#[from] Status),
}

impl Error {
    /// svc-payments did not decide, or cannot be asked.
    pub(crate) fn of_payment(order: Uuid, undecided: CalleeError) -> Error {
        let (CalleeError::Refused(status) | CalleeError::Undecided(status)) = &undecided;
        match status.code() {
            Code::Unavailable | Code::DeadlineExceeded | Code::Aborted | Code::Cancelled => {
                Error::PaymentUnknown {
                    order,
                    is_begun: status::reason(status) == Some(Reason::PaymentUnknown),
                }
            }
            _ => undecided.into(),
        }
    }
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
            Error::NotFound(order) => Problem::not_found("order", order),
            Error::AdministratorsOnly(field) => {
                Problem::new(Reason::AccessDenied, Code::PermissionDenied, message)
                    .metadata("field", field)
            }
            Error::UnknownUser(user) => Problem::new(
                Reason::ResourceNotFound,
                Code::InvalidArgument,
                message.clone(),
            )
            .field("userId", message)
            .resource("user", user.to_string()),
            Error::UnknownCountry => Problem::invalid([("shipTo.country", message)]),
            Error::AccountInactive(user) => Problem::new(
                Reason::AccountInactive,
                Code::FailedPrecondition,
                message.clone(),
            )
            .precondition("ACCOUNT", user.to_string(), message),
            Error::EmailNotVerified(user) => Problem::new(
                Reason::EmailNotVerified,
                Code::FailedPrecondition,
                message.clone(),
            )
            .precondition("EMAIL", user.to_string(), message),
            Error::Pricing(error) => pricing(&error),
            Error::ReferenceTaken(reference) => {
                Problem::already_exists("order with the external reference", reference)
            }
            Error::Rejected {
                rejection: Rejection { reason, details },
                ..
            } => {
                return Status::with_details(Code::FailedPrecondition, reason, details.into());
            }
            Error::CancelRefused { refusal, .. } => {
                return passed_on(Code::FailedPrecondition, &refusal);
            }
            Error::InvalidState { order, refused } => {
                Problem::invalid_state(format!("orders/{order}"), refused.to_string())
                    .metadata("state", refused.state)
            }
            Error::Means(field, what) => Problem::invalid([(field, what)]),
            Error::PriceChanged { total } => Problem::new(
                Reason::PriceChanged,
                Code::FailedPrecondition,
                message.clone(),
            )
            .precondition("PRICE", "expectedTotal", message)
            .metadata("total", total.decimal())
            .metadata("currency", total.currency),
            Error::PaymentUnknown { order, .. } => payment_unknown(order),
            Error::Callee(CalleeError::Refused(status)) => {
                // Refusals that mean something are handled where they are expected.
                Problem::internal(&status)
            }
            Error::Callee(CalleeError::Undecided(status)) => return status::of_callee(&status),
            Error::Price(error) => Problem::internal(&error),
            Error::Store(error) => error.problem(),
            Error::Status(status) => return status,
        };
        problem.into()
    }
}

/// The callee's words and details under our code.
fn passed_on(code: Code, status: &Status) -> Status {
    let details = bytes::Bytes::copy_from_slice(status.details());
    Status::with_details(code, status.message(), details)
}

/// Lines beyond these are not named: details travel in a header.
const MOST_VIOLATIONS: usize = 20;

fn pricing(error: &PricingError) -> Problem {
    let message = error.to_string();
    let problem = |reason| Problem::new(reason, Code::InvalidArgument, message.clone());
    let each = |problem: Problem, lines: &[Line], description: &str| {
        let first = lines
            .first()
            .map(|line| line.sku.clone())
            .unwrap_or_default();
        lines
            .iter()
            .take(MOST_VIOLATIONS)
            .fold(problem, |problem, line| {
                problem.field(path(line), description)
            })
            .metadata("sku", first)
    };
    match error {
        PricingError::UnknownProduct(lines) => each(
            problem(Reason::UnknownProduct),
            lines,
            "there is no such product",
        ),
        PricingError::ProductArchived(lines) => each(
            problem(Reason::ProductArchived),
            lines,
            "the product is no longer sold",
        ),
        PricingError::CurrencyMismatch { line, .. } => each(
            problem(Reason::CurrencyMismatch),
            std::slice::from_ref(line),
            &message,
        ),
        PricingError::NoLines | PricingError::TotalTooLarge => {
            problem(Reason::InvalidField).field("items", &message)
        }
    }
}

fn path(line: &Line) -> String {
    format!("items[{}].sku", line.index)
}
