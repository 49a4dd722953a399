//! What is told of payments, and of the provider.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use net::telemetry::Durations;
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use runtime::node::Node;
use store::Tx;
use store::measure::{Backlog, Measure, Transitions};

use crate::domain::{Kind, Operation, OperationState, Payment, State};
use crate::provider::{EventError, Failure};
use crate::store::due;

/// An operation whose outcome is not known is due before that: no pause is longer than an hour.
const LONGEST_OPEN: TimeDelta = TimeDelta::hours(2);
/// What ends before that is told of as ending.
const ENDING: TimeDelta = TimeDelta::days(1);

/// What is counted as it happens.
pub(crate) struct Metrics {
    provider: &'static str,
    transitions: Transitions,
    operations: Counter<u64>,
    calls: Durations<&'static str>,
    events: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new(node: &Node, provider: &'static str) -> Self {
        let (meter, states) = (node.telemetry.meter(), State::ALL.map(State::as_str));
        let operations = meter
            .u64_counter("tradewind.payment.operations")
            .with_unit("{operation}")
            .with_description("Operations at the provider that came to an end")
            .build();
        for kind in Kind::ALL {
            for outcome in ["succeeded", "refused"] {
                operations.add(0, &ended(kind, outcome));
            }
        }
        let events = meter
            .u64_counter("tradewind.payment.provider.events")
            .with_unit("{event}")
            .with_description("Events of the provider that came")
            .build();
        for outcome in ["recorded", "repeated", "bad_signature", "malformed"] {
            events.add(0, &[by_outcome(outcome)]);
        }
        let (name, unit) = ("tradewind.payment.transitions", "{payment}");
        let calls = "tradewind.payment.provider.call.duration";
        Self {
            provider,
            transitions: Transitions::new(node, name, unit, states),
            operations,
            calls: Durations::new(&meter, calls, "calls of the payment provider"),
            events,
        }
    }

    /// The payment was begun.
    pub(crate) fn begun(&self, tx: &mut Tx, payment: &Payment) {
        self.transitions.count(tx, payment.state.as_str());
    }

    /// The payment was changed.
    pub(crate) fn changed(&self, tx: &mut Tx, before: &Payment, payment: &Payment) {
        if payment.state != before.state {
            self.transitions.count(tx, payment.state.as_str());
        }
        let is_old = |it: &Operation| {
            let was = before.operations.iter().find(|was| was.id == it.id);
            was.is_some_and(|was| !was.is_open())
        };
        for operation in payment.operations.iter().filter(|it| !is_old(it)) {
            let outcome = match operation.state {
                OperationState::Planned | OperationState::Sent => continue,
                OperationState::Succeeded => "succeeded",
                OperationState::Refused => "refused",
            };
            tx.count_on_commit(&self.operations, ended(operation.kind, outcome));
        }
    }

    /// The provider was called, for so long.
    pub(crate) fn called<T>(&self, duration: Duration, answer: &Result<T, Failure>) {
        let outcome = match answer {
            Ok(_) => "answered",
            Err(Failure::Refused { .. }) => "refused",
            Err(Failure::Unknown(_)) => "unknown",
        };
        self.calls.record(duration, outcome, |_| {
            vec![
                KeyValue::new("provider", self.provider),
                by_outcome(outcome),
            ]
        });
    }

    /// The provider told something, which is written down.
    pub(crate) fn told(&self, tx: &mut Tx, is_new: bool) {
        let outcome = if is_new { "recorded" } else { "repeated" };
        tx.count_on_commit(&self.events, [by_outcome(outcome)]);
    }

    /// Something came that is no event of the provider's.
    pub(crate) fn told_wrongly(&self, error: EventError) {
        let outcome = match error {
            EventError::SignatureInvalid => "bad_signature",
            EventError::Malformed => "malformed",
        };
        self.events.add(1, &[by_outcome(outcome)]);
    }
}

fn ended(kind: Kind, outcome: &'static str) -> [KeyValue; 2] {
    [KeyValue::new("kind", kind.as_str()), by_outcome(outcome)]
}

fn by_outcome(outcome: &'static str) -> KeyValue {
    KeyValue::new("outcome", outcome)
}

/// What waits, and is looked at now and then.
pub(crate) struct Waiting {
    operations: Backlog,
    holds: Backlog,
    disputes: Backlog,
}

impl Waiting {
    pub(crate) fn new(node: &Node) -> Self {
        let (name, unit) = ("tradewind.payment.operations.open", "{operation}");
        let about = "Operations at the provider whose outcome is not known";
        let operations = Backlog::new(node, name, unit, about);
        let (name, unit) = ("tradewind.payment.holds.ending", "{payment}");
        let about = "Payments whose hold ends within a day without money having been taken";
        let holds = Backlog::new(node, name, unit, about);
        let (name, unit) = ("tradewind.payment.disputes.open", "{dispute}");
        let about = "Disputes that wait for their end";
        Self {
            operations: operations.with_age(node, "tradewind.payment.operations.oldest_open.age"),
            holds,
            disputes: Backlog::new(node, name, unit, about),
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), store::Error> {
        let operations = due::open_operations(tx, now, now + LONGEST_OPEN).await?;
        self.operations.record(operations, now, &[]);
        let holds = due::holds_ending(tx, now + ENDING).await?;
        self.holds.record((holds, None), now, &[]);
        let disputes = due::open_disputes(tx).await?;
        self.disputes.record((disputes, None), now, &[]);
        Ok(())
    }
}
