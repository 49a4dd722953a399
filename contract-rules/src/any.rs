//! Rules of `google.protobuf.Any`.

use crate::number::list;
use crate::violation::Wrong;

/// Of its type's URL.
#[derive(Debug)]
pub(crate) enum AnyRule {
    In(Vec<String>),
    NotIn(Vec<String>),
}

impl AnyRule {
    pub(crate) fn check(&self, type_url: &str) -> Option<Wrong> {
        let is_it = |one: &String| one == type_url;
        match self {
            AnyRule::In(all) => Wrong::unless(all.iter().any(is_it), "in", || {
                format!("must be a message of {}", list(all))
            }),
            AnyRule::NotIn(all) => Wrong::unless(!all.iter().any(is_it), "not_in", || {
                format!("must not be a message of {}", list(all))
            }),
        }
    }
}
