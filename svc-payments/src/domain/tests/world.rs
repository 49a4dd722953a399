//! A payment, and a provider that does what it is told to.

use chrono::{DateTime, TimeDelta, Utc};
use money::{Currency, Money};
use uuid::Uuid;

use crate::domain::snapshot::{
    DisputeStatus, Intent, IntentStatus, ProviderDispute, ProviderRefund, RefundStatus, Snapshot,
};
use crate::domain::*;

/// What a provider knows, and what it has seen.
pub(super) struct World {
    pub(super) payment: Payment,
    pub(super) intent: Option<Intent>,
    pub(super) refunds: Vec<ProviderRefund>,
    pub(super) disputes: Vec<ProviderDispute>,
    ledger: Vec<Posting>,
    pub(super) events: Vec<Event>,
    pub(super) now: DateTime<Utc>,
    ids: u128,
    pub(super) is_fresh: bool,
}

pub(super) const AMOUNT: i64 = 100;

fn gbp() -> Currency {
    Currency::of("GBP").expect("a code of the table")
}

impl World {
    pub(super) fn new() -> Self {
        let (now, mut ids) = (DateTime::UNIX_EPOCH, 1);
        let mut next = || {
            ids += 1;
            Uuid::from_u128(ids)
        };
        let new = NewPayment {
            order_id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            amount: Money {
                currency: gbp(),
                minor: AMOUNT,
            },
            provider: "sandbox",
            return_url: String::new(),
        };
        let payment = Payment::begin(Uuid::max(), new, &mut Book::new(now, &mut next));
        Self {
            payment,
            intent: None,
            refunds: Vec::new(),
            disputes: Vec::new(),
            ledger: Vec::new(),
            events: Vec::new(),
            now,
            ids,
            is_fresh: false,
        }
    }

    /// One change, written as the store writes it.
    pub(super) fn change<T>(&mut self, change: impl FnOnce(&mut Payment, &mut Book<'_>) -> T) -> T {
        let before = self.payment.clone();
        let mut ids = self.ids;
        let mut next = || {
            ids += 1;
            Uuid::from_u128(ids)
        };
        let mut book = Book::new(self.now, &mut next);
        let result = change(&mut self.payment, &mut book);
        self.ledger.append(&mut book.postings);
        self.events.append(&mut book.events);
        self.ids = ids;
        self.payment.amended(&before, self.now);
        self.check();
        result
    }

    fn sum(&self, account: Account) -> i64 {
        let of = self.ledger.iter().filter(|it| it.account == account);
        of.map(|it| it.amount).sum()
    }

    fn check(&self) {
        let payment = &self.payment;
        assert_eq!(payment.held, self.sum(Account::Hold));
        assert_eq!(payment.captured, self.sum(Account::Captured));
        assert_eq!(payment.refunded, -self.sum(Account::Refunded));
        assert_eq!(payment.disputed, -self.sum(Account::Disputed));
        for operation in &payment.operations {
            let own = self.ledger.iter().filter(|it| it.operation == operation.id);
            assert_eq!(own.map(|it| it.amount).sum::<i64>(), 0);
        }
        let open = |kind| {
            let open = payment
                .operations
                .iter()
                .filter(|it| it.kind == kind && it.is_open());
            open.map(|it| it.amount).sum::<i64>()
        };
        assert_eq!(payment.capturing, open(Kind::Capture), "{payment:#?}");
        assert_eq!(payment.refunding, open(Kind::Refund), "{payment:#?}");
        assert!(payment.held >= 0 && payment.held + payment.captured <= payment.authorized);
        assert!(
            payment.captured + payment.capturing <= payment.authorized,
            "{payment:#?}"
        );
        assert!(
            payment.refunded + payment.refunding <= payment.captured,
            "{payment:#?}"
        );
        if payment.state == State::Closed {
            assert_eq!(payment.held, 0);
        }
    }

    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        Some(Snapshot {
            intent: self.intent.clone()?,
            refunds: self.refunds.clone(),
            disputes: self.disputes.clone(),
        })
    }

