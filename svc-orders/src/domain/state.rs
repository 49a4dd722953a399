//! Where an order stands, and the one table of how it may move.

use std::fmt;

use thiserror::Error;

use State::{
    AwaitingPayment, Cancelled, Cancelling, Confirmed, Delivered, Pending, Rejected, Rejecting,
    Returned, Shipped,
};
use Step::{
    Await, Cancel, Confirm, Deliver, Dispatch, FinishCancel, FinishReject, Lapse, RefuseCancel,
    Reject,
};

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Placed; stock and money are being held back.
    Pending,
    /// The buyer has to do something for the payment.
    AwaitingPayment,
    /// Promised: it will be shipped.
    Confirmed,
    /// On its way.
    Shipped,
    /// Arrived.
    Delivered,
    /// Refused by a callee; what others hold for it is being given back.
    Rejecting,
    /// Refused by a callee.
    Rejected,
    /// Being cancelled: shipping is to agree, and what others hold for it to be given back.
    Cancelling,
    /// Cancelled.
    Cancelled,
    /// Came back after it was delivered. Nothing leads here until returns can be asked for.
    Returned,
}

/// What moves an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The buyer has to do something for its payment.
    Await,
    /// Its stock is allocated, and its money held.
    Confirm,
    /// A callee refused it.
    Reject,
    /// What others held for it is given back.
    FinishReject,
    /// Somebody wants it cancelled.
    Cancel,
    /// Shipping agreed to the cancellation, and what others held is given back.
    FinishCancel,
    /// Shipping refused the cancellation: the shipment is dispatched.
    RefuseCancel,
    /// Its shipment was handed to the carrier.
    Dispatch,
    /// Its shipment has arrived.
    Deliver,
    /// The hold on its money ended before money was taken.
    Lapse,
}

/// Every move there is; anything else is refused. A row that stays where it is belongs to a step
/// whose effect is there already: events come in any order and more than once.
pub(super) const TRANSITIONS: &[(State, Step, State)] = &[
    (Pending, Await, AwaitingPayment),
    (Pending, Confirm, Confirmed),
    (Pending, Reject, Rejecting),
    (Pending, Cancel, Cancelling),
    (AwaitingPayment, Await, AwaitingPayment),
    (AwaitingPayment, Confirm, Confirmed),
    (AwaitingPayment, Reject, Rejecting),
    (AwaitingPayment, Cancel, Cancelling),
    (Confirmed, Await, Confirmed),
    (Confirmed, Confirm, Confirmed),
    (Confirmed, Cancel, Cancelling),
    (Confirmed, Dispatch, Shipped),
    (Confirmed, Deliver, Delivered), // the dispatch is still on its way
    (Confirmed, Lapse, Cancelling),  // nobody would be paid
    (Shipped, Dispatch, Shipped),
    (Shipped, Deliver, Delivered),
    (Delivered, Dispatch, Delivered),
    (Delivered, Deliver, Delivered),
    (Rejecting, Reject, Rejecting),
    (Rejecting, FinishReject, Rejected),
    (Rejecting, Cancel, Rejecting),
    (Returned, Dispatch, Returned),
    (Returned, Deliver, Returned),
    (Cancelling, Cancel, Cancelling),
    (Cancelling, FinishCancel, Cancelled),
    (Cancelling, RefuseCancel, Confirmed), // only a confirmed order has a shipment to refuse
    (Cancelling, Dispatch, Shipped),       // the carrier was faster
    (Cancelling, Deliver, Delivered),
    (Cancelling, Lapse, Cancelling),
    (Cancelled, Cancel, Cancelled),
];

/// Moves that earlier versions made, and histories hold.
const FORMER: &[(State, State)] = &[(Pending, Rejected)];

/// An order in this state cannot take this step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an order that is {state} cannot {step}")]
pub struct InvalidTransition {
    /// Where the order stands.
    pub state: State,
    /// What was asked of it.
    pub step: Step,
}

/// No state has this name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{0}` is not a state of an order")]
pub struct UnknownState(pub String);

impl State {
    /// Every state.
    pub const ALL: [State; 10] = [
        Pending,
        AwaitingPayment,
        Confirmed,
        Shipped,
        Delivered,
        Rejecting,
        Rejected,
        Cancelling,
        Cancelled,
        Returned,
    ];

