//! Keys that must not come twice.

use std::collections::HashSet;
use std::hash::Hash;

/// How many keys are compared one by one.
const FEW: usize = 16;

#[derive(Debug)]
pub(super) struct Distinct<K> {
    few: Vec<K>,
    many: HashSet<K>,
}

impl<K: Hash + Eq> Distinct<K> {
    pub(super) fn new() -> Self {
        Self {
            few: Vec::new(),
            many: HashSet::new(),
        }
    }

    /// Whether the key is new.
    pub(super) fn insert(&mut self, key: K) -> bool {
        if !self.many.is_empty() {
            return self.many.insert(key);
        }
        if self.few.contains(&key) {
            return false;
        }
        self.few.push(key);
        if self.few.len() > FEW {
            self.many.extend(self.few.drain(..));
        }
        true
    }
}
