//! Rules of numbers, enums, and points and spans of time.

use std::fmt::Display;

/// A range. If the upper bound is below the lower one, values between them are refused.
#[derive(Debug, PartialEq)]
pub(super) struct Range<T> {
    pub(super) low: Option<Bound<T>>,
    pub(super) high: Option<Bound<T>>,
}

#[derive(Debug, PartialEq)]
pub(super) struct Bound<T> {
    pub(super) value: T,
    pub(super) included: bool,
}

impl<T> Default for Range<T> {
    fn default() -> Range<T> {
        Range {
            low: None,
            high: None,
        }
    }
}

impl<T: PartialOrd + Copy> Range<T> {
    /// What is wrong with a value; `print` writes bounds.
    pub(super) fn check(&self, value: T, print: impl Fn(T) -> String) -> Option<String> {
        let above = |low: &Bound<T>| value > low.value || (low.included && value == low.value);
        let below = |high: &Bound<T>| value < high.value || (high.included && value == high.value);
        let least = |low: &Bound<T>| match low.included {
            true => format!("at least {}", print(low.value)),
            false => format!("greater than {}", print(low.value)),
        };
        let most = |high: &Bound<T>| match high.included {
            true => format!("at most {}", print(high.value)),
            false => format!("less than {}", print(high.value)),
        };
        match (&self.low, &self.high) {
            (Some(low), Some(high)) if high.value < low.value => {
                let fits = above(low) || below(high);
                (!fits).then(|| format!("must be {} or {}", least(low), most(high)))
            }
            (Some(low), Some(high)) => {
                let fits = above(low) && below(high);
                (!fits).then(|| format!("must be {} and {}", least(low), most(high)))
            }
            (Some(low), None) => (!above(low)).then(|| format!("must be {}", least(low))),
            (None, Some(high)) => (!below(high)).then(|| format!("must be {}", most(high))),
            (None, None) => None,
        }
    }
}

/// Rules of integers of all widths, and of enums.
#[derive(Debug, Default)]
pub(super) struct IntRules {
    pub(super) range: Range<i128>,
    pub(super) must_be: Option<i128>,
    pub(super) one_of: Vec<i128>,
    pub(super) none_of: Vec<i128>,
    /// The numbers of an enum with `defined_only`.
    pub(super) defined: Option<Vec<i128>>,
}

impl IntRules {
    pub(super) fn check(&self, value: i128) -> Option<String> {
        if self.must_be.is_some_and(|must| must != value) {
            return self.must_be.map(|must| format!("must be {must}"));
        }
        if self
            .defined
            .as_ref()
            .is_some_and(|defined| !defined.contains(&value))
        {
            return Some("must be one of the values of the enum".into());
        }
        if !self.one_of.is_empty() && !self.one_of.contains(&value) {
            return Some(format!("must be one of {}", list(&self.one_of)));
        }
        if self.none_of.contains(&value) {
            return Some(format!("must not be one of {}", list(&self.none_of)));
        }
        self.range.check(value, |bound| bound.to_string())
    }
}

/// Rules of `float` and `double`.
#[derive(Debug, Default)]
pub(super) struct FloatRules {
    pub(super) range: Range<f64>,
    pub(super) must_be: Option<f64>,
    pub(super) one_of: Vec<f64>,
    pub(super) none_of: Vec<f64>,
    pub(super) finite: bool,
}

impl FloatRules {
    pub(super) fn check(&self, value: f64) -> Option<String> {
        if self.must_be.is_some_and(|must| must != value) {
            return self.must_be.map(|must| format!("must be {must}"));
        }
        if self.finite && !value.is_finite() {
            return Some("must be finite".into());
        }
        if !self.one_of.is_empty() && !self.one_of.contains(&value) {
            return Some(format!("must be one of {}", list(&self.one_of)));
        }
        if self.none_of.contains(&value) {
            return Some(format!("must not be one of {}", list(&self.none_of)));
        }
        // Not a number is in no range: comparisons with it are false.
        self.range.check(value, |bound| bound.to_string())
    }
}

/// Rules of `google.protobuf.Timestamp` and `Duration`, in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct TimeRules {
    pub(super) range: Range<i128>,
    pub(super) must_be: Option<i128>,
    pub(super) one_of: Vec<i128>,
    pub(super) none_of: Vec<i128>,
}

impl TimeRules {
    pub(super) fn check(&self, nanoseconds: i128) -> Option<String> {
        if self.must_be.is_some_and(|must| must != nanoseconds) {
            return self
                .must_be
                .map(|must| format!("must be {}", seconds(must)));
        }
        if !self.one_of.is_empty() && !self.one_of.contains(&nanoseconds) {
            return Some("must be one of the allowed times".into());
        }
        if self.none_of.contains(&nanoseconds) {
            return Some("must not be one of the forbidden times".into());
        }
        self.range.check(nanoseconds, seconds)
    }
}

fn seconds(nanoseconds: i128) -> String {
    const SECOND: i128 = 1_000_000_000;
    match nanoseconds % SECOND {
        0 => format!("{}s", nanoseconds / SECOND),
        _ => format!("{}s", nanoseconds as f64 / SECOND as f64),
    }
}

pub(super) fn list<T: Display>(values: &[T]) -> String {
    values
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}
