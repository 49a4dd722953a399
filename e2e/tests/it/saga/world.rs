//! One state of everything, and the rules by which it moves.

use chrono::{DateTime, Utc};
use svc_inventory::domain::level::Level;
use svc_inventory::domain::reservation::{self, Reservation};
use svc_orders::domain::{self as orders, Ask, PLANS};
use svc_payments::domain::{self as payments, Payment};
use svc_shipping::domain as shipping;
use uuid::Uuid;

use super::Budget;
use super::provider::Object;

/// The order, and the shipment of the order.
pub(super) const ORDER: Uuid = Uuid::from_u128(1);
pub(super) const SHIPMENT: Uuid = Uuid::from_u128(2);
/// What it costs.
pub(super) const TOTAL: i64 = 100;

/// When everything happens, and when the reservation is over.
pub(super) const NOW: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// A rule that is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mutant {
    None,
    /// SettlePayment leaves nothing behind where there is no payment.
    NoTombstoneOfPayment,
    /// CancelShipment leaves nothing behind where there is no shipment.
    NoTombstoneOfShipment,
    /// A refused order is REJECTED at once.
    RejectedWithoutGivingBack,
    /// A reservation is committed although its time is over.
    CommitAfterExpiry,
    /// The stock is committed, and the order confirmed, before the money is held.
    ConfirmedBeforeAuthorized,
    /// The money is held by the call that makes the object, which is made anew when a reply is lost.
    CreatedAndConfirmedInOne,
    /// The last word does not concern what is on its way.
    SettleIgnoresWhatIsOnItsWay,
    /// CANCELLED is written before the money is given back.
    CancelledBeforeSettled,
    /// The money is given back before shipping was asked.
    SettledBeforeShippingWasAsked,
    /// The money is taken before the dispatch.
    CapturedBeforeDispatch,
}

impl Mutant {
    /// Each with what breaks.
    pub(super) const ALL: [(Mutant, &'static str); 10] = [
        (
            Mutant::NoTombstoneOfPayment,
            "ended with money held or taken",
        ),
        (Mutant::NoTombstoneOfShipment, "dispatched without stock"),
        (
            Mutant::RejectedWithoutGivingBack,
            "ended with money held or taken",
        ),
        (Mutant::CommitAfterExpiry, "confirmed without stock"),
        (
            Mutant::ConfirmedBeforeAuthorized,
            "confirmed without a hold",
        ),
        (Mutant::CreatedAndConfirmedInOne, "two holds for one order"),
        (
            Mutant::SettleIgnoresWhatIsOnItsWay,
            "ended with money held or taken",
        ),
        (
            Mutant::CancelledBeforeSettled,
            "ended with money held or taken",
        ),
        (
            Mutant::SettledBeforeShippingWasAsked,
            "dispatched without a hold",
        ),
        (
            Mutant::CapturedBeforeDispatch,
            "captured without a dispatch",
        ),
    ];
}

/// A plan of svc-orders, or a mutant of one.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) states: Vec<orders::State>,
    pub(super) asks: Vec<(Ask, Option<orders::Step>)>,
    pub(super) done: orders::Step,
}

pub(super) struct Rules {
    pub(super) mutant: Mutant,
    pub(super) plans: Vec<Plan>,
}

impl Rules {
    /// The tables, without what the mutant leaves out.
    pub(super) fn of(mutant: Mutant) -> Rules {
        let plans = PLANS.iter().map(|plan| Plan {
            states: plan.states.to_vec(),
            asks: plan.asks.to_vec(),
            done: plan.done,
        });
        let mut plans: Vec<Plan> = plans.collect();
        for plan in &mut plans {
            match (mutant, plan.done) {
                (Mutant::ConfirmedBeforeAuthorized, orders::Step::Confirm) => {
                    plan.asks.retain(|(ask, _)| *ask != Ask::Authorize);
                }
                (Mutant::CancelledBeforeSettled, orders::Step::FinishCancel) => {
                    plan.asks.retain(|(ask, _)| *ask != Ask::Settle);
                }
                (Mutant::SettledBeforeShippingWasAsked, orders::Step::FinishCancel) => {
                    plan.asks.rotate_right(1);
                }
                _ => {}
            }
        }
        Rules { mutant, plans }
    }

    pub(super) fn is(&self, mutant: Mutant) -> bool {
        self.mutant == mutant
    }

    pub(super) fn plan(&self, state: orders::State) -> Option<usize> {
        self.plans
            .iter()
            .position(|plan| plan.states.contains(&state))
    }
}

/// What a worker of svc-orders is about to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Worker {
    Idle,
    /// Ask this of a plan, of an order that it found in this state.
    Asks(usize, usize, orders::State),
    /// Take this step.
    Writes(orders::Step, orders::State),
    /// Have the money taken.
    Captures,
}

