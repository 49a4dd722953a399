//! What becomes of a mail after an attempt.

use std::time::Duration;

use chrono::TimeDelta;
use net::backoff::Backoff;

use super::State;
use crate::domain::jittered;

/// Between attempts.
const PAUSES: Backoff = Backoff::new(Duration::from_secs(30), Duration::from_secs(2 * 3600));
/// How often is tried what the server refuses for good, but not for its address: it may be the
/// server that is set up wrongly, and is put right.
const MOST_REFUSALS: i32 = 3;

/// What an attempt came to; texts are for people, and hold no address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server has taken it.
    Sent(String),
    /// There is nothing to tell any more, or nobody to tell it to.
    Discarded(String),
    /// The server refuses the address for good, or did so before.
    Refused(String),
    /// The server refuses the mail.
    Rejected(String),
    /// It cannot be made.
    Impossible(String),
    /// Nothing was decided.
    Undecided(String),
}

/// How long is tried.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Schedule {
    /// After this, what was not decided has failed.
    pub(crate) patience: TimeDelta,
}

/// How a mail stands then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    /// Where.
    pub(crate) state: State,
    /// After how long it is tried again.
    pub(crate) pause: Option<Duration>,
    /// What the attempt came to.
    pub(crate) detail: String,
}

impl Schedule {
    /// What becomes of a mail at its `attempts`-th attempt, `waited` after the first was due. `chance`
    /// is below 1,000.
    #[must_use]
    pub(crate) fn after(
        &self,
        outcome: Outcome,
        attempts: i32,
        waited: TimeDelta,
        chance: usize,
    ) -> Next {
        let end = |state, detail| Next {
            state,
            pause: None,
            detail,
        };
        let (detail, is_enough) = match outcome {
            Outcome::Sent(detail) => return end(State::Sent, detail),
            Outcome::Discarded(detail) => return end(State::Discarded, detail),
            Outcome::Refused(detail) => return end(State::Refused, detail),
            Outcome::Impossible(detail) => return end(State::Failed, detail),
            Outcome::Rejected(detail) => (detail, attempts >= MOST_REFUSALS),
            Outcome::Undecided(detail) => (detail, false),
        };
        if is_enough || waited >= self.patience {
            return end(State::Failed, detail);
        }
        let before = u32::try_from(attempts - 1).unwrap_or(0);
        Next {
            state: State::Pending,
            pause: Some(jittered(PAUSES.after(before), chance)),
            detail,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCHEDULE: Schedule = Schedule {
        patience: TimeDelta::days(1),
    };

    fn undecided() -> Outcome {
        Outcome::Undecided("451".to_owned())
    }

    #[test]
    fn pauses_grow_up_to_two_hours_with_jitter() {
        let pause = |attempts, chance| {
            let next = SCHEDULE.after(undecided(), attempts, TimeDelta::hours(1), chance);
            assert_eq!(next.state, State::Pending);
            next.pause.map(|pause| pause.as_secs())
        };
        let pauses = [1, 2, 3, 8, 9, 40].map(|attempts| pause(attempts, 0));
        assert_eq!(pauses, [30, 60, 120, 3840, 7200, 7200].map(Some));
        assert_eq!(pause(40, 999), Some(7200 + 1438));
    }

    #[test]
    fn what_is_not_decided_within_a_day_has_failed() {
        let next = |waited| SCHEDULE.after(undecided(), 15, waited, 0).state;
        assert_eq!(next(TimeDelta::hours(23)), State::Pending);
        assert_eq!(next(TimeDelta::days(1)), State::Failed);
    }

    #[test]
    fn a_mail_that_is_refused_fails_after_three_attempts_and_one_whose_address_is_at_once() {
        let text = || "550".to_owned();
        let state = |outcome, attempts| {
            let next = SCHEDULE.after(outcome, attempts, TimeDelta::zero(), 0);
            assert_eq!(next.pause.is_some(), next.state == State::Pending);
            next.state
        };
        let rejected = [1, 2, 3].map(|attempts| state(Outcome::Rejected(text()), attempts));
        assert_eq!(rejected, [State::Pending, State::Pending, State::Failed]);
        assert_eq!(state(Outcome::Refused(text()), 1), State::Refused);
        assert_eq!(state(Outcome::Impossible(text()), 1), State::Failed);
        assert_eq!(state(Outcome::Discarded(text()), 1), State::Discarded);
        assert_eq!(state(Outcome::Sent(text()), 1), State::Sent);
    }
}
