//! The saga as a table: what is asked of other services for an order in each state, and what is
//! written then.
//!
//! Every ask may be repeated, by several at once, and ends in something that the callee keeps: what
//! is taken back before it was taken is refused from then on. So none may be left out on the way
//! back, and a crash between any two costs a repetition.

use std::fmt;

use Ask::{Authorize, CancelShipment, Commit, Release, Reserve, Settle};

use super::{State, Step};

/// Something that is asked of another service for an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ask {
    /// svc-inventory holds the units back for a while.
    Reserve,
    /// svc-payments holds the money back.
    Authorize,
    /// svc-inventory keeps the units for good; refused once their time is over.
    Commit,
    /// svc-shipping never dispatches the order; refused once it did.
    CancelShipment,
    /// svc-inventory gives the units back.
    Release,
    /// svc-payments gives the money back, and has its last word.
    Settle,
}

/// What an order does in a state: it asks one after the other, and then takes a step.
#[derive(Debug)]
pub struct Plan {
    /// In these states.
    pub states: &'static [State],
    /// What it asks, in this order, and the step that it takes if the callee refuses; where there is
    /// none, nobody may refuse, and the ask is repeated.
    pub asks: &'static [(Ask, Option<Step>)],
    /// The step that it takes when all is done.
    pub done: Step,
}

/// Every plan there is; an order in any other state asks nothing.
pub const PLANS: &[Plan] = &[
    Plan {
        states: &[State::Pending, State::AwaitingPayment],
        asks: &[
            (Reserve, Some(Step::Reject)),
            (Authorize, Some(Step::Reject)),
            (Commit, Some(Step::Reject)),
        ],
        done: Step::Confirm,
    },
    Plan {
        states: &[State::Rejecting],
        asks: &[(Release, None), (Settle, None)],
        done: Step::FinishReject,
    },
    Plan {
        states: &[State::Cancelling],
        asks: &[
            (CancelShipment, Some(Step::RefuseCancel)),
            (Release, None),
            (Settle, None),
        ],
        done: Step::FinishCancel,
    },
];

/// What an order in this state does.
#[must_use]
pub fn plan(state: State) -> Option<&'static Plan> {
    PLANS.iter().find(|plan| plan.states.contains(&state))
}

impl Ask {
    /// What takes it back.
    #[must_use]
    pub fn undone_by(self) -> Option<Ask> {
        match self {
            Reserve | Commit => Some(Release),
            Authorize => Some(Settle),
            CancelShipment | Release | Settle => None,
        }
    }

    /// The service and the method that it calls.
    #[must_use]
    pub fn method(self) -> (&'static str, &'static str) {
        match self {
            Reserve => ("svc-inventory", "ReserveStock"),
            Commit => ("svc-inventory", "CommitReservation"),
            Release => ("svc-inventory", "ReleaseReservation"),
            Authorize => ("svc-payments", "AuthorizePayment"),
            Settle => ("svc-payments", "SettlePayment"),
            CancelShipment => ("svc-shipping", "CancelShipment"),
        }
    }
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.method().1)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn an_order_has_a_plan_exactly_while_it_is_in_progress() {
        for state in State::ALL {
            let plans = PLANS.iter().filter(|plan| plan.states.contains(&state));
            assert_eq!(
                plans.count(),
                usize::from(state.is_in_progress()),
                "{state}"
            );
        }
    }

    #[test]
    fn each_plan_ends_in_a_step_that_its_states_take() {
        for plan in PLANS {
            for state in plan.states {
                let refusals = plan.asks.iter().filter_map(|(_, refused)| *refused);
                for step in refusals.chain([plan.done]) {
                    let to = state.after(step);
                    assert!(to.is_ok_and(|to| to != *state), "{state} {step:?}");
                }
            }
        }
    }

    #[test]
    fn whatever_is_taken_is_taken_back_on_each_way_back() {
        let asks = |state| plan(state).unwrap().asks.iter().map(|(ask, _)| *ask);
        let undone: HashSet<Ask> = asks(State::Pending).filter_map(Ask::undone_by).collect();
        for state in [State::Rejecting, State::Cancelling] {
            let way_back: HashSet<Ask> = asks(state).collect();
            assert!(undone.is_subset(&way_back), "{state}");
        }
    }
}
