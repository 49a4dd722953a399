//! The units of an order, from the promise to the carrier.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::level::{Level, Shift, Shortage};

/// The units of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    pub order_id: Uuid,
    pub state: State,
    /// Grows by one with each change.
    pub version: i64,
    /// When it is given back by itself, as long as it is reserved.
    pub expire_time: Option<DateTime<Utc>>,
    pub lines: Lines,
    /// What was missing, if the order was refused its units for that.
    pub shortages: Vec<Shortage>,
}

/// What becomes of the units that an order asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Held back until it expires.
    Reserved,
    /// Sold: held back until it is dispatched.
    Allocated,
    /// Taken off hand.
    Dispatched,
    /// Given back.
    Released,
    /// Given back because its time was over.
    Expired,
}

impl State {
    /// Every state.
    pub const ALL: [State; 5] = [
        State::Reserved,
        State::Allocated,
        State::Dispatched,
        State::Released,
        State::Expired,
    ];

    /// Its name in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Reserved => "RESERVED",
            State::Allocated => "ALLOCATED",
            State::Dispatched => "DISPATCHED",
            State::Released => "RELEASED",
            State::Expired => "EXPIRED",
        }
    }
}

impl TryFrom<String> for State {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        State::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or_else(|| format!("`{name}` is not a state of a reservation"))
    }
}

/// Why a reservation does not change. `Short` and `Gone` are final: whoever asks later, or at the
/// same time, or by another clock, is refused as well. The order is rejected for either, and nobody
/// gives back what it would get then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There were too few units when the order asked first.
    Short(Vec<Shortage>),
    /// Its units were given back, or its time is over.
    Gone,
    /// Its units were dispatched.
    Dispatched,
    /// Its units are not sold yet.
    NotAllocated,
    /// The order has a reservation of other lines.
    OtherLines,
}

/// What to do about a reservation: nothing, or the way to its new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is there already.
    Nothing,
    /// To this state. If its time is over, and nobody has given it back yet, that is `Expired`:
    /// whoever asked for something else is refused.
    To(State),
}

impl State {
    /// What one unit of a reservation in this state adds to the level of its SKU.
    fn holding(self) -> Shift {
        let (on_hand, reserved, allocated) = match self {
            State::Reserved => (0, 1, 0),
            State::Allocated => (0, 0, 1),
            State::Dispatched => (-1, 0, 0),
            State::Released | State::Expired => (0, 0, 0),
        };
        Shift {
            on_hand,
            reserved,
            allocated,
        }
    }

    /// How a unit's way from this state to another one changes the level.
    pub fn shift_to(self, to: State) -> Shift {
        let (from, to) = (self.holding(), to.holding());
        Shift {
            on_hand: to.on_hand - from.on_hand,
            reserved: to.reserved - from.reserved,
            allocated: to.allocated - from.allocated,
        }
    }
}

impl Reservation {
    /// A new one.
    pub fn new(order_id: Uuid, lines: Lines, expire_time: DateTime<Utc>) -> Self {
        let expire_time = Some(expire_time);
        Self {
            order_id,
            state: State::Reserved,
            version: 1,
            expire_time,
            lines,
            shortages: Vec::new(),
        }
    }

    /// What stays behind when an order is released before its reservation came, or is refused one
    /// for these shortages.
    pub fn tombstone(order_id: Uuid, shortages: Vec<Shortage>) -> Self {
        let lines = Lines::default();
        Self {
            order_id,
            state: State::Released,
            version: 1,
            expire_time: None,
            lines,
            shortages,
        }
    }

    /// The order asks for these lines again.
    pub fn reserve_again(&self, lines: &Lines, now: DateTime<Utc>) -> Result<Step, Refusal> {
        match self.state {
            State::Released if !self.shortages.is_empty() => {
                Err(Refusal::Short(self.shortages.clone()))
            }
            State::Released | State::Expired => Err(Refusal::Gone),
            State::Reserved if self.is_over(now) => Ok(Step::To(State::Expired)),
            _ if self.lines != *lines => Err(Refusal::OtherLines),
            State::Reserved | State::Allocated | State::Dispatched => Ok(Step::Nothing),
        }
    }

    /// The order is confirmed.
    pub fn commit(&self, now: DateTime<Utc>) -> Result<Step, Refusal> {
        match self.state {
            State::Reserved if self.is_over(now) => Ok(Step::To(State::Expired)),
            State::Reserved => Ok(Step::To(State::Allocated)),
            State::Allocated | State::Dispatched => Ok(Step::Nothing),
            State::Released | State::Expired => Err(Refusal::Gone),
        }
    }

    /// The order is off.
    pub fn release(&self) -> Result<Step, Refusal> {
        match self.state {
            State::Reserved | State::Allocated => Ok(Step::To(State::Released)),
            State::Released | State::Expired => Ok(Step::Nothing),
            State::Dispatched => Err(Refusal::Dispatched),
        }
    }

    /// The carrier has the units.
    pub fn dispatch(&self) -> Result<Step, Refusal> {
        match self.state {
            State::Allocated => Ok(Step::To(State::Dispatched)),
            State::Dispatched => Ok(Step::Nothing),
            State::Released | State::Expired => Err(Refusal::Gone),
            State::Reserved => Err(Refusal::NotAllocated),
        }
    }

    /// Takes a step. Returns what it does to the level of each line's SKU, by the unit.
    pub fn enter(&mut self, state: State) -> Shift {
        let shift = self.state.shift_to(state);
        self.state = state;
        self.version += 1;
        shift
    }

    fn is_over(&self, now: DateTime<Utc>) -> bool {
        self.expire_time
            .is_none_or(|expire_time| expire_time <= now)
    }
}

/// Units by SKU, in the order of SKUs, in which they are locked as well.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines(BTreeMap<String, i64>);

impl Lines {
    /// # Errors
    /// The place of the first SKU that was there before.
    pub fn new(lines: impl IntoIterator<Item = (String, i64)>) -> Result<Self, usize> {
        let mut units = BTreeMap::new();
        for (place, (sku, quantity)) in lines.into_iter().enumerate() {
            if units.insert(sku, quantity).is_some() {
                return Err(place);
            }
        }
        Ok(Self(units))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, i64)> {
        self.0
            .iter()
            .map(|(sku, quantity)| (sku.as_str(), *quantity))
    }

    pub fn skus(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The lines that cannot be had; a SKU without a level has no units.
    pub fn shortages(&self, levels: &HashMap<String, Level>) -> Vec<Shortage> {
        let shortage = |(sku, requested): (&str, i64)| {
            let available = levels.get(sku).map_or(0, |level| level.available());
            let sku = sku.to_owned();
            (available < requested).then_some(Shortage {
                sku,
                requested,
                available,
            })
        };
        self.iter().filter_map(shortage).collect()
    }
}

#[cfg(test)]
mod tests;
