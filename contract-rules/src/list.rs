//! Rules of repeated fields and maps.

use super::table::ValueRules;
use super::text::Length;

#[derive(Debug, Default)]
pub(super) struct ListRules {
    pub(super) length: Length,
    pub(super) unique: bool,
    pub(super) items: ValueRules,
    /// Rules of an item are not asked if it is the zero of its type.
    pub(super) skip_zero_items: bool,
}

#[derive(Debug, Default)]
pub(super) struct MapRules {
    pub(super) length: Length,
    pub(super) keys: ValueRules,
    pub(super) values: ValueRules,
    pub(super) skip_zero_keys: bool,
    pub(super) skip_zero_values: bool,
}
