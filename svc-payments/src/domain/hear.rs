//! What the provider says, and what a payment makes of it.
//!
//! The provider's object is the truth: a payment is brought to it, whatever was asked and in whatever
//! order things are heard. What moved is written to the operation that had asked for it, or, if none
//! had, to one that says that it was heard.

mod disputes;
mod refunds;

use uuid::Uuid;

use super::ledger::{Account, Book, News};
use super::operation::{Kind, OperationState};
use super::payment::Payment;
use super::settle::is_last_word;
use super::snapshot::{Intent, IntentStatus, ProviderRefund, RefundStatus, Snapshot};
use super::state::{State, Step};

impl Payment {
    /// The reply to something that was asked of the provider's object.
    pub fn hear_intent(&mut self, intent: &Intent, book: &mut Book<'_>) {
        self.absorb(intent, book);
        self.settle_on(&intent.status, book);
    }

    /// The reply to a refund.
    pub fn hear_refund(&mut self, operation: Uuid, refund: &ProviderRefund, book: &mut Book<'_>) {
        let failures = self.operation_mut(operation).map_or(0, |it| it.failures);
        let failed = i64::from(matches!(refund.status, RefundStatus::Failed { .. }));
        self.absorb_refund(operation, &[refund], failures + failed, book);
        self.settle_on(&IntentStatus::Captured, book);
    }

    /// All that there is to see. What the object shows not to have happened may be sent again.
    pub fn hear(&mut self, snapshot: &Snapshot, book: &mut Book<'_>) {
        self.hear_refusal(None, snapshot, book);
    }

    /// The same after a definite refusal of an operation, with the provider's code: if the object does
    /// not show that it happened all the same, it did not.
    pub fn hear_refusal(
        &mut self,
        refused: Option<(Uuid, &str)>,
        snapshot: &Snapshot,
        book: &mut Book<'_>,
    ) {
        self.absorb(&snapshot.intent, book);
        self.absorb_refunds(&snapshot.refunds, book);
        for dispute in &snapshot.disputes {
            self.absorb_dispute(dispute, book);
        }
        if let Some((operation, code)) = refused {
            self.hear_no(operation, code, book);
        }
        self.send_again(snapshot, book);
        self.settle_on(&snapshot.intent.status, book);
    }

    /// A definite refusal, where there is no object to look at.
    pub fn hear_no(&mut self, operation: Uuid, code: &str, book: &mut Book<'_>) {
        let Some(known) = self.operation_mut(operation).filter(|it| it.is_open()) else {
            return;
        };
        match known.kind {
            Kind::Create | Kind::Confirm => self.decline(code, book),
            Kind::Capture => self.capture_failed(operation, code, book),
            Kind::Cancel => known.try_anew(code, book.now),
            Kind::Refund => self.refund_refused(operation, code, book),
            Kind::Lapse | Kind::Dispute | Kind::Adjustment => {}
        }
    }

    fn absorb(&mut self, intent: &Intent, book: &mut Book<'_>) {
        if self.is_tombstone() {
            return;
        }
        let known = self.provider_ref.get_or_insert(intent.provider_ref.clone());
        // What was taken is never untaken: that is how it stood before.
        if *known != intent.provider_ref || intent.captured < self.captured {
            return;
        }
        self.done(Kind::Create, book);
        match &intent.status {
            IntentStatus::Unconfirmed => return,
            IntentStatus::Processing => {}
            IntentStatus::RequiresAction => self.action_required(book),
            IntentStatus::Held => self.hold(intent, book),
            IntentStatus::Declined { code } => self.decline(code, book),
            IntentStatus::Canceled => self.canceled(book),
            IntentStatus::Captured => self.taken(intent, book),
        }
        // The provider has it, or refused it.
        self.token_sealed = None;
    }

    /// The last open operation of this kind is done; gives its id.
    fn done(&mut self, kind: Kind, book: &mut Book<'_>) -> Option<Uuid> {
        let id = self.open(kind)?.id;
        self.finish(id, OperationState::Succeeded, book.now);
        Some(id)
    }

    fn action_required(&mut self, book: &mut Book<'_>) {
        if self.state == State::Authorizing && self.step(Step::NeedsAction).is_ok() {
            let amount = self.amount;
            self.tell(book, amount, News::ActionRequired);
        }
        self.hold_nothing_at_the_end(book);
    }

    fn hold(&mut self, intent: &Intent, book: &mut Book<'_>) {
        if self.state.after(Step::Hold).is_err() {
            return self.hold_nothing_at_the_end(book);
        }
        self.capture_before = intent.capture_before;
        let confirmed = self.done(Kind::Confirm, book);
        let change = intent.held - self.held;
        if change != 0 {
            let by = confirmed.unwrap_or_else(|| self.record(book, Kind::Adjustment, change.abs()));
            self.post(book, by, Account::Hold, change);
        }
        if matches!(self.state, State::Authorizing | State::RequiresAction)
            && self.step(Step::Hold).is_ok()
        {
            let held = self.held;
            self.tell(book, held, News::Authorized);
        }
    }

