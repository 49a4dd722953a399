//! What can go wrong, and what the caller is told of it.

use std::time::Duration;

use money::{Currency, Money};
use runtime::status::{Problem, Reason};
use tonic::{Code, Status};
use uuid::Uuid;

use crate::domain::Refusal;
use crate::provider::{EventError, Failure, UNKNOWN_TOKEN};

/// Why a call about payments fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no such payment, or it is somebody else's.
    #[error("there is no payment {0}")]
    NotFound(Uuid),
    /// There is none of this order.
    #[error("there is no payment of the order {0}")]
    NoneOfOrder(Uuid),
    /// There is no such dispute.
    #[error("there is no dispute {0}")]
    NoDispute(Uuid),
    /// This provider is not the one that holds the money.
    #[error("there is no provider {0}")]
    NoProvider(String),
    /// Neither a key nor an id tells the refund from others.
    #[error("must be set, or an idempotency key be sent")]
    RefundUnnamed,
    /// An amount is no money that one pays with.
    #[error("{1}")]
    NotPayable(&'static str, String),
    /// It is counted in another currency.
    #[error("the payment is in {0}")]
    OtherCurrency(Currency),
    /// The provider does not take the currency.
    #[error("the payment provider takes no {0}; ask for one of the currencies that it takes")]
    CurrencyUnknown(Currency),
    /// The number of a card came where a token is meant.
    #[error(
        "is the number of a card, which must not be sent here: send it to the payment provider, \
         and the token that it gives for it here"
    )]
    CardNumber,
    /// The provider does not know the token.
    #[error(
        "the payment provider does not know this token: make a new one with the provider's own \
         script and send that"
    )]
    UnknownToken,
    /// The provider refused.
    #[error("the payment was declined ({0}); pay by another means")]
    Declined(String),
    /// It was settled before it was begun, or given up.
    #[error("there is no payment for the order {0}, and there will be none: place the order anew")]
    NotStarted(Uuid),
    /// The hold is gone.
    #[error("the hold on the money for the order {0} has ended: place the order anew")]
    Lapsed(Uuid),
    /// The payment does not do what was asked of it.
    #[error("the payment {payment}: {refusal}")]
    Refused {
        /// The payment.
        payment: Uuid,
        /// Its currency.
        currency: Currency,
        /// Why.
        refusal: Refusal,
    },
    /// Only the provider that holds it can do that, and it is not the one that this process works with.
    #[error(
        "the payment {payment} is held by {provider}, and the shop works with another provider now: \
         it is to be done at {provider} itself, or once the shop works with it again"
    )]
    OtherProvider {
        /// The payment.
        payment: Uuid,
        /// Who holds it.
        provider: String,
    },
    /// There is nothing for the buyer to do.
    #[error("the payment {0} waits for nothing that the buyer could do")]
    NoAction(Uuid),
    /// It is no event of the provider's.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The provider does not answer, or not as it should.
    #[error("the payment provider: {0}")]
    Provider(#[from] Failure),
    /// What was sealed does not open.
    #[error(transparent)]
    Seal(#[from] runtime::seal::SealError),
    /// A test stops here, as a crash would.
    #[error("stopped")]
    Stopped,
    /// A refusal that is worded already.
    #[error(transparent)]
    Status(#[from] Status),
    /// The database does not answer, or refused a statement.
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    /// The refusal that belongs to a decline code.
    pub(crate) fn declined(code: &str) -> Self {
        match code {
            UNKNOWN_TOKEN => Self::UnknownToken,
            code => Self::Declined(code.to_owned()),
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
        let message = error.to_string();
        let failed = |reason| Problem::new(reason, Code::FailedPrecondition, message.clone());
        let invalid = |reason| Problem::new(reason, Code::InvalidArgument, message.clone());
        let problem = match error {
            Error::NotFound(id) => Problem::not_found("payment", id),
            Error::NoneOfOrder(order) => {
                Problem::new(Reason::ResourceNotFound, Code::NotFound, message)
                    .resource("payment", "")
                    .metadata("orderId", order)
            }
            Error::NoDispute(id) => Problem::not_found("dispute", id),
            Error::NoProvider(name) => Problem::not_found("provider", name),
            Error::RefundUnnamed => Problem::invalid([("refundId", message)]),
            Error::NotPayable(field, wrong) => Problem::invalid([(field, wrong)]),
            Error::OtherCurrency(currency) => invalid(Reason::CurrencyMismatch)
                .field("amount.currencyCode", &message)
                .metadata("currency", currency),
            Error::CurrencyUnknown(currency) => invalid(Reason::CurrencyUnknown)
                .field("amount.currencyCode", &message)
                .metadata("currency", currency),
            Error::CardNumber | Error::UnknownToken => {
                Problem::invalid([("paymentToken", message)])
            }
            Error::Declined(code) => failed(Reason::PaymentDeclined).metadata("declineCode", code),
            Error::NotStarted(order) => {
                failed(Reason::PaymentNotStarted).metadata("orderId", order)
            }
            Error::Lapsed(order) => failed(Reason::PaymentLapsed).metadata("orderId", order),
            Error::Refused {
                payment,
                currency,
                refusal,
            } => refused(payment, currency, refusal),
            Error::OtherProvider { provider, .. } => {
                failed(Reason::OtherProvider).metadata("provider", provider)
            }
            Error::NoAction(id) => Problem::invalid_state(format!("payments/{id}"), message),
            Error::Event(EventError::SignatureInvalid) => invalid(Reason::SignatureInvalid),
            Error::Event(EventError::Malformed) => Problem::invalid([("body", message)]),
            Error::Provider(Failure::Unknown(why)) => {
                tracing::warn!(error = why, "the payment provider does not answer");
                Problem::unavailable("the payment provider")
            }
            Error::Provider(_) | Error::Seal(_) | Error::Stopped => Problem::internal(&error),
            Error::Status(status) => return status,
            Error::Store(error) => error.problem(),
        };
        problem.into()
    }
}

fn refused(payment: Uuid, currency: Currency, refusal: Refusal) -> Problem {
    let message = format!("the payment {payment}: {refusal}");
    let subject = format!("payments/{payment}");
    match refusal {
        Refusal::State(refused) => {
            Problem::invalid_state(subject, message).metadata("state", refused.state)
        }
        Refusal::Settled => Problem::invalid_state(subject, message),
        Refusal::Exceeds { available } => {
            let left = Money {
                currency,
                minor: available,
            };
            let message = format!("at most {left} are left of the payment {payment}");
            Problem::new(Reason::AmountExceeded, Code::InvalidArgument, &message)
                .field("amount", message)
                .metadata("available", left.decimal())
                .metadata("currency", currency)
        }
        Refusal::OtherRefund => Problem::new(Reason::ResourceExists, Code::AlreadyExists, message)
            .resource("refund", subject),
        Refusal::BeingSettled => Problem::new(Reason::RequestInProgress, Code::Aborted, message)
            .retry_after(Duration::from_secs(1)),
    }
}
