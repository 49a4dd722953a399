//! What a payment asks of its provider, and when.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::operation::{Kind, Operation, OperationState};
use super::payment::Payment;
use super::state::State;

/// What is to be asked of the provider now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// This operation, which is marked as sent before.
    Send(Operation),
    /// How the object stands.
    Look,
    /// Nothing.
    Nothing,
}

/// The longest pause between two looks at what the provider is about to decide.
const LONGEST_PAUSE: Duration = Duration::from_secs(600);
/// The same for what banks decide, in days.
const LONGEST_PAUSE_OF_BANKS: Duration = Duration::from_secs(3600);
/// A hold of which the provider does not say when it ends is looked at so often.
const HOLD_PAUSE: Duration = Duration::from_secs(24 * 3600);

impl Payment {
    /// What is to be asked of the provider at this moment. The object need not be looked at again if it
    /// was since the last thing was sent (`is_fresh`).
    #[must_use]
    pub fn next(&self, is_fresh: bool, now: DateTime<Utc>) -> Ask {
        if self.is_tombstone() {
            return Ask::Nothing;
        }
        if self.provider_ref.is_none() {
            // An object that nobody knows holds nothing: it may be made again.
            return match self.open(Kind::Create) {
                Some(create) if self.state == State::Authorizing => Ask::Send(create.clone()),
                _ => Ask::Nothing,
            };
        }
        let is_unknown = |it: &Operation| it.state == OperationState::Sent;
        let is_hinted = self.hints > self.hints_heard;
        if is_hinted || !is_fresh && self.operations.iter().any(is_unknown) {
            return Ask::Look;
        }
        let ready = self.operations.iter().find(|it| it.is_ready(now));
        ready.map_or(Ask::Nothing, |it| Ask::Send(it.clone()))
    }

    /// What is to be asked of the provider at this moment, see [`Payment::next`], and is marked as sent.
    pub fn ask(&mut self, is_fresh: bool, now: DateTime<Utc>) -> Ask {
        let ask = self.next(is_fresh, now);
        if let Ask::Send(operation) = &ask {
            self.send(operation, now);
        }
        ask
    }

    /// Marks what is about to be asked: from here on its outcome is not known until it is heard.
    pub fn send(&mut self, operation: &Operation, now: DateTime<Utc>) {
        if let Some(operation) = self.operation_mut(operation.id) {
            operation.turn(OperationState::Sent, now);
        }
    }

    /// Counts a look that brought no news.
    pub fn looked_in_vain(&mut self) {
        self.looks += 1;
    }

    /// Says that so many hints were known when the object was looked at.
    pub fn looked_after(&mut self, hints: i64) {
        self.hints_heard = self.hints_heard.max(hints);
    }

    /// When somebody has to work on it again, if nobody is told anything before.
    #[must_use]
    pub fn due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // Before there is an object, it is the only thing to ask for.
        let is_possible = |it: &&Operation| self.provider_ref.is_some() || it.kind == Kind::Create;
        let planned = (self.operations.iter())
            .filter(is_possible)
            .filter(|it| it.state == OperationState::Planned)
            .map(|it| it.not_before.unwrap_or(now));
        let sent = self
            .operations
            .iter()
            .filter(|it| it.state == OperationState::Sent);
        let sent = sent.map(|it| match it.kind {
            Kind::Refund if it.provider_ref.is_some() => LONGEST_PAUSE_OF_BANKS,
            _ => LONGEST_PAUSE,
        });
        let looks = sent.map(|longest| now + self.pause(longest));
        let stands = match self.state {
            _ if self.is_tombstone() => None,
            // What is asked for says when; without, the object is to be looked at.
            State::Authorizing | State::RequiresAction | State::Closing => {
                let is_asked = self.operations.iter().any(Operation::is_open);
                (!is_asked).then(|| now + self.pause(LONGEST_PAUSE))
            }
            State::Authorized => Some(match self.capture_before {
                Some(end) => end.max(now + self.pause(LONGEST_PAUSE)),
                None => now + HOLD_PAUSE,
            }),
            State::Captured | State::Closed | State::Declined | State::Lapsed => None,
        };
        let hinted = (self.hints > self.hints_heard && self.provider_ref.is_some()).then_some(now);
        planned.chain(looks).chain(stands).chain(hinted).min()
    }

    /// Twice as long after each look without news.
    fn pause(&self, longest: Duration) -> Duration {
        let doublings = u32::try_from(self.looks.max(0)).unwrap_or(u32::MAX);
        Duration::from_secs(2_u64.saturating_pow(doublings)).min(longest)
    }
}
