//! Bringing a payment to its final amount.

use chrono::{DateTime, Utc};

use super::ledger::{Book, News};
use super::operation::{Kind, Operation, OperationState};
use super::payment::Payment;
use super::snapshot::IntentStatus;
use super::state::{State, Step};

impl Payment {
    /// Plans the next thing that brings a payment that is CLOSING to its final amount, where the
    /// provider's object stands so; closes it when nothing is left.
    pub(super) fn settle_on(&mut self, status: &IntentStatus, book: &mut Book<'_>) {
        if self.state != State::Closing {
            return;
        }
        self.abandon_planned(book.now);
        match status {
            // Of some providers what is Processing cannot be cancelled: then it is asked again.
            IntentStatus::Unconfirmed
            | IntentStatus::Processing
            | IntentStatus::RequiresAction
            | IntentStatus::Held => self.give_back(book),
            IntentStatus::Declined { .. } => self.close(Step::Decline, book),
            IntentStatus::Canceled | IntentStatus::Captured => self.refund_down(book),
        }
    }

    /// What is held is taken up to the final amount, which gives the rest back; or all is given back.
    fn give_back(&mut self, book: &mut Book<'_>) {
        if self.open(Kind::Cancel).is_some() || self.open(Kind::Capture).is_some() {
            return;
        }
        let was_refused = self
            .operations
            .iter()
            .any(|it| is_last_word(it) && it.state == OperationState::Refused);
        let wanted = self.final_amount.unwrap_or_default().min(self.held);
        if wanted > 0 && !was_refused {
            self.plan(book, Kind::Capture, wanted);
        } else {
            self.plan(book, Kind::Cancel, 0);
        }
    }

    /// What was taken beyond the final amount is given back, once.
    fn refund_down(&mut self, book: &mut Book<'_>) {
        let excess = self.kept() - self.refunding - self.final_amount.unwrap_or_default();
        let was_refused = (self.operations.iter()).any(|it| {
            it.kind == Kind::Refund
                && it.request_id == Some(it.id)
                && it.state == OperationState::Refused
        });
        if excess > 0 && !was_refused {
            let reason = self.final_reason.clone();
            let refund = self.plan(book, Kind::Refund, excess);
            refund.request_id = Some(refund.id);
            refund.reason = reason;
        } else if !self.operations.iter().any(Operation::is_open) {
            self.close(Step::ProviderDone, book);
        }
    }

    fn close(&mut self, step: Step, book: &mut Book<'_>) {
        if self.step(step).is_err() {
            return;
        }
        let missing = self.final_amount.unwrap_or_default() - self.kept();
        if missing > 0 {
            self.tell(book, missing, News::CaptureFailed(None));
        }
        let kept = self.kept();
        self.tell(book, kept, News::Closed);
    }

    /// What was not sent is not needed any more once the last word is said. Refunds are, and what
    /// serves the last word itself.
    pub(super) fn abandon_planned(&mut self, now: DateTime<Utc>) {
        let planned = self.operations.iter().filter(|it| {
            let is_needed = matches!(it.kind, Kind::Refund | Kind::Cancel) || is_last_word(it);
            it.state == OperationState::Planned && !is_needed
        });
        for id in planned.map(|it| it.id).collect::<Vec<_>>() {
            self.refuse(id, "settled", now);
        }
    }
}

/// Whether it takes the final amount, and not that of a shipment.
pub(super) fn is_last_word(operation: &Operation) -> bool {
    operation.kind == Kind::Capture && operation.request_id.is_none()
}
