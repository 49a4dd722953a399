//! When something that failed is tried again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Fate;

/// Before each further attempt of a delivery.
const PAUSES: [Duration; 7] = [
    Duration::from_secs(5),
    Duration::from_secs(5 * MINUTE),
    Duration::from_secs(30 * MINUTE),
    Duration::from_secs(2 * HOUR),
    Duration::from_secs(5 * HOUR),
    Duration::from_secs(10 * HOUR),
    Duration::from_secs(10 * HOUR),
];
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
/// Which of them is the longest before a sink is tried again.
const LONGEST_OF_SINK: usize = 2;
/// Pauses are longer by up to this part of them.
const JITTER: u32 = 5;
/// A receiver that asks for more is asked again then all the same.
const LONGEST_ASKED: Duration = Duration::from_secs(24 * HOUR);
/// A webhook of which nothing but failures came for this long is disabled.
pub(crate) const LONGEST_FAILING: TimeDelta = TimeDelta::days(5);

/// What becomes of a delivery that has failed so often before, and now once more. `chance` is below
/// 1,000; `asked` is for how many seconds the receiver wants to be left alone.
pub(crate) fn after_failure(
    failures: i32,
    chance: usize,
    asked: Option<u64>,
    now: DateTime<Utc>,
) -> Fate {
    let before = usize::try_from(failures).unwrap_or_default();
    match pause(before, chance, asked) {
        Some(pause) => Fate::Again(now + pause),
        None => Fate::Exhausted,
    }
}

/// For how long a sink is left alone that has failed so often before, and now once more. It is the shop's own,
/// and what waits for it grows: half an hour is the longest, unless it asks for more.
pub(crate) fn sink_pause(failures: i32, chance: usize, asked: Option<u64>) -> Duration {
    let before = usize::try_from(failures).unwrap_or_default();
    pause(before.min(LONGEST_OF_SINK), chance, asked).unwrap_or(LONGEST_ASKED)
}

fn pause(before: usize, chance: usize, asked: Option<u64>) -> Option<Duration> {
    let pause = jittered(*PAUSES.get(before)?, chance);
    let asked = Duration::from_secs(asked.unwrap_or_default()).min(LONGEST_ASKED);
    Some(pause.max(asked))
}

/// The pause, or up to a fifth more, so that what failed together is not tried together. `chance` is below
/// 1,000.
pub(crate) fn jittered(pause: Duration, chance: usize) -> Duration {
    let thousandths = u32::try_from(chance).unwrap_or_default();
    pause + pause * thousandths / (1000 * JITTER)
}

/// `Retry-After` in seconds: a number of them, or a date (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(header: &str, now: DateTime<Utc>) -> Option<u64> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(header.parse().unwrap_or(u64::MAX));
    }
    let date = DateTime::parse_from_rfc2822(header).ok()?;
    u64::try_from((date.to_utc() - now).num_seconds()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(failures: i32, chance: usize, asked: Option<u64>) -> Option<i64> {
        let now = DateTime::UNIX_EPOCH;
        match after_failure(failures, chance, asked, now) {
            Fate::Again(at) => Some((at - now).num_seconds()),
            _ => None,
        }
    }

    #[test]
    fn what_fails_is_tried_eight_times_in_all_with_growing_pauses() {
        let pauses: Vec<_> = (0..8).map(|failures| pause(failures, 0, None)).collect();
        let hour = 3600;
        let expected = [5, 300, 1800, 2 * hour, 5 * hour, 10 * hour, 10 * hour];
        let expected: Vec<_> = expected.into_iter().map(Some).chain([None]).collect();
        assert_eq!(pauses, expected);
    }

    #[test]
    fn chance_adds_a_fifth_at_most() {
        assert_eq!(pause(1, 500, None), Some(330));
        assert_eq!(pause(1, 999, None), Some(359));
    }

    #[test]
    fn a_receiver_is_left_alone_as_long_as_it_asks_but_no_longer_than_a_day() {
        assert_eq!(pause(0, 0, Some(120)), Some(120));
        assert_eq!(pause(1, 0, Some(1)), Some(300));
        assert_eq!(pause(0, 0, Some(u64::MAX)), Some(24 * 3600));
        assert_eq!(pause(7, 0, Some(1)), None);
    }

    #[test]
    fn a_sink_is_tried_for_ever_every_half_hour_or_when_it_says() {
        let pauses = [0, 1, 2, 3, 1000].map(|failures| sink_pause(failures, 0, None).as_secs());
        assert_eq!(pauses, [5, 300, 1800, 1800, 1800]);
        assert_eq!(sink_pause(0, 0, Some(7200)).as_secs(), 7200);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = DateTime::parse_from_rfc3339("1994-11-06T08:49:07Z")
            .unwrap()
            .to_utc();
        assert_eq!(retry_after("120", now), Some(120));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(30));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:40:37 GMT", now), None);
        assert_eq!(retry_after("99999999999999999999999", now), Some(u64::MAX));
        for wrong in ["", "soon", "-1", "1.5"] {
            assert_eq!(retry_after(wrong, now), None, "{wrong}");
        }
    }
}
