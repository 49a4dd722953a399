//! What is told of deliveries.

use std::time::Duration;

use chrono::{DateTime, Utc};
use net::telemetry::Durations;
use opentelemetry::KeyValue;
use runtime::node::Node;
use store::measure::{Backlog, Measure, Transitions};
use store::{Error, Tx};

use crate::domain::{DeliveryState, Outcome};
use crate::store::queue;

/// What is counted as it happens.
pub(crate) struct Metrics {
    pub(crate) transitions: Transitions,
    attempts: Durations<Outcome>,
}

impl Metrics {
    pub(crate) fn new(node: &Node) -> Self {
        let states = DeliveryState::ALL.iter().map(|state| state.as_str());
        let (name, unit) = ("tradewind.webhook.delivery.transitions", "{delivery}");
        let meter = node.telemetry.meter();
        let attempts = "tradewind.webhook.attempt.duration";
        Self {
            transitions: Transitions::new(node, name, unit, states),
            attempts: Durations::new(&meter, attempts, "attempts to send an event"),
        }
    }

    /// An event was sent, or not, in this time.
    pub(crate) fn attempted(&self, duration: Duration, outcome: Outcome) {
        self.attempts.record(duration, outcome, |outcome| {
            vec![KeyValue::new("outcome", outcome.as_str())]
        });
    }
}

/// What waits, and is looked at now and then.
pub(crate) struct Waiting {
    due: Backlog,
}

impl Waiting {
    pub(crate) fn new(node: &Node) -> Self {
        let (name, unit) = ("tradewind.webhook.deliveries.due", "{delivery}");
        let due = Backlog::new(
            node,
            name,
            unit,
            "Deliveries whose time to be sent has come",
        );
        Self {
            due: due.with_age(node, "tradewind.webhook.deliveries.oldest_due.age"),
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        for (failing, label) in [(false, "false"), (true, "true")] {
            let due = queue::due(tx, failing, now).await?;
            self.due.record(due, now, &[("failing", label)]);
        }
        Ok(())
    }
}
