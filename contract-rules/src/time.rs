//! Rules of points and spans of time.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::number::{Number, NumberRule};
use crate::violation::Wrong;

const SECOND: i128 = 1_000_000_000;

/// A `google.protobuf.Duration`, or a `google.protobuf.Timestamp` since 1970: nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub(crate) struct Time(pub(crate) i128);

impl Time {
    pub(crate) fn new(seconds: i128, nanoseconds: i128) -> Time {
        Time(seconds * SECOND + nanoseconds)
    }

    /// Seconds, and nanoseconds after them; none if there are too many.
    pub(crate) fn parts(self) -> Option<(i64, u32)> {
        let seconds = i64::try_from(self.0.div_euclid(SECOND)).ok()?;
        Some((seconds, self.0.rem_euclid(SECOND) as u32))
    }

    pub(crate) fn of(time: SystemTime) -> Time {
        Time(match time.duration_since(UNIX_EPOCH) {
            Ok(since) => since.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % SECOND {
            0 => write!(f, "{}s", self.0 / SECOND),
            _ => write!(f, "{}s", self.0 as f64 / SECOND as f64),
        }
    }
}

impl Number for Time {
    fn list(_: &[Time], is_allowed: bool) -> String {
        match is_allowed {
            true => "the allowed times".into(),
            false => "the forbidden times".into(),
        }
    }
}

#[derive(Debug)]
pub(crate) enum TimeRule {
    Number(NumberRule<Time>),
    LessThanNow,
    GreaterThanNow,
    /// At most so far from now.
    Within(Time),
}

impl TimeRule {
    pub(crate) fn check(&self, value: Time, now: impl Fn() -> Time) -> Option<Wrong> {
        match self {
            TimeRule::Number(rule) => rule.check(value),
            TimeRule::LessThanNow => {
                Wrong::unless(value <= now(), "lt_now", || "must be in the past".into())
            }
            TimeRule::GreaterThanNow => {
                Wrong::unless(value >= now(), "gt_now", || "must be in the future".into())
            }
            TimeRule::Within(span) => {
                let fits = (value.0 - now().0).abs() <= span.0;
                Wrong::unless(fits, "within", || format!("must be within {span} of now"))
            }
        }
    }
}
