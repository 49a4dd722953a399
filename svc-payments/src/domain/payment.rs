//! The money of one order.

use chrono::{DateTime, Utc};
use money::Currency;
use uuid::Uuid;

use super::ledger::{Account, Book, Event, News};
use super::operation::{Kind, Operation, OperationState};
use super::snapshot::DisputeStatus;
use super::state::{InvalidTransition, State, Step};

/// The money of one order, with all that was asked for it. Amounts are minor units of its currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub id: Uuid,
    /// The order; it has no other payment.
    pub order_id: Uuid,
    /// Whose order it is.
    pub user_id: Uuid,
    /// Who holds the money; nobody where there was none and never will be.
    pub provider: String,
    /// The provider's object, once it is known.
    pub provider_ref: Option<String>,
    /// Where it stands.
    pub state: State,
    /// Grows with each change.
    pub version: i64,
    /// What it is counted in.
    pub currency: Currency,
    /// What is to be paid.
    pub amount: i64,
    /// What was held back for it, in all.
    pub authorized: i64,
    /// What is held back now.
    pub held: i64,
    /// What is being taken.
    pub capturing: i64,
    /// What was taken.
    pub captured: i64,
    /// What is being given back.
    pub refunding: i64,
    /// What was given back.
    pub refunded: i64,
    /// What the buyer disputes, or has won back.
    pub disputed: i64,
    /// The last word, once it is said.
    pub final_amount: Option<i64>,
    /// Why it is that.
    pub final_reason: String,
    /// Why it is DECLINED.
    pub decline_code: Option<String>,
    /// Until when the hold can be captured.
    pub capture_before: Option<DateTime<Utc>>,
    /// The token of the means of payment, sealed, until its confirmation is definite.
    pub token_sealed: Option<Vec<u8>>,
    /// Where the buyer comes back to after an action.
    pub return_url: String,
    /// How often the provider was looked at without news.
    pub looks: i64,
    /// How often the provider told of it.
    pub hints: i64,
    /// How much of that was looked at.
    pub hints_heard: i64,
    /// When it was begun.
    pub create_time: DateTime<Utc>,
    /// When it was changed last.
    pub update_time: DateTime<Utc>,
    /// What was asked of the provider and heard of it, the oldest first.
    pub operations: Vec<Operation>,
    /// What the buyer disputes of it, the oldest first.
    pub disputes: Vec<Dispute>,
}

/// A part of a payment that the buyer disputes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Its id.
    pub id: Uuid,
    /// The provider's id of it.
    pub provider_ref: String,
    /// How much.
    pub amount: i64,
    /// The bank's reason.
    pub reason: String,
    /// Where it stands.
    pub status: DisputeStatus,
    /// Until when evidence can be given.
    pub evidence_due_time: Option<DateTime<Utc>>,
    /// When it was opened.
    pub create_time: DateTime<Utc>,
    /// When it was changed last.
    pub update_time: DateTime<Utc>,
}

impl Payment {
    /// Whether it stands for a payment that never was and never will be.
    #[must_use]
    pub fn is_tombstone(&self) -> bool {
        self.provider.is_empty()
    }

    /// What is taken and not given back, nor on its way back.
    #[must_use]
    pub fn refundable(&self) -> i64 {
        (self.captured - self.refunded - self.refunding).max(0)
    }

    /// What is taken and not given back.
    #[must_use]
    pub fn kept(&self) -> i64 {
        self.captured - self.refunded
    }

