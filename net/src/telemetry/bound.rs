//! Instruments whose attributes are made once, for what is measured with every request.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{PoisonError, RwLock};

/// From here on the instrument itself counts new attributes, as one (OpenTelemetry, Cardinality
/// Limits).
const MOST: usize = 2000;

/// An instrument as it is bound to the attributes that a `K` stands for: sorting, hashing and comparing
/// them with each value takes a twentieth of the edge's time.
#[derive(Debug)]
pub struct Bound<K, I>(RwLock<HashMap<K, I>>);

impl<K: Eq + Hash, I> Bound<K, I> {
    /// Measures by the one of this key, which `bind` makes, always with the same attributes.
    pub fn measure(&self, key: K, bind: impl FnOnce(&K) -> I, measure: impl FnOnce(&I)) {
        let Self(known) = self;
        let read = known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = read.get(&key) {
            return measure(bound);
        }
        drop(read);
        let bound = bind(&key);
        measure(&bound);
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() < MOST {
            known.insert(key, bound);
        }
    }
}

impl<K, I> Default for Bound<K, I> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}
