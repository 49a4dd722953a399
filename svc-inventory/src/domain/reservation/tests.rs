//! Every way a reservation can go, and what it leaves on the shelf.

use chrono::TimeDelta;
use proptest::prelude::*;

use super::*;

const EXPIRY: DateTime<Utc> = DateTime::UNIX_EPOCH;
const STATES: [State; 5] = [
    State::Reserved,
    State::Allocated,
    State::Dispatched,
    State::Released,
    State::Expired,
];

fn lines(of: &[(&str, i64)]) -> Lines {
    Lines::new(
        of.iter()
            .map(|(sku, quantity)| (sku.to_string(), *quantity)),
    )
    .expect("each once")
}

fn reservation(state: State) -> Reservation {
    Reservation {
        state,
        ..Reservation::new(Uuid::nil(), lines(&[("a", 2)]), EXPIRY)
    }
}

fn just_before() -> DateTime<Utc> {
    EXPIRY - TimeDelta::microseconds(1)
}

#[test]
fn the_table_of_states_and_steps_is_complete() {
    use State::{Allocated, Dispatched, Expired, Released, Reserved};
    let now = just_before();
    for (state, commit, release, dispatch) in [
        (
            Reserved,
            Ok(Step::To(Allocated)),
            Ok(Step::To(Released)),
            Err(Refusal::NotAllocated),
        ),
        (
            Allocated,
            Ok(Step::Nothing),
            Ok(Step::To(Released)),
            Ok(Step::To(Dispatched)),
        ),
        (
            Dispatched,
            Ok(Step::Nothing),
            Err(Refusal::Dispatched),
            Ok(Step::Nothing),
        ),
        (
            Released,
            Err(Refusal::Gone),
            Ok(Step::Nothing),
            Err(Refusal::Gone),
        ),
        (
            Expired,
            Err(Refusal::Gone),
            Ok(Step::Nothing),
            Err(Refusal::Gone),
        ),
    ] {
        let reservation = reservation(state);
        assert_eq!(reservation.commit(now), commit, "{state:?}");
        assert_eq!(reservation.release(), release, "{state:?}");
        assert_eq!(reservation.dispatch(), dispatch, "{state:?}");
    }
}

#[test]
fn a_reservation_is_over_at_its_expiry_and_not_before() {
    let reservation = reservation(State::Reserved);
    assert_eq!(
        reservation.commit(just_before()),
        Ok(Step::To(State::Allocated))
    );
    assert_eq!(reservation.commit(EXPIRY), Ok(Step::To(State::Expired)));
    assert_eq!(
        reservation.reserve_again(&reservation.lines, just_before()),
        Ok(Step::Nothing)
    );
    assert_eq!(
        reservation.reserve_again(&reservation.lines, EXPIRY),
        Ok(Step::To(State::Expired))
    );
}

#[test]
fn an_order_gets_its_reservation_again_but_no_other_one() {
    let other = lines(&[("a", 2), ("b", 1)]);
    for state in STATES {
        let reservation = reservation(state);
        let again = reservation.reserve_again(&reservation.lines, just_before());
        let gone = matches!(state, State::Released | State::Expired);
        assert_eq!(
            again,
            if gone {
                Err(Refusal::Gone)
            } else {
                Ok(Step::Nothing)
            },
            "{state:?}"
        );
        assert!(
            reservation.reserve_again(&other, just_before()).is_err(),
            "{state:?}"
        );
    }
    let tombstone = Reservation::tombstone(Uuid::nil(), Vec::new());
    assert_eq!(
        tombstone.reserve_again(&other, just_before()),
        Err(Refusal::Gone)
    );
    let shortages = other.shortages(&HashMap::new());
    let refused = Reservation::tombstone(Uuid::nil(), shortages.clone());
    assert_eq!(
        refused.reserve_again(&other, just_before()),
        Err(Refusal::Short(shortages))
    );
}

#[test]
fn a_sku_stands_on_one_line_only() {
    let twice = [("b", 1), ("a", 1), ("b", 2)].map(|(sku, quantity)| (sku.to_owned(), quantity));
    assert_eq!(Lines::new(twice), Err(2));
    let sorted = lines(&[("b", 1), ("B", 2), ("a", 3)]);
    assert_eq!(sorted.skus().collect::<Vec<_>>(), ["B", "a", "b"]);
}

