//! Time, passed in, so that tests own it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, SubsecRound as _, Utc};

/// Tells the time of day, cut to microseconds: what Postgres keeps.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(Arc<Mutex<DateTime<Utc>>>),
    Timers {
        start: DateTime<Utc>,
        since: tokio::time::Instant,
    },
}

/// A time as contracts write it.
pub fn timestamp(time: DateTime<Utc>) -> prost_types::Timestamp {
    // Below 10^9, so it fits, also in the leap second that chrono writes as 10^9 and more.
    let nanos = time.timestamp_subsec_nanos().min(999_999_999).cast_signed();
    prost_types::Timestamp {
        seconds: time.timestamp(),
        nanos,
    }
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands at `time` until the other half moves it.
    pub fn manual(time: DateTime<Utc>) -> (Clock, ManualClock) {
        let time = Arc::new(Mutex::new(time));
        (Clock(Source::Manual(time.clone())), ManualClock(time))
    }

    /// A clock that shows `start` now and goes as tokio's timers do: where a test stops them, it stops.
    pub fn of_timers(start: DateTime<Utc>) -> Clock {
        let since = tokio::time::Instant::now();
        Clock(Source::Timers { start, since })
    }

    /// Now, cut to microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        let now = match &self.0 {
            Source::System => system_time(),
            Source::Manual(time) => *time.lock().unwrap_or_else(|poisoned| poisoned.into_inner()),
            Source::Timers { start, since } => *start + since.elapsed(),
        };
        now.trunc_subsecs(6)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place that asks the machine"
)]
fn system_time() -> DateTime<Utc> {
    Utc::now()
}

/// Moves a [`Clock::manual`].
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<Mutex<DateTime<Utc>>>);

impl ManualClock {
    /// Sets the time.
    pub fn set(&self, time: DateTime<Utc>) {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) = time;
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        *self
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner()) += by;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_when_told_and_keeps_microseconds() {
        let start = DateTime::from_timestamp(1_700_000_000, 123_456_789).unwrap();
        let (clock, hands) = Clock::manual(start);
        assert_eq!(clock.now().timestamp_subsec_nanos(), 123_456_000);
        hands.advance(Duration::from_secs(60));
        assert_eq!(clock.now().timestamp(), 1_700_000_060);
    }
}
