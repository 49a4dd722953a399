//! Ranges of numbers.

use crate::violation::Wrong;

/// A range. If the upper bound is below the lower one, values between them are refused.
#[derive(Debug)]
pub(crate) struct Range<T> {
    pub(crate) low: Option<Bound<T>>,
    pub(crate) high: Option<Bound<T>>,
}

#[derive(Debug)]
pub(crate) struct Bound<T> {
    pub(crate) value: T,
    pub(crate) included: bool,
}

impl<T> Bound<T> {
    /// The rule's name: `gte`, or `lt`.
    fn name(&self, name: &str) -> String {
        format!("{name}{}", if self.included { "e" } else { "" })
    }
}

impl<T: PartialOrd + Copy + ToString> Range<T> {
    pub(crate) fn check(&self, value: T) -> Option<Wrong> {
        let above = |low: &Bound<T>| value > low.value || (low.included && value == low.value);
        let below = |high: &Bound<T>| value < high.value || (high.included && value == high.value);
        let (low, high) = (self.low.as_ref(), self.high.as_ref());
        let is_outside = matches!((low, high), (Some(low), Some(high)) if high.value < low.value);
        // What is no number is in no range: comparisons with it are false.
        let (is_above, is_below) = (low.is_none_or(above), high.is_none_or(below));
        let fits = if is_outside {
            is_above || is_below
        } else {
            is_above && is_below
        };
        if fits {
            return None;
        }
        let names = [
            low.map(|low| low.name("gt")),
            high.map(|high| high.name("lt")),
        ];
        let bounds = [low.map(least), high.map(most)];
        let rule = names.into_iter().flatten().collect::<Vec<_>>().join("_");
        let bounds = bounds.into_iter().flatten().collect::<Vec<_>>();
        Some(if is_outside {
            let rule = format!("{rule}_exclusive");
            Wrong::new(rule, format!("must be {}", bounds.join(" or ")))
        } else {
            Wrong::new(rule, format!("must be {}", bounds.join(" and ")))
        })
    }
}

fn least<T: ToString>(low: &Bound<T>) -> String {
    let value = low.value.to_string();
    match low.included {
        true => format!("at least {value}"),
        false => format!("greater than {value}"),
    }
}

fn most<T: ToString>(high: &Bound<T>) -> String {
    let value = high.value.to_string();
    match high.included {
        true => format!("at most {value}"),
        false => format!("less than {value}"),
    }
}
