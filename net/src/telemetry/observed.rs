//! What is read when somebody looks, and costs nothing before.

use std::sync::{Arc, Weak};

use opentelemetry::metrics::AsyncInstrument;

use super::Telemetry;

/// Name, unit and description of a metric.
pub(super) type About = [&'static str; 3];

impl Telemetry {
    /// A gauge: `read` tells its values with their labels.
    pub fn gauge(
        &self,
        [name, unit, description]: About,
        read: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        let meter = self.meter();
        let gauge = meter.u64_observable_gauge(name).with_unit(unit);
        let gauge = gauge.with_description(description);
        gauge.with_callback(read).build();
    }

    /// As [`Telemetry::gauge`], of seconds.
    pub fn seconds(
        &self,
        [name, description]: [&'static str; 2],
        read: impl Fn(&dyn AsyncInstrument<f64>) + Send + Sync + 'static,
    ) {
        let meter = self.meter();
        let gauge = meter.f64_observable_gauge(name).with_unit("s");
        let gauge = gauge.with_description(description);
        gauge.with_callback(read).build();
    }

    /// As [`Telemetry::gauge`], of what only grows.
    pub fn counter(
        &self,
        [name, unit, description]: About,
        read: impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        let meter = self.meter();
        let counter = meter.u64_observable_counter(name).with_unit(unit);
        let counter = counter.with_description(description);
        counter.with_callback(read).build();
    }

    /// A gauge of `what`, as long as there is one.
    pub fn gauge_of<T: Send + Sync + 'static>(
        &self,
        about: About,
        what: &Arc<T>,
        read: impl Fn(&T, &dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        self.gauge(about, of(Arc::downgrade(what), read));
    }

    /// As [`Telemetry::gauge_of`], of what only grows.
    pub fn counter_of<T: Send + Sync + 'static>(
        &self,
        about: About,
        what: &Arc<T>,
        read: impl Fn(&T, &dyn AsyncInstrument<u64>) + Send + Sync + 'static,
    ) {
        self.counter(about, of(Arc::downgrade(what), read));
    }
}

fn of<T: Send + Sync + 'static>(
    what: Weak<T>,
    read: impl Fn(&T, &dyn AsyncInstrument<u64>) + Send + Sync + 'static,
) -> impl Fn(&dyn AsyncInstrument<u64>) + Send + Sync + 'static {
    move |instrument| {
        if let Some(what) = what.upgrade() {
            read(&what, instrument);
        }
    }
}
