//! What buyers dispute.

use uuid::Uuid;

use crate::domain::ledger::{Account, Book, News};
use crate::domain::operation::Kind;
use crate::domain::payment::{Dispute, Payment};
use crate::domain::snapshot::{DisputeStatus, ProviderDispute};

impl Payment {
    pub(super) fn absorb_dispute(&mut self, heard: &ProviderDispute, book: &mut Book<'_>) {
        let found = (self.disputes.iter()).position(|it| it.provider_ref == heard.provider_ref);
        let index = found.unwrap_or_else(|| {
            let by = self.record_dispute(heard, heard.amount, book);
            self.disputes.push(Dispute {
                id: by,
                provider_ref: heard.provider_ref.clone(),
                amount: heard.amount,
                reason: heard.reason.clone(),
                status: DisputeStatus::Open,
                evidence_due_time: heard.evidence_due_time,
                create_time: heard.create_time,
                update_time: book.now,
            });
            self.tell(book, heard.amount, News::DisputeOpened(by));
            self.disputes.len() - 1
        });
        let dispute = &mut self.disputes[index];
        dispute.evidence_due_time = heard.evidence_due_time;
        if dispute.status == heard.status {
            return;
        }
        let (id, amount, was) = (dispute.id, dispute.amount, dispute.status);
        dispute.status = heard.status;
        dispute.update_time = book.now;
        let won = heard.status == DisputeStatus::Won;
        if won {
            self.record_dispute(heard, -amount, book);
        } else if was == DisputeStatus::Won {
            self.record_dispute(heard, amount, book);
        }
        if heard.status != DisputeStatus::Open {
            self.tell(book, amount, News::DisputeClosed { id, won });
        }
    }

    /// Moves what is disputed; below zero, back. Gives the operation's id.
    fn record_dispute(
        &mut self,
        heard: &ProviderDispute,
        amount: i64,
        book: &mut Book<'_>,
    ) -> Uuid {
        let by = self.record(book, Kind::Dispute, amount.abs());
        if let Some(operation) = self.operation_mut(by) {
            operation.provider_ref = Some(heard.provider_ref.clone());
            operation.provider_code = Some(heard.reason.clone());
        }
        self.post(book, by, Account::Disputed, -amount);
        by
    }
}