/// What svc-payments' driver is about to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Driver {
    Idle {
        is_fresh: bool,
    },
    /// The provider is to be asked; the payment had this version.
    Asks(payments::Ask, i64),
    /// The provider has answered.
    Hears(payments::Ask, i64, super::provider::Answer),
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) order: Option<orders::State>,
    pub(super) reservation: Option<Reservation>,
    pub(super) is_late: bool,
    pub(super) level: Level,
    pub(super) payment: Option<Payment>,
    /// The ledger's balances: customer, hold, captured, refunded.
    pub(super) ledger: [i64; 4],
    /// The sum of an operation's postings was not zero.
    pub(super) is_unbalanced: bool,
    pub(super) object: Object,
    pub(super) shipment: Option<shipping::State>,
    pub(super) workers: [Worker; 2],
    pub(super) driver: Driver,
    // Events on their way.
    pub(super) confirmed: bool,
    pub(super) dispatched_to_orders: bool,
    pub(super) dispatched_to_inventory: bool,
    pub(super) lapsed: bool,
    // What svc-orders noted.
    pub(super) is_capture_due: bool,
    pub(super) is_capture_failed: bool,
    // What is left of the budget.
    pub(super) faults: u8,
    pub(super) cancels: u8,
    pub(super) lapses: u8,
}

type OperationKey = (
    payments::Kind,
    payments::OperationState,
    Option<Uuid>,
    i64,
    i32,
);

/// State, amounts, last word, what is known, operations.
type PaymentKey = (
    payments::State,
    [i64; 6],
    Option<i64>,
    [bool; 3],
    Vec<OperationKey>,
);

/// All that the future depends on: not ids and counters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    order: Option<orders::State>,
    reservation: Option<reservation::State>,
    payment: Option<PaymentKey>,
    object: Object,
    shipment: Option<shipping::State>,
    workers: [Worker; 2],
    driver: (u8, bool, Option<usize>, Option<super::provider::AnswerKey>),
    flags: [bool; 7],
    budget: [u8; 3],
}

impl World {
    pub(super) fn new(budget: Budget) -> World {
        World {
            order: None,
            reservation: None,
            is_late: false,
            level: Level {
                on_hand: 1,
                ..Level::default()
            },
            payment: None,
            ledger: [0; 4],
            is_unbalanced: false,
            object: Object::default(),
            shipment: None,
            workers: [Worker::Idle; 2],
            driver: Driver::Idle { is_fresh: false },
            confirmed: false,
            dispatched_to_orders: false,
            dispatched_to_inventory: false,
            lapsed: false,
            is_capture_due: false,
            is_capture_failed: false,
            faults: budget.faults,
            cancels: budget.cancels,
            lapses: budget.lapses,
        }
    }

    /// A change of the payment, as svc-payments makes one in a transaction.
    pub(super) fn change<T>(
        &mut self,
        change: impl FnOnce(&mut Payment, &mut payments::Book<'_>) -> T,
    ) -> T {
        let mut payment = self.payment.take().expect("it is there");
        let before = payment.clone();
        let mut next = 100 + payment.operations.len() as u128;
        let mut new_id = || {
            next += 1;
            Uuid::from_u128(next)
        };
        let mut book = payments::Book::new(NOW, &mut new_id);
        let result = change(&mut payment, &mut book);
        let (postings, events) = (book.postings, book.events);
        payment.amended(&before, NOW);
        for posting in &postings {
            let account = match posting.account {
                payments::Account::Customer => 0,
                payments::Account::Hold => 1,
                payments::Account::Captured => 2,
                _ => 3,
            };
            self.ledger[account] += posting.amount;
            let of_operation = postings
                .iter()
                .filter(|it| it.operation == posting.operation);
            self.is_unbalanced |= of_operation.map(|it| it.amount).sum::<i64>() != 0;
        }
        for event in events {
            match event.news {
                payments::News::Lapsed => self.lapsed = true,
                payments::News::CaptureFailed(_) => self.is_capture_failed = true,
                _ => {}
            }
        }
        self.payment = Some(payment);
        result
    }

    pub(super) fn reserved(&self) -> Option<reservation::State> {
        self.reservation.as_ref().map(|it| it.state)
    }

    pub(super) fn key(&self) -> Key {
        let payment = self.payment.as_ref().map(|it| {
            let operations = it.operations.iter().map(|it| {
                let attempt = it.attempt.min(4);
                (it.kind, it.state, it.request_id, it.amount, attempt)
            });
            (
                it.state,
                [
                    it.authorized,
                    it.held,
                    it.capturing,
                    it.captured,
                    it.refunding,
                    it.refunded,
                ],
                it.final_amount,
                [
                    it.is_tombstone(),
                    it.provider_ref.is_some(),
                    it.token_sealed.is_some(),
                ],
                operations.collect(),
            )
        });
        let asked = |ask: &payments::Ask| match (ask, &self.payment) {
            (payments::Ask::Send(sent), Some(payment)) => {
                payment.operations.iter().position(|it| it.id == sent.id)
            }
            _ => None,
        };
        let is_stale = |version: i64| {
            self.payment
                .as_ref()
                .is_some_and(|it| it.version != version)
        };
        let driver = match &self.driver {
            Driver::Idle { is_fresh } => (0, *is_fresh, None, None),
            Driver::Asks(ask, version) => (1, is_stale(*version), asked(ask), None),
            Driver::Hears(ask, version, answer) => {
                (2, is_stale(*version), asked(ask), Some(answer.key()))
            }
        };
        Key {
            order: self.order,
            reservation: self.reserved(),
            payment,
            object: self.object.clone(),
            shipment: self.shipment,
            workers: self.workers,
            driver,
            flags: [
                self.is_late,
                self.confirmed,
                self.dispatched_to_orders,
                self.dispatched_to_inventory,
                self.lapsed,
                self.is_capture_due,
                self.is_capture_failed,
            ],
            budget: [self.faults, self.cancels, self.lapses],
        }
    }
}
