//! Rules of repeated fields and maps.

use crate::length::Length;
use crate::program::Program;
use crate::value::ValueRules;

#[derive(Debug, Default)]
pub(crate) struct ListRules {
    pub(crate) length: Length,
    pub(crate) unique: bool,
    pub(crate) items: Inner,
}

#[derive(Debug, Default)]
pub(crate) struct MapRules {
    pub(crate) length: Length,
    pub(crate) keys: Inner,
    pub(crate) values: Inner,
}

/// Rules of each item, key or value.
#[derive(Debug, Default)]
pub(crate) struct Inner {
    pub(crate) rules: ValueRules,
    pub(crate) programs: Vec<Program>,
    /// They are not asked if it is the zero of its type.
    pub(crate) skip_zero: bool,
    /// Nothing is asked of it, nor of what is in it.
    pub(crate) is_ignored: bool,
}
