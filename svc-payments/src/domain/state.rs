//! Where a payment stands, and the one table of how it may move.

use std::fmt;

use thiserror::Error;

use State::{Authorized, Authorizing, Captured, Closed, Closing, Declined, Lapsed, RequiresAction};
use Step::{Capture, Decline, Hold, Lapse, NeedsAction, ProviderDone, Settle};

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Asked of the provider; the outcome is not known yet.
    Authorizing,
    /// The buyer has to do something.
    RequiresAction,
    /// Money is held back.
    Authorized,
    /// Money was taken.
    Captured,
    /// Being brought to its final amount.
    Closing,
    /// At its final amount.
    Closed,
    /// Refused by the provider.
    Declined,
    /// The hold ended before money was taken.
    Lapsed,
}

/// What moves a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The provider waits for the buyer.
    NeedsAction,
    /// The provider holds money back.
    Hold,
    /// The provider refused.
    Decline,
    /// Money is taken, or somebody wants it taken.
    Capture,
    /// The hold is gone.
    Lapse,
    /// Somebody has said the last word.
    Settle,
    /// Nothing is left to be asked of the provider.
    ProviderDone,
}

/// Every move there is; anything else is refused. A row that stays where it is belongs to a step that
/// changes nothing there: what is heard comes in any order and more than once.
const TRANSITIONS: &[(State, Step, State)] = &[
    (Authorizing, NeedsAction, RequiresAction),
    (Authorizing, Hold, Authorized),
    (Authorizing, Decline, Declined),
    (Authorizing, Settle, Closing),
    (RequiresAction, NeedsAction, RequiresAction),
    (RequiresAction, Hold, Authorized),
    (RequiresAction, Decline, Declined),
    (RequiresAction, Settle, Closing),
    (Authorized, NeedsAction, Authorized),
    (Authorized, Hold, Authorized),
    (Authorized, Capture, Captured),
    (Authorized, Lapse, Lapsed),
    (Authorized, Settle, Closing),
    (Captured, Hold, Captured),
    (Captured, Capture, Captured),
    (Captured, Settle, Closing),
    (Closing, NeedsAction, Closing),
    (Closing, Hold, Closing), // it is given back
    (Closing, Decline, Closed),
    (Closing, Capture, Closing),
    (Closing, Lapse, Closed),
    (Closing, Settle, Closing),
    (Closing, ProviderDone, Closed),
    (Closed, NeedsAction, Closed),
    (Closed, Decline, Closed),
    (Closed, Capture, Closed),
    (Closed, Lapse, Closed),
    (Closed, Settle, Closed),
    (Closed, ProviderDone, Closed),
    (Declined, Decline, Declined),
    (Declined, Capture, Declined), // it failed
    (Declined, Lapse, Declined),
    (Declined, Settle, Declined),
    (Lapsed, Decline, Lapsed),
    (Lapsed, Capture, Lapsed), // it failed
    (Lapsed, Lapse, Lapsed),
    (Lapsed, Settle, Lapsed),
];

/// A payment in this state cannot take this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a payment that is {state} cannot {step}")]
pub struct InvalidTransition {
    /// Where the payment stands.
    pub state: State,
    /// What was asked of it.
    pub step: Step,
}

/// No state has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a state of a payment")]
pub struct UnknownState(pub String);

impl State {
    /// Every state.
    pub const ALL: [State; 8] = [
        Authorizing,
        RequiresAction,
        Authorized,
        Captured,
        Closing,
        Closed,
        Declined,
        Lapsed,
    ];

    /// Where `step` leads from here; the same state if it changes nothing here.
    ///
    /// # Errors
    /// If the table has no such move.
    pub fn after(self, step: Step) -> Result<State, InvalidTransition> {
        TRANSITIONS
            .iter()
            .find(|(from, taken, _)| *from == self && *taken == step)
            .map(|(_, _, to)| *to)
            .ok_or(InvalidTransition { state: self, step })
    }

    /// Whether the payment can move no more.
    #[must_use]
    pub fn is_terminal(self) -> bool {
        !TRANSITIONS
            .iter()
            .any(|(from, _, to)| *from == self && *to != self)
    }

    /// The state's name, as in the contract without its prefix and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Authorizing => "AUTHORIZING",
            RequiresAction => "REQUIRES_ACTION",
            Authorized => "AUTHORIZED",
            Captured => "CAPTURED",
            Closing => "CLOSING",
            Closed => "CLOSED",
            Declined => "DECLINED",
            Lapsed => "LAPSED",
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
            NeedsAction => "wait for the buyer",
            Hold => "be held",
            Decline => "be declined",
            Capture => "be captured",
            Lapse => "lapse",
            Settle => "be settled",
            ProviderDone => "be closed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 7] = [
        NeedsAction,
        Hold,
        Decline,
        Capture,
        Lapse,
        Settle,
        ProviderDone,
    ];

    /// The table once more, as a picture: a row per state, a column per step, `-` is refused.
    #[test]
    fn every_state_takes_exactly_the_steps_of_the_table() {
        #[rustfmt::skip]
        let picture = [
            //                NeedsAction     Hold       Decline  Capture  Lapse    Settle   ProviderDone
            (Authorizing,    "REQUIRES_ACTION AUTHORIZED DECLINED -        -        CLOSING  -"),
            (RequiresAction, "REQUIRES_ACTION AUTHORIZED DECLINED -        -        CLOSING  -"),
            (Authorized,     "AUTHORIZED      AUTHORIZED -        CAPTURED LAPSED   CLOSING  -"),
            (Captured,       "-               CAPTURED   -        CAPTURED -        CLOSING  -"),
            (Closing,        "CLOSING         CLOSING    CLOSED   CLOSING  CLOSED   CLOSING  CLOSED"),
            (Closed,         "CLOSED          -          CLOSED   CLOSED   CLOSED   CLOSED   CLOSED"),
            (Declined,       "-               -          DECLINED DECLINED DECLINED DECLINED -"),
            (Lapsed,         "-               -          LAPSED   LAPSED   LAPSED   LAPSED   -"),
        ];
        assert_eq!(picture.map(|(state, _)| state), State::ALL);
        for (state, row) in picture {
            for (step, expected) in STEPS.into_iter().zip(row.split_whitespace()) {
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
    fn a_payment_ends_closed_declined_or_lapsed() {
        let ends = State::ALL.into_iter().filter(|state| state.is_terminal());
        assert_eq!(ends.collect::<Vec<_>>(), [Closed, Declined, Lapsed]);
    }

    #[test]
    fn a_state_is_found_by_its_name() {
        for state in State::ALL {
            assert_eq!(State::try_from(state.to_string()), Ok(state));
        }
        assert!(State::try_from("LOST".to_owned()).is_err());
    }
}
