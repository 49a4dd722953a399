//! Durations that are measured with every request, and so have to cost next to nothing.

use std::hash::Hash;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Histogram, Meter};

use super::Bound;

/// Bounds of the histograms, in seconds, as the semantic conventions advise.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// A histogram of durations in seconds. What is measured is named by a `K`, from which its
/// attributes are made once and not with each value.
#[derive(Debug)]
pub struct Durations<K> {
    histogram: Histogram<f64>,
    bound: Bound<K, BoundHistogram<f64>>,
}

impl<K: Eq + Hash> Durations<K> {
    /// Of the metric `name`: durations of `what`.
    pub fn new(meter: &Meter, name: &'static str, what: &str) -> Self {
        Self::within(&BOUNDS, meter, name, what)
    }

    /// The same, with buckets that end at these bounds.
    pub fn within(bounds: &[f64], meter: &Meter, name: &'static str, what: &str) -> Self {
        let histogram = meter
            .f64_histogram(name)
            .with_unit("s")
            .with_description(format!("Duration of {what}"))
            .with_boundaries(bounds.to_vec())
            .build();
        Self {
            histogram,
            bound: Bound::default(),
        }
    }

    /// Counts a duration; `attributes` are those of the key, always.
    pub fn record(&self, duration: Duration, key: K, attributes: impl FnOnce(&K) -> Vec<KeyValue>) {
        let bind = |key: &K| self.histogram.bind(&attributes(key));
        let seconds = duration.as_secs_f64();
        self.bound.measure(key, bind, |bound| bound.record(seconds));
    }
}
