//! What a service needs of other programs, as it sees them itself.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Gauge;

use super::Telemetry;
use crate::readiness::Readiness;

/// Something that a service can do without for a time: while it is away the service is degraded, and a
/// metric says so.
#[derive(Debug)]
pub struct Dependency {
    /// As readiness calls it.
    name: &'static str,
    readiness: Readiness,
    up: Gauge<u64>,
    labels: [KeyValue; 2],
}

impl Dependency {
    /// That of `service`, by the name that readiness tells, and by that of the metric.
    pub fn new(
        service: &'static str,
        (name, label): (&'static str, &'static str),
        readiness: Readiness,
        telemetry: &Telemetry,
    ) -> Dependency {
        let meter = telemetry.meter();
        let up = meter.u64_gauge("tradewind.dependency.up");
        let up = up.with_description("Whether what the service depends on answers; 0 or 1");
        Dependency {
            name,
            readiness,
            up: up.build(),
            labels: [
                KeyValue::new("service.name", service),
                KeyValue::new("dependency", label),
            ],
        }
    }

    /// How often it is looked whether something answers that nobody asks.
    pub const LOOK: Duration = Duration::from_secs(5);

    /// It answers, or why it does not.
    pub fn is(&self, seen: &Result<(), String>) {
        let why = seen.as_ref().err();
        self.readiness.degraded(self.name, why.map(String::as_str));
        self.up.record(u64::from(seen.is_ok()), &self.labels);
    }
}
