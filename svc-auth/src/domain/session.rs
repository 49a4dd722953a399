//! What a refresh token is worth, given the state of its session.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// How long the token before the current one gives the same successor again: two tabs that
/// refresh at once, or a reply that was lost.
pub const REPEAT_WINDOW: Duration = Duration::from_secs(10);

/// How far a session has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The generation of the token that was given last.
    pub generation: i64,
    /// When it was given.
    pub rotate_time: DateTime<Utc>,
    /// When it expires.
    pub expire_time: DateTime<Utc>,
    /// When the session ends, however often it is refreshed.
    pub end_time: DateTime<Utc>,
}

/// What to do with a refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the current one: it gets its successor.
    Rotate,
    /// It was current a moment ago: it gets the same successor again.
    Repeat,
    /// Somebody uses it a second time: the session ends.
    Reused,
    /// The session has not been used for too long.
    Expired,
    /// The session is as old as a session may become.
    Over,
}

impl Progress {
    /// Judges a token of `generation` at `now`.
    #[must_use]
    pub fn judge(&self, generation: i64, now: DateTime<Utc>) -> Verdict {
        if now >= self.end_time {
            Verdict::Over
        } else if now >= self.expire_time {
            Verdict::Expired
        } else if generation == self.generation {
            Verdict::Rotate
        } else if generation == self.generation - 1 && now - self.rotate_time <= window() {
            Verdict::Repeat
        } else {
            Verdict::Reused
        }
    }
}

/// When a session was signed in, by its id (UUIDv7); so it is known also of one that is gone.
#[must_use]
pub fn create_time(session_id: Uuid) -> Option<DateTime<Utc>> {
    let (seconds, nanos) = session_id.get_timestamp()?.to_unix();
    DateTime::from_timestamp(i64::try_from(seconds).ok()?, nanos)
}

fn window() -> chrono::TimeDelta {
    chrono::TimeDelta::from_std(REPEAT_WINDOW).expect("ten seconds are in range")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROGRESS: Progress = Progress {
        generation: 5,
        rotate_time: DateTime::UNIX_EPOCH,
        expire_time: DateTime::from_timestamp(2_592_000, 0).unwrap(),
        end_time: DateTime::from_timestamp(7_776_000, 0).unwrap(),
    };

    fn judge(generation: i64, seconds: i64) -> Verdict {
        PROGRESS.judge(generation, DateTime::from_timestamp(seconds, 0).unwrap())
    }

    #[test]
    fn the_current_token_rotates_until_it_expires() {
        assert_eq!(judge(5, 0), Verdict::Rotate);
        assert_eq!(judge(5, 2_591_999), Verdict::Rotate);
        assert_eq!(judge(5, 2_592_000), Verdict::Expired);
    }

    #[test]
    fn a_session_is_over_at_its_end_however_lately_it_was_refreshed() {
        let lately = Progress {
            rotate_time: DateTime::from_timestamp(7_775_999, 0).unwrap(),
            expire_time: DateTime::from_timestamp(10_000_000, 0).unwrap(),
            ..PROGRESS
        };
        let judge = |generation, seconds| {
            lately.judge(generation, DateTime::from_timestamp(seconds, 0).unwrap())
        };
        assert_eq!(judge(5, 7_775_999), Verdict::Rotate);
        for generation in [3, 4, 5] {
            assert_eq!(judge(generation, 7_776_000), Verdict::Over);
        }
    }

    #[test]
    fn an_id_tells_when_its_session_was_signed_in() {
        let time = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        let bits = u128::from(time.timestamp_millis().unsigned_abs()) << 80 | 7 << 76 | 2 << 62;
        assert_eq!(create_time(Uuid::from_u128(bits)), Some(time));
        assert_eq!(create_time(Uuid::nil()), None);
    }

    #[test]
    fn the_previous_token_repeats_within_ten_seconds_and_is_reuse_after() {
        assert_eq!(judge(4, 10), Verdict::Repeat);
        assert_eq!(judge(4, 11), Verdict::Reused);
    }

    #[test]
    fn an_older_token_is_reuse_at_once() {
        assert_eq!(judge(3, 0), Verdict::Reused);
    }

    #[test]
    fn a_token_from_the_future_is_reuse() {
        // Possible only after the database was set back.
        assert_eq!(judge(6, 0), Verdict::Reused);
    }
}
