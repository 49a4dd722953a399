//! One event for one webhook, and what came of sending it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::named;

/// One event for one webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Delivery {
    pub(crate) id: Uuid,
    pub(crate) webhook_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) event_type: String,
    pub(crate) event_time: DateTime<Utc>,
    /// The very text that is signed and sent.
    pub(crate) payload: String,
    pub(crate) state: DeliveryState,
    /// When it is sent next, while it is pending.
    pub(crate) due_at: Option<DateTime<Utc>>,
    pub(crate) create_time: DateTime<Utc>,
    pub(crate) update_time: DateTime<Utc>,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DeliveryState {
    Pending,
    Succeeded,
    Exhausted,
    Discarded,
}

named!(DeliveryState, "a state of a delivery", {
    Pending = "PENDING",
    Succeeded = "SUCCEEDED",
    Exhausted = "EXHAUSTED",
    Discarded = "DISCARDED",
});

/// What came of sending it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attempt {
    pub(crate) start_time: DateTime<Utc>,
    pub(crate) milliseconds: i64,
    /// Of HTTP, if there was an answer.
    pub(crate) status: Option<u16>,
    /// What went wrong, if there was none or it was not complete.
    pub(crate) error: String,
    pub(crate) remote_address: String,
    /// The beginning of the answer.
    pub(crate) answer: Vec<u8>,
    pub(crate) outcome: Outcome,
    /// For how many seconds the receiver wants to be left alone.
    pub(crate) retry_after: Option<u64>,
}

/// What an attempt means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    /// Answered with 2xx, to the last byte.
    Succeeded,
    /// Answered with another status.
    Refused,
    /// The receiver wants no more: 410.
    Gone,
    /// Answered with 3xx, which is not followed.
    Redirected,
    /// Not answered in time, to the last byte.
    TimedOut,
    /// Not answered: the name, the connection or the answer is broken.
    Unreachable,
    /// The address is none that events are sent to.
    Forbidden,
}

named!(Outcome, "an outcome of an attempt", {
    Succeeded = "succeeded",
    Refused = "refused",
    Gone = "gone",
    Redirected = "redirected",
    TimedOut = "timed_out",
    Unreachable = "unreachable",
    Forbidden = "forbidden",
});

impl Outcome {
    /// By the status of a complete answer.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Succeeded,
            300..=399 => Self::Redirected,
            410 => Self::Gone,
            _ => Self::Refused,
        }
    }
}

/// What becomes of a delivery after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is done.
    Succeeded,
    /// It is tried again then.
    Again(DateTime<Utc>),
    /// It was tried often enough.
    Exhausted,
}

#[cfg(test)]
mod tests {
    use super::Outcome;

    #[test]
    fn a_status_means_one_thing() {
        for (status, outcome) in [
            (200, Outcome::Succeeded),
            (204, Outcome::Succeeded),
            (302, Outcome::Redirected),
            (304, Outcome::Redirected),
            (404, Outcome::Refused),
            (410, Outcome::Gone),
            (429, Outcome::Refused),
            (500, Outcome::Refused),
        ] {
            assert_eq!(Outcome::of(status), outcome, "{status}");
        }
    }
}
