//! What is told of mails.

use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use runtime::node::Node;
use store::measure::{Backlog, Measure};
use store::{Error, Tx};

use crate::domain::mail::{State, Template};
use crate::store::messages;

/// What attempts came to.
pub(crate) struct Metrics {
    attempts: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new(node: &Node) -> Self {
        let meter = node.telemetry.meter();
        let attempts = meter
            .u64_counter("tradewind.mail.attempts")
            .with_unit("{attempt}")
            .with_description("Attempts to send a mail")
            .build();
        for template in Template::ALL {
            for state in State::ALL {
                attempts.add(0, &labels(template, state));
            }
        }
        Self { attempts }
    }

    /// An attempt left a mail in this state.
    pub(crate) fn tried(&self, tx: &mut Tx, template: Template, state: State) {
        tx.count_on_commit(&self.attempts, labels(template, state));
    }
}

fn labels(template: Template, state: State) -> [KeyValue; 2] {
    let outcome = match state {
        State::Pending => "again",
        State::Sent => "sent",
        State::Failed => "failed",
        State::Refused => "refused",
        State::Discarded => "discarded",
    };
    [
        KeyValue::new("template", template.as_str()),
        KeyValue::new("outcome", outcome),
    ]
}

/// Mails that wait, looked at now and then.
pub(crate) struct Waiting(Backlog);

impl Waiting {
    pub(crate) fn new(node: &Node) -> Self {
        let (name, unit) = ("tradewind.mail.waiting", "{mail}");
        let waiting = Backlog::new(node, name, unit, "Mails that wait to be sent");
        Self(waiting.with_age(node, "tradewind.mail.oldest_waiting.age"))
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        self.0.record(messages::waiting(tx, now).await?, now, &[]);
        Ok(())
    }
}