    /// What the provider does with an operation; by `whim` it declines, waits or refuses.
    fn perform(&mut self, operation: &Operation, whim: u8) -> Result<(), &'static str> {
        let Some(intent) = &mut self.intent else {
            self.intent = Some(Intent {
                provider_ref: "pi".into(),
                payment_id: Some(Uuid::max()),
                status: IntentStatus::Unconfirmed,
                currency: gbp(),
                amount: AMOUNT,
                held: 0,
                captured: 0,
                capture_before: None,
                create_time: self.now,
            });
            return Ok(());
        };
        match (operation.kind, &intent.status) {
            (Kind::Confirm, IntentStatus::Unconfirmed) => {
                (intent.status, intent.held) = match whim % 4 {
                    0 => (IntentStatus::RequiresAction, 0),
                    1 => (IntentStatus::Processing, 0),
                    2 => (IntentStatus::Declined { code: "no".into() }, 0),
                    _ => (IntentStatus::Held, AMOUNT),
                };
                Ok(())
            }
            (Kind::Capture, IntentStatus::Held) if !whim.is_multiple_of(5) => {
                intent.captured = operation.amount;
                intent.held = 0;
                intent.status = IntentStatus::Captured;
                Ok(())
            }
            (
                Kind::Cancel,
                IntentStatus::Canceled | IntentStatus::Captured | IntentStatus::Processing,
            ) => Err("state"),
            (Kind::Cancel, _) => {
                intent.held = 0;
                intent.status = IntentStatus::Canceled;
                Ok(())
            }
            (Kind::Refund, IntentStatus::Captured) if !whim.is_multiple_of(5) => {
                let is_live =
                    |it: &&ProviderRefund| !matches!(it.status, RefundStatus::Failed { .. });
                // The key is known: it is replayed.
                let key = operation.key();
                if self.refunds.iter().any(|it| it.provider_ref == key) {
                    return Ok(());
                }
                let given = self
                    .refunds
                    .iter()
                    .filter(is_live)
                    .map(|it| it.amount)
                    .sum::<i64>();
                if given + operation.amount > intent.captured {
                    return Err("exceeds");
                }
                self.refunds.push(ProviderRefund {
                    provider_ref: key,
                    refund_id: operation.request_id,
                    amount: operation.amount,
                    status: match whim % 2 {
                        0 => RefundStatus::Pending,
                        _ => RefundStatus::Succeeded,
                    },
                });
                Ok(())
            }
            (Kind::Create, _) => Ok(()),
            _ => Err("refused"),
        }
    }

    /// Asks the provider once; the reply may be lost, before or after the effect.
    pub(super) fn drive(&mut self, whim: u8, lost: Option<bool>) -> bool {
        let ask = self.payment.next(self.is_fresh, self.now);
        match ask {
            Ask::Nothing => return false,
            Ask::Look => self.look(),
            Ask::Send(operation) => {
                let now = self.now;
                self.change(|payment, _| payment.send(&operation, now));
                self.is_fresh = false;
                if lost == Some(false) {
                    return true;
                }
                let done = self.perform(&operation, whim);
                if lost.is_some() {
                    return true;
                }
                let snapshot = self.snapshot();
                let reply = self
                    .refunds
                    .iter()
                    .find(|it| it.provider_ref == operation.key());
                let reply = reply.cloned();
                self.change(|payment, book| match (done, snapshot, reply) {
                    (Ok(()), _, Some(refund)) => payment.hear_refund(operation.id, &refund, book),
                    (Ok(()), Some(seen), None) => payment.hear_intent(&seen.intent, book),
                    (Err(code), Some(seen), _) => {
                        payment.hear_refusal(Some((operation.id, code)), &seen, book);
                    }
                    (_, None, _) => {}
                });
                self.is_fresh = true;
            }
        }
        true
    }

    pub(super) fn look(&mut self) {
        if let Some(snapshot) = self.snapshot() {
            self.change(|payment, book| payment.hear(&snapshot, book));
        }
        self.is_fresh = true;
    }

    /// Something that happens at the provider by itself.
    pub(super) fn happen(&mut self, what: u8) {
        let Some(intent) = &mut self.intent else {
            return;
        };
        match (what % 8, &intent.status) {
            (0, IntentStatus::RequiresAction | IntentStatus::Processing) => {
                intent.status = IntentStatus::Held;
                intent.held = AMOUNT;
            }
            (1, IntentStatus::RequiresAction | IntentStatus::Processing) => {
                intent.status = IntentStatus::Declined {
                    code: "left".into(),
                };
            }
            (2, IntentStatus::Held) => {
                intent.status = IntentStatus::Canceled;
                intent.held = 0;
            }
            (3 | 4, _) => {
                let pending = self
                    .refunds
                    .iter_mut()
                    .find(|it| it.status == RefundStatus::Pending);
                if let Some(refund) = pending {
                    refund.status = match what % 8 {
                        3 => RefundStatus::Succeeded,
                        _ => RefundStatus::Failed {
                            code: "bank".into(),
                        },
                    };
                }
            }
            (5, IntentStatus::Captured) if self.disputes.is_empty() => {
                self.disputes.push(ProviderDispute {
                    provider_ref: "dp".into(),
                    amount: 10,
                    reason: "fraudulent".into(),
                    status: DisputeStatus::Open,
                    evidence_due_time: None,
                    create_time: self.now,
                });
            }
            (6, _) => {
                if let Some(dispute) = self.disputes.first_mut() {
                    dispute.status = match dispute.status {
                        DisputeStatus::Open => DisputeStatus::Won,
                        decided => decided,
                    };
                }
            }
            (7, IntentStatus::Captured) => {
                let is_live =
                    |it: &&ProviderRefund| !matches!(it.status, RefundStatus::Failed { .. });
                let given = self
                    .refunds
                    .iter()
                    .filter(is_live)
                    .map(|it| it.amount)
                    .sum::<i64>();
                if given + 5 <= intent.captured {
                    self.refunds.push(ProviderRefund {
                        provider_ref: format!("console{}", self.refunds.len()),
                        refund_id: None,
                        amount: 5,
                        status: RefundStatus::Succeeded,
                    });
                }
            }
            _ => {}
        }
    }

    /// No more faults: what is pending ends, and everything is driven until nothing is left.
    pub(super) fn rest(&mut self) {
        for _ in 0..200 {
            self.happen(0);
            self.happen(3);
            self.now += TimeDelta::hours(2);
            self.is_fresh = false;
            self.look();
            while self.drive(3, None) {}
        }
    }

    pub(super) fn told(&self, news: impl Fn(&News) -> bool) -> bool {
        self.events.iter().any(|it| news(&it.news))
    }
}
