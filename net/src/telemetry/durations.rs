//! Durations that are measured with every request, and so have to cost next to nothing.

use std::hash::Hash;
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{BoundHistogram, Histogram, Meter};

/// Bounds of the histograms, in seconds, as the semantic conventions advise.
const BOUNDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];
/// From here on the histogram itself counts new attributes, as one (OpenTelemetry, Cardinality
/// Limits).
const MOST: usize = 2000;

/// A histogram of durations in seconds. What is measured is named by a `K`, from which its
/// attributes are made once and not with each value: sorting, hashing and comparing them takes a
/// twentieth of the edge's time.
#[derive(Debug)]
pub struct Durations<K> {
    histogram: Histogram<f64>,
    known: RwLock<std::collections::HashMap<K, BoundHistogram<f64>>>,
}

impl<K: Eq + Hash> Durations<K> {
    /// Of the metric `name`: durations of `what`.
    pub fn new(meter: &Meter, name: &'static str, what: &str) -> Self {
        let histogram = meter
            .f64_histogram(name)
            .with_unit("s")
            .with_description(format!("Duration of {what}"))
            .with_boundaries(BOUNDS.to_vec())
            .build();
        Self {
            histogram,
            known: RwLock::default(),
        }
    }

    /// Counts a duration; `attributes` are those of the key, always.
    pub fn record(&self, duration: Duration, key: K, attributes: impl FnOnce(&K) -> Vec<KeyValue>) {
        let seconds = duration.as_secs_f64();
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(bound) = known.get(&key) {
            return bound.record(seconds);
        }
        drop(known);
        let attributes = attributes(&key);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            return self.histogram.record(seconds, &attributes);
        }
        let bound = known.entry(key);
        bound
            .or_insert_with(|| self.histogram.bind(&attributes))
            .record(seconds);
    }
}
