//! When signing keys are made, sign, and are forgotten.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The times in the life of signing keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// How old a key is when its successor takes over.
    pub rotate_after: Duration,
    /// How long a new key is published before it signs, so that everybody knows it by then.
    pub announce: Duration,
    /// How long a key is published after its successor took over: the longest life of a token,
    /// and some more for clocks that go wrong.
    pub overlap: Duration,
}

/// A key as the schedule sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyAge {
    /// Counts the keys from 1.
    pub generation: i64,
    /// When it was made.
    pub create_time: DateTime<Utc>,
}

/// What holds at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The generation that signs; `None` if there is no key.
    pub signs: Option<i64>,
    /// The generation to make now, if it is time.
    pub make: Option<i64>,
    /// Generations that nobody needs any more.
    pub forget: Vec<i64>,
}

impl Schedule {
    /// What holds at `now`, given the keys by ascending generation.
    #[must_use]
    pub fn plan(&self, keys: &[KeyAge], now: DateTime<Utc>) -> Plan {
        let started = |key: &&KeyAge| key.create_time + delta(self.announce) <= now;
        // The first key of all has nobody to wait for.
        let signs = keys.iter().rev().find(started).or(keys.first());
        let due = |newest: &KeyAge| {
            newest.create_time + delta(self.rotate_after.saturating_sub(self.announce)) <= now
        };
        let make = match keys.last() {
            None => Some(1),
            Some(newest) => due(newest).then_some(newest.generation + 1),
        };
        let forget = keys
            .windows(2)
            .filter(|pair| pair[1].create_time + delta(self.announce) + delta(self.overlap) <= now)
            .map(|pair| pair[0].generation)
            .collect();
        Plan {
            signs: signs.map(|key| key.generation),
            make,
            forget,
        }
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;
    const SCHEDULE: Schedule = Schedule {
        rotate_after: Duration::from_secs(30 * DAY),
        announce: Duration::from_secs(DAY),
        overlap: Duration::from_secs(DAY),
    };

    fn day(day: u64) -> DateTime<Utc> {
        DateTime::from_timestamp((day * DAY).try_into().unwrap(), 0).unwrap()
    }

    fn key(generation: i64, made: u64) -> KeyAge {
        KeyAge {
            generation,
            create_time: day(made),
        }
    }

    #[test]
    fn the_first_key_is_made_and_signs_at_once() {
        assert_eq!(
            SCHEDULE.plan(&[], day(0)),
            Plan {
                signs: None,
                make: Some(1),
                forget: vec![]
            }
        );
        let plan = SCHEDULE.plan(&[key(1, 0)], day(0));
        assert_eq!(
            plan,
            Plan {
                signs: Some(1),
                make: None,
                forget: vec![]
            }
        );
    }

    #[test]
    fn a_successor_is_announced_before_it_signs() {
        assert_eq!(SCHEDULE.plan(&[key(1, 0)], day(28)).make, None);
        assert_eq!(SCHEDULE.plan(&[key(1, 0)], day(29)).make, Some(2));
        let keys = [key(1, 0), key(2, 29)];
        assert_eq!(SCHEDULE.plan(&keys, day(29)).signs, Some(1));
        assert_eq!(SCHEDULE.plan(&keys, day(30)).signs, Some(2));
    }

    #[test]
    fn a_key_is_forgotten_when_its_last_token_has_expired() {
        let keys = [key(1, 0), key(2, 29)];
        assert_eq!(SCHEDULE.plan(&keys, day(30)).forget, Vec::<i64>::new());
        assert_eq!(SCHEDULE.plan(&keys, day(31)).forget, vec![1]);
    }
}
