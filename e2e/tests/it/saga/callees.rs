//! What the handlers of the callees do with what an order asks, in one transaction each.

use chrono::TimeDelta;
use money::{Currency, Money};
use svc_inventory::domain::reservation::{Lines, Refusal, Reservation, Step};
use svc_orders::domain::Ask;
use svc_payments::domain::{NewPayment, Payment, State};
use svc_shipping::domain as shipping;
use uuid::Uuid;

use super::world::{Mutant, NOW, ORDER, Rules, SHIPMENT, TOTAL, World};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Done,
    AwaitsBuyer,
    Refused,
    Undecided,
}

impl World {
    /// What becomes of an ask. The request that placed the order has the payment token, recovery has not.
    pub(super) fn ask(&mut self, ask: Ask, has_token: bool, rules: &Rules) -> Reply {
        match ask {
            Ask::Reserve => self.reserve(),
            Ask::Commit => self.commit(rules),
            Ask::Release => self.release(),
            Ask::Authorize => self.authorize(has_token),
            Ask::Settle => self.settle(rules),
            Ask::CancelShipment => self.cancel_shipment(rules),
        }
    }

    fn reserve(&mut self) -> Reply {
        let lines = Lines::new([("A".to_owned(), 1)]).expect("one line");
        match &self.reservation {
            Some(known) => {
                let step = known.reserve_again(&lines, self.now());
                self.enter(&step)
            }
            None => {
                let reservation = Reservation::new(ORDER, lines, NOW + TimeDelta::minutes(15));
                self.level.reserved += 1;
                self.reservation = Some(reservation);
                Reply::Done
            }
        }
    }

    fn commit(&mut self, rules: &Rules) -> Reply {
        let now = match rules.is(Mutant::CommitAfterExpiry) {
            true => NOW,
            false => self.now(),
        };
        match &self.reservation {
            Some(_) if rules.is(Mutant::CommitAfterExpiry) && self.is_late => Reply::Done,
            Some(known) => {
                let step = known.commit(now);
                self.enter(&step)
            }
            None => Reply::Refused,
        }
    }

    fn release(&mut self) -> Reply {
        match &self.reservation {
            Some(known) => {
                let step = known.release();
                self.enter(&step)
            }
            None => {
                self.reservation = Some(Reservation::tombstone(ORDER, Vec::new()));
                Reply::Done
            }
        }
    }

    /// The carrier has the units.
    pub(super) fn take_off_hand(&mut self) {
        if let Some(known) = &self.reservation {
            let step = known.dispatch();
            self.enter(&step);
        }
    }

    /// The reservation's time is over.
    pub(super) fn expire(&mut self) {
        self.enter(&Ok(Step::To(
            svc_inventory::domain::reservation::State::Expired,
        )));
    }

    fn enter(&mut self, step: &Result<Step, Refusal>) -> Reply {
        let reservation = self.reservation.as_mut().expect("it is there");
        match step {
            Ok(Step::Nothing) => Reply::Done,
            Ok(Step::To(state)) => {
                let shift = reservation.enter(*state);
                self.level.on_hand += shift.on_hand;
                self.level.reserved += shift.reserved;
                self.level.allocated += shift.allocated;
                match state {
                    svc_inventory::domain::reservation::State::Expired => Reply::Refused,
                    _ => Reply::Done,
                }
            }
            Err(_) => Reply::Refused,
        }
    }

    fn now(&self) -> chrono::DateTime<chrono::Utc> {
        match self.is_late {
            true => NOW + TimeDelta::hours(1),
            false => NOW,
        }
    }

    fn authorize(&mut self, has_token: bool) -> Reply {
        match &self.payment {
            None if has_token => {
                self.payment = Some(Payment::tombstone(ORDER, ORDER, 0, NOW));
                self.change(|payment, book| {
                    let currency = Currency::of("GBP").expect("a code of the table");
                    let new = NewPayment {
                        order_id: ORDER,
                        user_id: Uuid::nil(),
                        amount: Money {
                            currency,
                            minor: TOTAL,
                        },
                        provider: "sandbox",
                        return_url: String::new(),
                    };
                    *payment = Payment::begin(ORDER, new, book);
                    payment.token_sealed = Some(Vec::new());
                });
                Reply::Undecided
            }
            None => {
                self.payment = Some(Payment::tombstone(ORDER, ORDER, 0, NOW));
                Reply::Refused
            }
            Some(payment) if payment.is_tombstone() => Reply::Refused,
            Some(payment) => match payment.state {
                State::Authorizing => Reply::Undecided,
                State::RequiresAction => Reply::AwaitsBuyer,
                State::Authorized | State::Captured => Reply::Done,
                State::Closing | State::Closed | State::Declined | State::Lapsed => Reply::Refused,
            },
        }
    }

    fn settle(&mut self, rules: &Rules) -> Reply {
        match &self.payment {
            None => {
                if !rules.is(Mutant::NoTombstoneOfPayment) {
                    self.payment = Some(Payment::tombstone(ORDER, ORDER, 0, NOW));
                }
                return Reply::Done;
            }
            Some(payment)
                if rules.is(Mutant::SettleIgnoresWhatIsOnItsWay)
                    && payment.state == State::Authorizing =>
            {
                return Reply::Done;
            }
            Some(_) => {}
        }
        match self.change(|payment, book| payment.settle(0, String::new(), book)) {
            Ok(()) => Reply::Done,
            Err(_) => Reply::Refused,
        }
    }

    /// Whether svc-payments has taken the capture up.
    pub(super) fn capture(&mut self) -> bool {
        if self.payment.as_ref().is_none_or(Payment::is_tombstone) {
            return true;
        }
        self.change(|payment, book| payment.capture(SHIPMENT, TOTAL, book))
            .is_ok()
    }

    fn cancel_shipment(&mut self, rules: &Rules) -> Reply {
        let after = match self.shipment {
            None if rules.is(Mutant::NoTombstoneOfShipment) => return Reply::Done,
            None => Ok(shipping::State::Cancelled),
            Some(state) => state.after(shipping::Step::Cancel),
        };
        match after {
            Ok(state) => {
                self.shipment = Some(state);
                Reply::Done
            }
            Err(_) => Reply::Refused,
        }
    }
}
