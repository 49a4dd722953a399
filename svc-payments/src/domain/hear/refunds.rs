//! What becomes of money that is given back.

use uuid::Uuid;

use crate::domain::ledger::{Account, Book, News};
use crate::domain::operation::{Kind, OperationState};
use crate::domain::payment::Payment;
use crate::domain::snapshot::{ProviderRefund, RefundStatus};

/// How often a refund is asked for before it is given up.
const REFUND_ATTEMPTS: i32 = 4;

impl Payment {
    pub(super) fn absorb_refunds(&mut self, refunds: &[ProviderRefund], book: &mut Book<'_>) {
        let known = self.operations.iter().filter(|it| it.kind == Kind::Refund);
        let known: Vec<_> = known.map(|it| (it.id, it.request_id)).collect();
        for (operation, refund_id) in &known {
            let its = refunds.iter().filter(|it| it.refund_id == *refund_id);
            let its: Vec<_> = its.collect();
            let failed = its
                .iter()
                .filter(|it| matches!(it.status, RefundStatus::Failed { .. }));
            let failed = i64::try_from(failed.count()).unwrap_or(i64::MAX);
            self.absorb_refund(*operation, &its, failed, book);
        }
        for refund in refunds {
            if !known
                .iter()
                .any(|(_, id)| id.is_some() && *id == refund.refund_id)
            {
                self.absorb_foreign(refund, book);
            }
        }
    }

    /// What became of a refund, by all attempts of it, of which so many failed.
    pub(super) fn absorb_refund(
        &mut self,
        id: Uuid,
        attempts: &[&ProviderRefund],
        failed: i64,
        book: &mut Book<'_>,
    ) {
        let Some(operation) = self.operations.iter_mut().find(|it| it.id == id) else {
            return;
        };
        let more_failed = failed > operation.failures;
        operation.failures = operation.failures.max(failed);
        let of = |status: RefundStatus| attempts.iter().find(move |it| it.status == status);
        if let Some(done) = of(RefundStatus::Succeeded) {
            operation.provider_ref = Some(done.provider_ref.clone());
            if operation.state != OperationState::Succeeded {
                let amount = operation.amount;
                self.finish(id, OperationState::Succeeded, book.now);
                if let Some(given_up) = self.operation_mut(id) {
                    // It has succeeded after all.
                    given_up.turn(OperationState::Succeeded, book.now);
                }
                self.refunded(id, amount, book);
            }
        } else if let Some(pending) = of(RefundStatus::Pending) {
            operation.provider_ref = Some(pending.provider_ref.clone());
            if operation.is_open() {
                operation.turn(OperationState::Sent, book.now);
            }
        } else if more_failed {
            let failed = attempts.iter().rev().find_map(|it| match &it.status {
                RefundStatus::Failed { code } => Some((it.provider_ref.clone(), code.clone())),
                _ => None,
            });
            let Some((provider_ref, code)) = failed else {
                return;
            };
            operation.provider_ref = Some(provider_ref);
            match operation.state {
                OperationState::Succeeded => self.refund_reversed(id, &code, book),
                OperationState::Planned | OperationState::Sent => {
                    self.refund_refused(id, &code, book);
                }
                OperationState::Refused => {}
            }
        }
    }

    fn refunded(&mut self, operation: Uuid, amount: i64, book: &mut Book<'_>) {
        self.post(book, operation, Account::Refunded, -amount);
        let id = self.refund_id(operation);
        self.tell(book, amount, News::Refunded(id));
        self.refund_no_more_than_there_is(book);
    }

    /// It had arrived, and came back.
    fn refund_reversed(&mut self, operation: Uuid, code: &str, book: &mut Book<'_>) {
        let amount = self.operation_mut(operation).map_or(0, |it| it.amount);
        if let Some(known) = self.operation_mut(operation) {
            known.provider_code = Some(code.to_owned());
            known.turn(OperationState::Refused, book.now);
        }
        self.post(book, operation, Account::Refunded, amount);
        let id = self.refund_id(operation);
        self.tell(book, amount, News::RefundFailed(id));
    }

    pub(super) fn refund_refused(&mut self, operation: Uuid, code: &str, book: &mut Book<'_>) {
        let Some(known) = self.operation_mut(operation) else {
            return;
        };
        if known.attempt < REFUND_ATTEMPTS {
            return known.try_anew(code, book.now);
        }
        self.refund_given_up(operation, code, book);
    }

    fn refund_given_up(&mut self, operation: Uuid, code: &str, book: &mut Book<'_>) {
        self.refuse(operation, code, book.now);
        let amount = self.operation_mut(operation).map_or(0, |it| it.amount);
        let id = self.refund_id(operation);
        self.tell(book, amount, News::RefundFailed(id));
    }

    /// As others know it: what nobody here had asked for has its operation's id.
    fn refund_id(&mut self, operation: Uuid) -> Uuid {
        self.operation_mut(operation)
            .and_then(|it| it.request_id)
            .unwrap_or(operation)
    }

    /// A refund that nobody here had asked for.
    fn absorb_foreign(&mut self, refund: &ProviderRefund, book: &mut Book<'_>) {
        let known = self.operations.iter().find(|it| {
            it.kind == Kind::Adjustment && it.provider_ref.as_ref() == Some(&refund.provider_ref)
        });
        let known = known.map(|it| (it.id, it.state));
        match (&refund.status, known) {
            (RefundStatus::Succeeded, None) => {
                let id = self.record(book, Kind::Adjustment, refund.amount);
                if let Some(operation) = self.operation_mut(id) {
                    operation.provider_ref = Some(refund.provider_ref.clone());
                }
                self.refunded(id, refund.amount, book);
            }
            (RefundStatus::Failed { code }, Some((id, OperationState::Succeeded))) => {
                self.refund_reversed(id, code, book);
            }
            _ => {}
        }
    }

    /// What the provider's console gave back, nobody can give back again.
    fn refund_no_more_than_there_is(&mut self, book: &mut Book<'_>) {
        while self.refunded + self.refunding > self.captured {
            let Some(id) = self.open(Kind::Refund).map(|it| it.id) else {
                return;
            };
            self.refund_given_up(id, "exceeded", book);
        }
    }
}
