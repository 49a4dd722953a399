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

/// Lines that wait, looked at now and then; what is left of before waits for nobody.
pub(super) struct Waiting {
    lines: Backlog,
    is_on: bool,
}

impl Waiting {
    pub(super) fn new(is_on: bool, node: &Node) -> Self {
        let (name, unit) = ("tradewind.analytics.waiting", "{event}");
        let waiting = Backlog::new(node, name, unit, "Events that wait to be sent to analytics");
        Self {
            lines: waiting.with_age(node, "tradewind.analytics.oldest_waiting.age"),
            is_on,
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        let waiting = match self.is_on {
            true => analytics::waiting(tx).await?,
            false => (0, None),
        };
        self.lines.record(waiting, now, &[]);
        Ok(())
    }
}
