//! Who makes the requests to each route.

use std::sync::Arc;

use net::telemetry::Bound;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundCounter, Counter, Meter};

/// The class of who is nobody that is known, or was not let in.
pub(crate) const ANONYMOUS: &str = "anonymous";

/// Counts requests by route and class of caller.
pub(crate) struct Audience {
    counter: Counter<u64>,
    bound: Bound<(Arc<str>, &'static str), BoundCounter<u64>>,
}

impl Audience {
    pub(crate) fn new(meter: &Meter) -> Self {
        let counter = meter
            .u64_counter("edge.api_requests")
            .with_unit("{request}")
            .with_description("Requests to the API by who made them");
        Self {
            counter: counter.build(),
            bound: Bound::default(),
        }
    }

    /// Counts a request that found a route.
    pub(crate) fn count(&self, route: &Arc<str>, class: &'static str) {
        let bind = |(route, class): &(Arc<str>, &'static str)| {
            let route = KeyValue::new("http.route", route.clone());
            self.counter
                .bind(&[route, KeyValue::new("user_class", *class)])
        };
        let key = (route.clone(), class);
        self.bound.measure(key, bind, |bound| bound.add(1));
    }
}