    /// Where `step` leads from here; the same state if its effect is there already.
    pub fn after(self, step: Step) -> Result<State, InvalidTransition> {
        TRANSITIONS
            .iter()
            .find(|(from, taken, _)| *from == self && *taken == step)
            .map(|(_, _, to)| *to)
            .ok_or(InvalidTransition { state: self, step })
    }

    /// Whether any step leads from here to `to`, or did.
    pub(crate) fn leads_to(self, to: State) -> bool {
        let now = TRANSITIONS
            .iter()
            .any(|(from, _, end)| (*from, *end) == (self, to));
        now || FORMER.contains(&(self, to))
    }

    /// Whether the order can change no more.
    pub fn is_terminal(self) -> bool {
        !TRANSITIONS
            .iter()
            .any(|(from, _, to)| *from == self && *to != self)
    }

    /// Whether the order waits for other services, so that somebody must drive it on.
    pub fn is_in_progress(self) -> bool {
        matches!(self, Pending | AwaitingPayment | Rejecting | Cancelling)
    }

    /// The state's name, as in the contract without its prefix and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Pending => "PENDING",
            AwaitingPayment => "AWAITING_PAYMENT",
            Confirmed => "CONFIRMED",
            Shipped => "SHIPPED",
            Delivered => "DELIVERED",
            Rejecting => "REJECTING",
            Rejected => "REJECTED",
            Cancelling => "CANCELLING",
            Cancelled => "CANCELLED",
            Returned => "RETURNED",
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
            Await => "wait for its payment",
            Confirm => "be confirmed",
            Reject => "be rejected",
            FinishReject => "finish its rejection",
            Cancel => "be cancelled",
            FinishCancel => "finish its cancellation",
            RefuseCancel => "have its cancellation refused",
            Dispatch => "be dispatched",
            Deliver => "be delivered",
            Lapse => "lose the hold on its money",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEPS: [Step; 10] = [
        Await,
        Confirm,
        Reject,
        FinishReject,
        Cancel,
        FinishCancel,
        RefuseCancel,
        Dispatch,
        Deliver,
        Lapse,
    ];

    /// The table once more, as a picture: a row per state, a column per step, `-` is refused.
    #[test]
    fn every_state_takes_exactly_the_steps_of_the_table() {
        #[rustfmt::skip]
        let picture = [
            //                 Await            Confirm   Reject    FinishReject Cancel     FinishCancel RefuseCancel Dispatch  Deliver   Lapse
            (Pending,         "AWAITING_PAYMENT CONFIRMED REJECTING -            CANCELLING -            -            -         -         -"),
            (AwaitingPayment, "AWAITING_PAYMENT CONFIRMED REJECTING -            CANCELLING -            -            -         -         -"),
            (Confirmed,       "CONFIRMED        CONFIRMED -         -            CANCELLING -            -            SHIPPED   DELIVERED CANCELLING"),
            (Shipped,         "-                -         -         -            -          -            -            SHIPPED   DELIVERED -"),
            (Delivered,       "-                -         -         -            -          -            -            DELIVERED DELIVERED -"),
            (Rejecting,       "-                -         REJECTING REJECTED     REJECTING  -            -            -         -         -"),
            (Rejected,        "-                -         -         -            -          -            -            -         -         -"),
            (Cancelling,      "-                -         -         -            CANCELLING CANCELLED    CONFIRMED    SHIPPED   DELIVERED CANCELLING"),
            (Cancelled,       "-                -         -         -            CANCELLED  -            -            -         -         -"),
            (Returned,        "-                -         -         -            -          -            -            RETURNED  RETURNED  -"),
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
    fn an_order_ends_delivered_rejected_cancelled_or_returned() {
        let ends = State::ALL.into_iter().filter(|state| state.is_terminal());
        assert_eq!(
            ends.collect::<Vec<_>>(),
            [Delivered, Rejected, Cancelled, Returned]
        );
    }

    #[test]
    fn dispatch_and_delivery_end_alike_in_either_order() {
        let end = |steps: [Step; 2]| {
            steps
                .into_iter()
                .try_fold(Confirmed, |state, step| state.after(step))
        };
        assert_eq!(end([Dispatch, Deliver]), Ok(Delivered));
        assert_eq!(end([Deliver, Dispatch]), Ok(Delivered));
    }

    #[test]
    fn a_state_is_found_by_its_name() {
        for state in State::ALL {
            assert_eq!(State::try_from(state.to_string()), Ok(state));
        }
        assert!(State::try_from("LOST".to_owned()).is_err());
    }
}
