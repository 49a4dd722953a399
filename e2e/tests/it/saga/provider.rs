//! The provider, as svc-payments sees it: an object that moves by what it is asked, by its buyer and by
//! time.

use money::Currency;
use svc_payments::domain::snapshot::{
    Intent, IntentStatus, ProviderRefund, RefundStatus, Snapshot,
};
use svc_payments::domain::{Kind, Operation};
use uuid::Uuid;

use super::world::{NOW, TOTAL};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Stands {
    #[default]
    Nowhere,
    Unconfirmed,
    RequiresAction,
    Held,
    Declined,
    Canceled,
    Captured,
}

/// What it knows of the payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Object {
    pub(super) stands: Stands,
    pub(super) refunded: i64,
    refunds: Vec<(Uuid, i64)>,
    /// Further objects for the same payment that hold money.
    pub(super) others: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Intent(Intent),
    Refund(ProviderRefund),
    Seen(Snapshot),
    /// Refused; and how the object stands.
    No(Snapshot),
}

pub(super) type AnswerKey = (u8, Stands, i64);

impl Object {
    fn snapshot(&self) -> Snapshot {
        let status = match self.stands {
            Stands::Nowhere | Stands::Unconfirmed => IntentStatus::Unconfirmed,
            Stands::RequiresAction => IntentStatus::RequiresAction,
            Stands::Held => IntentStatus::Held,
            Stands::Declined => IntentStatus::Declined {
                code: "insufficient_funds".to_owned(),
            },
            Stands::Canceled => IntentStatus::Canceled,
            Stands::Captured => IntentStatus::Captured,
        };
        let held = if self.stands == Stands::Held {
            TOTAL
        } else {
            0
        };
        let captured = if self.stands == Stands::Captured {
            TOTAL
        } else {
            0
        };
        let refunds = self.refunds.iter().map(|(id, amount)| ProviderRefund {
            provider_ref: format!("re_{id}"),
            refund_id: Some(*id),
            amount: *amount,
            status: RefundStatus::Succeeded,
        });
        Snapshot {
            intent: Intent {
                provider_ref: "pi".to_owned(),
                payment_id: None,
                status,
                currency: Currency::of("GBP").expect("a code of the table"),
                amount: TOTAL,
                held,
                captured,
                capture_before: None,
                create_time: NOW,
            },
            refunds: refunds.collect(),
            disputes: Vec::new(),
        }
    }

    pub(super) fn look(&self) -> Answer {
        Answer::Seen(self.snapshot())
    }

    /// What may come of an operation: the object then, and the answer.
    pub(super) fn ask(&self, operation: &Operation, is_one_call: bool) -> Vec<(Object, Answer)> {
        let mut next = self.clone();
        let outcomes = match (operation.kind, self.stands) {
            (Kind::Create, _) if is_one_call => {
                next.others += u8::from(self.stands == Stands::Held);
                vec![Stands::Held, Stands::Declined]
            }
            (Kind::Create, Stands::Nowhere) => vec![Stands::Unconfirmed],
            (Kind::Confirm, Stands::Unconfirmed) => {
                vec![Stands::Held, Stands::Declined, Stands::RequiresAction]
            }
            // The key, or the object itself, knows that it was done.
            (Kind::Create | Kind::Confirm, stands) => vec![stands],
            (Kind::Capture, Stands::Held | Stands::Captured) => vec![Stands::Captured],
            (Kind::Capture, stands) => vec![stands],
            (Kind::Cancel, Stands::Captured) => vec![Stands::Captured],
            (Kind::Cancel, _) => vec![Stands::Canceled],
            (Kind::Refund, stands) => {
                let id = operation.request_id.expect("a refund has an id");
                if !self.refunds.iter().any(|(known, _)| *known == id) {
                    next.refunds.push((id, operation.amount));
                    next.refunded += operation.amount;
                }
                vec![stands]
            }
            (Kind::Lapse | Kind::Dispute | Kind::Adjustment, stands) => vec![stands],
        };
        let outcomes = outcomes.into_iter().map(|stands| {
            let object = Object {
                stands,
                ..next.clone()
            };
            let seen = object.snapshot();
            let answer = match (operation.kind, stands) {
                (Kind::Refund, _) => {
                    let id = operation.request_id;
                    let refund = seen.refunds.into_iter().find(|it| it.refund_id == id);
                    Answer::Refund(refund.expect("it was just made"))
                }
                (Kind::Capture, Stands::Captured) => Answer::Intent(seen.intent),
                (Kind::Capture, _) | (Kind::Cancel, Stands::Captured) => Answer::No(seen),
                _ => Answer::Intent(seen.intent),
            };
            (object, answer)
        });
        outcomes.collect()
    }
}

impl Answer {
    /// What of it the future depends on.
    pub(super) fn key(&self) -> AnswerKey {
        let stands = |intent: &Intent| match intent.status {
            IntentStatus::Unconfirmed => Stands::Unconfirmed,
            IntentStatus::Processing => Stands::Nowhere,
            IntentStatus::RequiresAction => Stands::RequiresAction,
            IntentStatus::Held => Stands::Held,
            IntentStatus::Declined { .. } => Stands::Declined,
            IntentStatus::Canceled => Stands::Canceled,
            IntentStatus::Captured => Stands::Captured,
        };
        let refunded = |seen: &Snapshot| seen.refunds.iter().map(|it| it.amount).sum();
        match self {
            Answer::Intent(intent) => (0, stands(intent), 0),
            Answer::Refund(refund) => (1, Stands::Captured, refund.amount),
            Answer::Seen(seen) => (2, stands(&seen.intent), refunded(seen)),
            Answer::No(seen) => (3, stands(&seen.intent), refunded(seen)),
        }
    }
}