    /// Whoever was refused, or is at an end, holds nothing: a buyer may have tried once more at the
    /// provider's own page.
    fn hold_nothing_at_the_end(&mut self, book: &mut Book<'_>) {
        if self.state.is_terminal() && self.open(Kind::Cancel).is_none() {
            self.plan(book, Kind::Cancel, 0);
        }
    }

    fn decline(&mut self, code: &str, book: &mut Book<'_>) {
        self.give_up(&[Kind::Create, Kind::Confirm], code, book.now);
        self.token_sealed = None;
        if matches!(self.state, State::Authorizing | State::RequiresAction)
            && self.step(Step::Decline).is_ok()
        {
            self.decline_code = Some(code.to_owned());
            let amount = self.amount;
            self.tell(book, amount, News::Declined(code.to_owned()));
        }
    }

    /// Nothing is held any more: because we asked for it, or by itself.
    fn canceled(&mut self, book: &mut Book<'_>) {
        let cancelled = self.done(Kind::Cancel, book);
        let held = self.held;
        if held > 0 {
            let by = cancelled.unwrap_or_else(|| self.record(book, Kind::Lapse, held));
            self.post(book, by, Account::Hold, -held);
        }
        self.capture_before = None;
        match self.state {
            State::Authorizing | State::RequiresAction => self.decline("canceled", book),
            State::Authorized => {
                if self.step(Step::Lapse).is_ok() {
                    self.tell(book, held, News::Lapsed);
                }
            }
            _ => self.give_up(&[Kind::Create, Kind::Confirm], "canceled", book.now),
        }
        if let Some(capture) = self.open(Kind::Capture) {
            let id = capture.id;
            self.capture_failed(id, "canceled", book);
        }
    }

    fn capture_failed(&mut self, operation: Uuid, code: &str, book: &mut Book<'_>) {
        self.refuse(operation, code, book.now);
        let Some(refused) = self.operation_mut(operation) else {
            return;
        };
        // Of the last word, the end of the payment tells.
        if !is_last_word(refused) {
            let (amount, capture_id) = (refused.amount, refused.request_id);
            self.tell(book, amount, News::CaptureFailed(capture_id));
        }
    }

    fn taken(&mut self, intent: &Intent, book: &mut Book<'_>) {
        // It was held before, though nobody saw it.
        let unseen = (intent.captured - self.authorized).max(0);
        let confirmed = self.done(Kind::Confirm, book);
        if unseen > 0 {
            let by = confirmed.unwrap_or_else(|| self.record(book, Kind::Adjustment, unseen));
            self.post(book, by, Account::Hold, unseen);
        }
        if matches!(self.state, State::Authorizing | State::RequiresAction) {
            let _ = self.step(Step::Hold);
        }
        self.capture_before = None;
        self.give_up(&[Kind::Cancel], "captured", book.now);
        let taken = intent.captured - self.captured;
        if taken <= 0 {
            return;
        }
        let capture_id = self.open(Kind::Capture).and_then(|it| it.request_id);
        let by = self.done(Kind::Capture, book);
        let by = by.unwrap_or_else(|| self.record(book, Kind::Adjustment, taken));
        let held = self.held;
        self.post(book, by, Account::Hold, -held);
        self.post(book, by, Account::Captured, taken);
        let _ = self.step(Step::Capture);
        self.tell(book, taken, News::Captured(capture_id));
    }

    /// What was sent, and is not to be seen, may be sent again, under the same key.
    fn send_again(&mut self, snapshot: &Snapshot, book: &mut Book<'_>) {
        let status = &snapshot.intent.status;
        for operation in &mut self.operations {
            if operation.state != OperationState::Sent {
                continue;
            }
            let did_not_happen = match operation.kind {
                Kind::Confirm => *status == IntentStatus::Unconfirmed,
                Kind::Capture => *status == IntentStatus::Held,
                Kind::Cancel => !matches!(status, IntentStatus::Canceled | IntentStatus::Captured),
                Kind::Refund => {
                    let seen = snapshot.refunds.iter().filter(|it| {
                        it.refund_id == operation.request_id
                            && !matches!(it.status, RefundStatus::Failed { .. })
                    });
                    seen.count() == 0
                }
                Kind::Create | Kind::Lapse | Kind::Dispute | Kind::Adjustment => false,
            };
            if did_not_happen {
                operation.turn(OperationState::Planned, book.now);
            }
        }
    }
}