    /// The refund that is known by this id.
    #[must_use]
    pub fn refund(&self, refund_id: Uuid) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|it| it.kind == Kind::Refund && it.request_id == Some(refund_id))
    }

    /// The last operation of this kind that is not decided yet.
    #[must_use]
    pub fn open(&self, kind: Kind) -> Option<&Operation> {
        self.operations
            .iter()
            .rev()
            .find(|it| it.kind == kind && it.is_open())
    }

    pub(super) fn operation_mut(&mut self, id: Uuid) -> Option<&mut Operation> {
        self.operations.iter_mut().find(|it| it.id == id)
    }

    /// Takes a step, if its table has it.
    pub(super) fn step(&mut self, step: Step) -> Result<(), InvalidTransition> {
        self.state = self.state.after(step)?;
        Ok(())
    }

    /// Says that something happened, which is a version of its own.
    pub(super) fn tell(&mut self, book: &mut Book<'_>, amount: i64, news: News) {
        self.version += 1;
        book.events.push(Event {
            version: self.version,
            amount,
            news,
        });
    }

    /// Plans something to be asked of the provider.
    pub(super) fn plan(&mut self, book: &mut Book<'_>, kind: Kind, amount: i64) -> &mut Operation {
        match kind {
            Kind::Capture => self.capturing += amount,
            Kind::Refund => self.refunding += amount,
            _ => {}
        }
        let operation = self.new_operation(book, kind, amount);
        self.operations.push(operation);
        self.operations.last_mut().expect("it was just put there")
    }

    /// Writes down something that was heard and that nobody had asked for. Gives its id.
    pub(super) fn record(&mut self, book: &mut Book<'_>, kind: Kind, amount: i64) -> Uuid {
        let operation = Operation {
            state: OperationState::Succeeded,
            ..self.new_operation(book, kind, amount)
        };
        let id = operation.id;
        self.operations.push(operation);
        id
    }

    fn new_operation(&self, book: &mut Book<'_>, kind: Kind, amount: i64) -> Operation {
        let number = self.operations.last().map_or(1, |last| last.number + 1);
        Operation::planned((book.new_id)(), number, kind, amount, book.now)
    }

    /// Ends an operation, and what was counted for it as long as it was open.
    pub(super) fn finish(&mut self, id: Uuid, state: OperationState, now: DateTime<Utc>) {
        let Some(operation) = self.operation_mut(id).filter(|it| it.is_open()) else {
            return;
        };
        operation.turn(state, now);
        operation.not_before = None;
        let (kind, amount) = (operation.kind, operation.amount);
        match kind {
            Kind::Capture => self.capturing -= amount,
            Kind::Refund => self.refunding -= amount,
            _ => {}
        }
    }

    /// Ends what is open of these kinds as not done.
    pub(super) fn give_up(&mut self, kinds: &[Kind], code: &str, now: DateTime<Utc>) {
        let open = (self.operations.iter()).filter(|it| it.is_open() && kinds.contains(&it.kind));
        for id in open.map(|it| it.id).collect::<Vec<_>>() {
            self.refuse(id, code, now);
        }
    }

    /// Ends an operation as not done.
    pub(super) fn refuse(&mut self, id: Uuid, code: &str, now: DateTime<Utc>) {
        if let Some(operation) = self.operation_mut(id) {
            operation.provider_code = Some(code.to_owned());
        }
        self.finish(id, OperationState::Refused, now);
    }

    /// Whether anything is not as it was. A look without news is no change.
    #[must_use]
    pub fn is_changed_since(&self, before: &Self) -> bool {
        let as_before = Self {
            looks: before.looks,
            hints_heard: before.hints_heard,
            ..self.clone()
        };
        as_before != *before
    }

    /// Counts what was changed since `before` as one more version, if no event has. Returns whether
    /// anything was.
    pub fn amended(&mut self, before: &Self, now: DateTime<Utc>) -> bool {
        if !self.is_changed_since(before) {
            return false;
        }
        self.version = self.version.max(before.version + 1);
        self.update_time = now;
        self.looks = 0;
        true
    }

    /// Moves money, in the payment and in the ledger alike.
    pub(super) fn post(
        &mut self,
        book: &mut Book<'_>,
        operation: Uuid,
        account: Account,
        amount: i64,
    ) {
        match account {
            Account::Hold => {
                self.held += amount;
                self.authorized += amount.max(0);
            }
            Account::Captured => self.captured += amount,
            // These are below zero in the ledger.
            Account::Refunded => self.refunded -= amount,
            Account::Disputed => self.disputed -= amount,
            Account::Customer | Account::Fee => return,
        }
        book.post(operation, account, amount);
    }
}
