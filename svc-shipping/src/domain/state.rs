//! Where a shipment stands, and the one table of how it may move.

use std::fmt;

use thiserror::Error;

use State::{Cancelled, Delivered, Dispatched, Preparing};
use Step::{Cancel, Deliver, Dispatch};

/// Where a shipment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// To be packed.
    Preparing,
    /// With the carrier.
    Dispatched,
    /// Arrived.
    Delivered,
    /// Its order was cancelled.
    Cancelled,
}

/// What moves a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// It is handed to the carrier.
    Dispatch,
    /// It arrives.
    Deliver,
    /// Its order is cancelled.
    Cancel,
}

/// Every move there is; anything else is refused. A row that stays where it is belongs to a call
/// that comes again.
const TRANSITIONS: &[(State, Step, State)] = &[
    (Preparing, Dispatch, Dispatched),
    (Preparing, Cancel, Cancelled),
    (Dispatched, Dispatch, Dispatched), // by the same carrier under the same number
    (Dispatched, Deliver, Delivered),
    (Delivered, Dispatch, Delivered), // likewise
    (Delivered, Deliver, Delivered),
    (Cancelled, Cancel, Cancelled),
];

/// A shipment in this state cannot take this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a shipment that is {state} cannot {step}")]
pub struct InvalidTransition {
    /// Where the shipment stands.
    pub state: State,
    /// What was asked of it.
    pub step: Step,
}

/// No state has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a state of a shipment")]
pub struct UnknownState(pub String);

impl State {
    /// Every state.
    pub const ALL: [State; 4] = [Preparing, Dispatched, Delivered, Cancelled];

    /// Where `step` leads from here; the same state if its effect is there already.
    pub fn after(self, step: Step) -> Result<State, InvalidTransition> {
        TRANSITIONS
            .iter()
            .find(|(from, taken, _)| *from == self && *taken == step)
            .map(|(_, _, to)| *to)
            .ok_or(InvalidTransition { state: self, step })
    }

    /// The state's name, as in the contract without its prefix and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Preparing => "PREPARING",
            Dispatched => "DISPATCHED",
            Delivered => "DELIVERED",
            Cancelled => "CANCELLED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl TryFrom<String> for State {
    type Error = UnknownState;

    fn try_from(name: String) -> Result<State, UnknownState> {
        State::ALL
            .into_iter()
            .find(|state| state.as_str() == name)
            .ok_or(UnknownState(name))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Dispatch => "be dispatched",
            Deliver => "be delivered",
            Cancel => "be cancelled",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table once more, as a picture: a row per state, a column per step, `-` is refused.
    #[test]
    fn every_state_takes_exactly_the_steps_of_the_table() {
        #[rustfmt::skip]
        let picture = [
            //            Dispatch   Deliver    Cancel
            (Preparing,  "DISPATCHED -          CANCELLED"),
            (Dispatched, "DISPATCHED DELIVERED  -"),
            (Delivered,  "DELIVERED  DELIVERED  -"),
            (Cancelled,  "-          -          CANCELLED"),
        ];
        assert_eq!(picture.map(|(state, _)| state), State::ALL);
        for (state, row) in picture {
            for (step, expected) in [Dispatch, Deliver, Cancel]
                .into_iter()
                .zip(row.split_whitespace())
            {
                match state.after(step) {
                    Ok(to) => assert_eq!(to.as_str(), expected, "{state:?} {step:?}"),
                    Err(refusal) => {
                        assert_eq!(expected, "-", "{state:?} {step:?}");
                        assert_eq!(refusal, InvalidTransition { state, step });
                    }
                }
            }
        }
    }

    #[test]
    fn a_state_is_found_by_its_name() {
        for state in State::ALL {
            assert_eq!(State::try_from(state.to_string()), Ok(state));
        }
        assert!(State::try_from("LOST".to_owned()).is_err());
    }
}
