//! What is asked of a payment.

use chrono::{DateTime, Utc};
use money::{Currency, Money};
use uuid::Uuid;

use super::ledger::{Book, News};
use super::operation::{Kind, Operation, OperationState};
use super::payment::Payment;
use super::snapshot::IntentStatus;
use super::state::{InvalidTransition, State, Step};

/// What a payment is begun with.
#[derive(Clone, Debug)]
pub struct NewPayment {
    /// The order.
    pub order_id: Uuid,
    /// Whose order it is.
    pub user_id: Uuid,
    /// What is to be paid.
    pub amount: Money,
    /// Who holds the money.
    pub provider: &'static str,
    /// Where the buyer comes back to after an action.
    pub return_url: String,
}

/// Why a payment does not do what is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its state does not allow it.
    #[error(transparent)]
    State(#[from] InvalidTransition),
    /// There is not so much.
    #[error("at most {available} minor units are left")]
    Exceeds {
        /// What there is.
        available: i64,
    },
    /// The last word on it was another one.
    #[error("it was settled at another amount")]
    Settled,
    /// Another refund has this id.
    #[error("the refund is there already, of another amount")]
    OtherRefund,
    /// It is being brought to its final amount at this moment.
    #[error("it is being settled")]
    BeingSettled,
}

/// No currency (ISO 4217).
const NONE: &str = "XXX";

impl Payment {
    /// A payment, to be created and confirmed at the provider. The token is put in sealed, by whoever
    /// can.
    #[must_use]
    pub fn begin(id: Uuid, new: NewPayment, book: &mut Book<'_>) -> Self {
        let mut payment = Self::empty(id, new.order_id, new.amount.currency, book.now);
        payment.user_id = new.user_id;
        payment.provider = new.provider.to_owned();
        payment.amount = new.amount.minor;
        payment.return_url = new.return_url;
        payment.plan(book, Kind::Create, 0);
        payment.plan(book, Kind::Confirm, new.amount.minor);
        payment
    }

    /// What stands for a payment that never will be.
    ///
    /// # Panics
    /// Never: three capitals are a currency that was recorded.
    #[must_use]
    pub fn tombstone(id: Uuid, order_id: Uuid, final_amount: i64, now: DateTime<Utc>) -> Self {
        let none = Currency::recorded(NONE).expect("three capitals");
        Self {
            state: State::Closed,
            final_amount: Some(final_amount),
            ..Self::empty(id, order_id, none, now)
        }
    }

    fn empty(id: Uuid, order_id: Uuid, currency: Currency, now: DateTime<Utc>) -> Self {
        Self {
            id,
            order_id,
            user_id: Uuid::nil(),
            provider: String::new(),
            provider_ref: None,
            state: State::Authorizing,
            version: 1,
            currency,
            amount: 0,
            authorized: 0,
            held: 0,
            capturing: 0,
            captured: 0,
            refunding: 0,
            refunded: 0,
            disputed: 0,
            final_amount: None,
            final_reason: String::new(),
            decline_code: None,
            capture_before: None,
            token_sealed: None,
            return_url: String::new(),
            looks: 0,
            hints: 0,
            hints_heard: 0,
            create_time: now,
            update_time: now,
            operations: Vec::new(),
            disputes: Vec::new(),
        }
    }

    /// Takes money for a shipment. As a provider captures a hold once, the first one takes all of it,
    /// and further ones are paid by that; what is not sent in the end is given back when the payment is
    /// settled. One that comes too late for the money is told of by an event, not refused.
    ///
    /// # Errors
    /// When there is no hold yet, or it is smaller.
    pub fn capture(
        &mut self,
        capture_id: Uuid,
        amount: i64,
        book: &mut Book<'_>,
    ) -> Result<(), Refusal> {
        let is_known =
            |it: &Operation| it.kind == Kind::Capture && it.request_id == Some(capture_id);
        if self.operations.iter().any(is_known) {
            return Ok(());
        }
        self.state.after(Step::Capture)?;
        match self.state {
            State::Authorized if amount > self.authorized => {
                return Err(Refusal::Exceeds {
                    available: self.authorized,
                });
            }
            State::Authorized if self.open(Kind::Capture).is_none() => {
                let held = self.held;
                self.plan(book, Kind::Capture, held).request_id = Some(capture_id);
            }
            State::Declined | State::Lapsed => {
                let id = self.record(book, Kind::Capture, amount);
                let code = self.state.as_str().to_lowercase();
                if let Some(operation) = self.operation_mut(id) {
                    operation.request_id = Some(capture_id);
                    operation.state = OperationState::Refused;
                    operation.provider_code = Some(code);
                }
                self.tell(book, amount, News::CaptureFailed(Some(capture_id)));
            }
            _ => {}
        }
        Ok(())
    }

    /// The last word: the payment is brought to this amount, whatever it takes.
    ///
    /// # Errors
    /// When another one was said before, or more is wanted than was ever to be paid.
    pub fn settle(
        &mut self,
        final_amount: i64,
        reason: String,
        book: &mut Book<'_>,
    ) -> Result<(), Refusal> {
        if self.is_tombstone() {
            return Ok(());
        }
        if let Some(said) = self.final_amount {
            return match said == final_amount {
                true => Ok(()),
                false => Err(Refusal::Settled),
            };
        }
        if final_amount > self.amount {
            let available = self.amount;
            return Err(Refusal::Exceeds { available });
        }
        let before = self.state;
        self.step(Step::Settle)?;
        self.final_amount = Some(final_amount);
        self.final_reason = reason;
        if self.state == State::Closing {
            self.abandon_planned(book.now);
            match before {
                State::Authorized => self.settle_on(&IntentStatus::Held, book),
                State::Captured => self.settle_on(&IntentStatus::Captured, book),
                // Nothing is there that could hold money: an object that is being made at this moment is
                // never confirmed.
                _ if self.provider_ref.is_none() => {
                    self.give_up(&[Kind::Create], "settled", book.now);
                    self.settle_on(&IntentStatus::Canceled, book);
                }
                // The object has to be looked at.
                _ => {}
            }
        }
        Ok(())
    }

    /// Gives captured money back. The same id is the same refund.
    ///
    /// # Errors
    /// When there is not so much left, or it is being settled.
    pub fn begin_refund(
        &mut self,
        refund_id: Uuid,
        amount: i64,
        reason: String,
        book: &mut Book<'_>,
    ) -> Result<&Operation, Refusal> {
        let found = (self.operations.iter())
            .position(|it| it.kind == Kind::Refund && it.request_id == Some(refund_id));
        if let Some(known) = found {
            return match &self.operations[known] {
                known if known.amount == amount => Ok(known),
                _ => Err(Refusal::OtherRefund),
            };
        }
        let is_undecided = self.held > 0 || self.open(Kind::Capture).is_some();
        if self.state == State::Closing && is_undecided {
            return Err(Refusal::BeingSettled);
        }
        let available = self.refundable();
        if amount > available {
            return Err(Refusal::Exceeds { available });
        }
        let operation = self.plan(book, Kind::Refund, amount);
        operation.request_id = Some(refund_id);
        operation.reason = reason;
        Ok(operation)
    }
}
