//! Bounds of lengths.

use crate::violation::Wrong;

/// How many of something there may be.
#[derive(Debug, Default)]
pub(crate) struct Length {
    pub(crate) least: Option<u64>,
    pub(crate) most: Option<u64>,
    /// One rule says both bounds.
    pub(crate) is_exact: bool,
}

/// What the rules of a length are called, and what it counts.
pub(crate) struct Names {
    /// Empty where no rule says both bounds.
    pub(crate) exact: &'static str,
    pub(crate) least: &'static str,
    pub(crate) most: &'static str,
    of: &'static str,
}

pub(crate) const CHARACTERS: Names = names("len", "min_len", "max_len", "characters");
pub(crate) const BYTES_OF_TEXT: Names = names("len_bytes", "min_bytes", "max_bytes", "bytes");
pub(crate) const BYTES: Names = names("len", "min_len", "max_len", "bytes");
pub(crate) const ITEMS: Names = names("", "min_items", "max_items", "items");
pub(crate) const ENTRIES: Names = names("", "min_pairs", "max_pairs", "entries");

const fn names(
    exact: &'static str,
    least: &'static str,
    most: &'static str,
    of: &'static str,
) -> Names {
    Names {
        exact,
        least,
        most,
        of,
    }
}

impl Length {
    pub(crate) fn check(&self, length: u64, names: &Names) -> Option<Wrong> {
        let (least, most) = (self.least.unwrap_or(0), self.most.unwrap_or(u64::MAX));
        let rule = match (length < least, length > most) {
            (false, false) => return None,
            _ if self.is_exact => names.exact,
            (true, _) => names.least,
            (_, true) => names.most,
        };
        let of = names.of;
        let says = match length < least {
            _ if least == most => format!("must have exactly {least} {of}"),
            true => format!("must have at least {least} {of}"),
            false => format!("must have at most {most} {of}"),
        };
        Some(Wrong::new(rule, says))
    }

    pub(crate) fn is_exceeded(&self, length: usize) -> bool {
        self.most.is_some_and(|most| length as u64 > most)
    }

    pub(crate) fn is_bounded(&self) -> bool {
        self.least.is_some() || self.most.is_some()
    }
}