#[test]
fn every_line_that_is_short_is_told() {
    let level = Level {
        on_hand: 5,
        reserved: 1,
        allocated: 1,
    };
    let levels = ["a", "b"].map(|sku| (sku.to_owned(), level)).into();
    let short = |sku: &str, requested, available| Shortage {
        sku: sku.into(),
        requested,
        available,
    };
    assert_eq!(
        lines(&[("a", 3), ("b", 4), ("c", 1)]).shortages(&levels),
        [short("b", 4, 3), short("c", 1, 0)]
    );
}

/// Something that happens to the shelf of one SKU, with five orders.
#[derive(Clone, Debug)]
enum Happening {
    Adjust(i64),
    Reserve(usize, i64),
    Commit(usize),
    Release(usize),
    Expire(usize),
    Dispatch(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    let order = 0..5_usize;
    prop_oneof![
        (-20..20_i64).prop_map(Happening::Adjust),
        (order.clone(), 1..10_i64).prop_map(|(order, units)| Happening::Reserve(order, units)),
        order.clone().prop_map(Happening::Commit),
        order.clone().prop_map(Happening::Release),
        order.clone().prop_map(Happening::Expire),
        order.prop_map(Happening::Dispatch),
    ]
}

/// One SKU and the orders that want it.
#[derive(Default)]
struct Shelf {
    level: Level,
    received: i64,
    dispatched: i64,
    orders: [Option<Reservation>; 5],
}

impl Shelf {
    fn happens(&mut self, happening: &Happening) {
        match *happening {
            Happening::Adjust(delta) => {
                if let Ok(level) = self.level.adjusted(delta) {
                    (self.level, self.received) = (level, self.received + delta);
                }
            }
            Happening::Reserve(order, units) if self.orders[order].is_none() => {
                let lines = lines(&[("a", units)]);
                if lines
                    .shortages(&[("a".to_owned(), self.level)].into())
                    .is_empty()
                {
                    self.level.reserved += units;
                    self.orders[order] = Some(Reservation::new(Uuid::nil(), lines, EXPIRY));
                }
            }
            Happening::Reserve(..) => {}
            Happening::Commit(order) => self.step(order, |r| r.commit(just_before())),
            Happening::Release(order) => self.step(order, Reservation::release),
            Happening::Dispatch(order) => self.step(order, Reservation::dispatch),
            Happening::Expire(order) => self.step(order, |r| match r.state {
                State::Reserved => Ok(Step::To(State::Expired)),
                _ => Ok(Step::Nothing),
            }),
        }
    }

    fn step(&mut self, order: usize, decide: impl Fn(&Reservation) -> Result<Step, Refusal>) {
        let Some(reservation) = &mut self.orders[order] else {
            return;
        };
        if let Ok(Step::To(state)) = decide(reservation) {
            let units: i64 = reservation.lines.iter().map(|(_, quantity)| quantity).sum();
            let shift = reservation.enter(state);
            self.level.on_hand += shift.on_hand * units;
            self.level.reserved += shift.reserved * units;
            self.level.allocated += shift.allocated * units;
            self.dispatched -= shift.on_hand * units;
        }
    }

    fn units_in(&self, state: State) -> i64 {
        let orders = self
            .orders
            .iter()
            .flatten()
            .filter(|order| order.state == state);
        orders
            .flat_map(|order| order.lines.iter())
            .map(|(_, quantity)| quantity)
            .sum()
    }
}

proptest! {
    #[test]
    fn promises_are_kept_whatever_happens(happenings in prop::collection::vec(happening(), 1..80)) {
        let mut shelf = Shelf::default();
        for happening in &happenings {
            shelf.happens(happening);
            let Level { on_hand, reserved, allocated } = shelf.level;
            prop_assert!(reserved >= 0 && allocated >= 0 && shelf.level.available() >= 0);
            prop_assert_eq!(on_hand, shelf.received - shelf.dispatched);
            prop_assert_eq!(reserved, shelf.units_in(State::Reserved));
            prop_assert_eq!(allocated, shelf.units_in(State::Allocated));
            prop_assert_eq!(shelf.dispatched, shelf.units_in(State::Dispatched));
        }
    }
}
