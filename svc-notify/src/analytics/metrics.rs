//! What is told of analytics.

use std::time::Duration;

use chrono::{DateTime, Utc};
use net::telemetry::Durations;
use opentelemetry::KeyValue;
use runtime::node::Node;
use store::measure::{Backlog, Measure};
use store::{Error, Tx};

use crate::domain::Outcome;
use crate::store::analytics;

/// How long attempts took.
pub(super) struct Metrics(Durations<Outcome>);

impl Metrics {
    pub(super) fn new(node: &Node) -> Self {
        let (meter, name) = (node.telemetry.meter(), "tradewind.analytics.batch.duration");
        Self(Durations::new(
            &meter,
            name,
            "attempts to send a batch of lines",
        ))
    }

    /// A batch was sent, or not, in this time.
    pub(super) fn sent(&self, duration: Duration, outcome: Outcome) {
        self.0.record(duration, outcome, |outcome| {
            vec![KeyValue::new("outcome", outcome.as_str())]
        });
    }
}

/// Lines that wait, looked at now and then.
pub(super) struct Waiting(Backlog);

impl Waiting {
    pub(super) fn new(node: &Node) -> Self {
        let (name, unit) = ("tradewind.analytics.waiting", "{event}");
        let waiting = Backlog::new(node, name, unit, "Events that wait to be sent to analytics");
        Self(waiting.with_age(node, "tradewind.analytics.oldest_waiting.age"))
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        self.0.record(analytics::waiting(tx).await?, now, &[]);
        Ok(())
    }
}
