//! Who makes the requests to each route.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, Counter, Meter};

/// The class of who is nobody that is known, or was not let in.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// Counts requests by route and class of caller, whose attributes are made once and not with each request.
pub(crate) struct Audience {
    counter: Counter<u64>,
    known: RwLock<HashMap<Key, BoundCounter<u64>>>,
}

/// Route and class.
type Key = (Arc<str>, &'static str);

impl Audience {
    pub(crate) fn new(meter: &Meter) -> Self {
        let counter = meter
            .u64_counter("edge.api_requests")
            .with_unit("{request}")
            .with_description("Requests to the API by who made them");
        Self {
            counter: counter.build(),
            known: RwLock::default(),
        }
    }

    /// Counts a request that found a route.
    pub(crate) fn count(&self, route: &Arc<str>, class: &'static str) {
        let key = (route.clone(), class);
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = known.get(&key) {
            return bound.add(1);
        }
        drop(known);
        let attributes = [
            KeyValue::new("http.route", route.clone()),
            KeyValue::new("user_class", class),
        ];
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let bound = known.entry(key);
        bound
            .or_insert_with(|| self.counter.bind(&attributes))
            .add(1);
    }
}
