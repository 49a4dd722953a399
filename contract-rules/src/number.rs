//! Rules of numbers and enums.

use std::fmt::Display;

use crate::range::Range;
use crate::violation::Wrong;

/// What is compared as a number.
pub(crate) trait Number: Copy + PartialOrd + Display {
    fn is_finite(self) -> bool {
        true
    }

    /// These, for people.
    fn list(all: &[Self], _is_allowed: bool) -> String {
        list(all)
    }
}

/// Integers of all widths, and enums.
impl Number for i128 {}

/// `float` and `double`.
impl Number for f64 {
    fn is_finite(self) -> bool {
        f64::is_finite(self)
    }
}

#[derive(Debug)]
pub(crate) enum NumberRule<T> {
    Const(T),
    /// The numbers of an enum.
    DefinedOnly(Vec<T>),
    Finite,
    In(Vec<T>),
    NotIn(Vec<T>),
    Range(Range<T>),
}

impl<T: Number> NumberRule<T> {
    pub(crate) fn check(&self, value: T) -> Option<Wrong> {
        match self {
            NumberRule::Const(must) => {
                Wrong::unless(value == *must, "const", || format!("must be {must}"))
            }
            NumberRule::DefinedOnly(defined) => {
                Wrong::unless(defined.contains(&value), "defined_only", || {
                    "must be one of the values of the enum".into()
                })
            }
            NumberRule::Finite => {
                Wrong::unless(value.is_finite(), "finite", || "must be finite".into())
            }
            NumberRule::In(all) => Wrong::unless(all.contains(&value), "in", || {
                format!("must be one of {}", T::list(all, true))
            }),
            NumberRule::NotIn(all) => Wrong::unless(!all.contains(&value), "not_in", || {
                format!("must not be one of {}", T::list(all, false))
            }),
            NumberRule::Range(range) => range.check(value),
        }
    }
}

pub(crate) fn list<T: Display>(values: &[T]) -> String {
    let values: Vec<_> = values.iter().map(ToString::to_string).collect();
    values.join(", ")
}
