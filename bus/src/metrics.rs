//! What a work group tells of its work.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use net::{clock::Clock, telemetry::Durations};
use opentelemetry::{
    KeyValue,
    metrics::{Counter, Gauge},
};

use crate::{Failure, WorkGroup};

/// The metrics of one work group, by the subjects that it handles.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    service: &'static str,
    system: &'static str,
    clock: Clock,
    durations: Durations<(String, Option<&'static str>)>,
    redeliveries: Counter<u64>,
    dead_letters: Counter<u64>,
    pending: Gauge<u64>,
    unacknowledged: Gauge<u64>,
    lag: Gauge<f64>,
}

/// How far a consumer is.
pub(crate) struct Progress {
    pub(crate) pending: u64,
    pub(crate) unacknowledged: u64,
    /// How long events wait for this replica.
    pub(crate) lag: Duration,
}

impl Metrics {
    /// Over NATS, or in process; `system` as the semantic conventions name it. Counters begin at 0.
    pub(crate) fn new(group: &WorkGroup, system: &'static str) -> Self {
        let meter = group.telemetry.meter();
        let counter = |name, description| {
            let counter = meter.u64_counter(name).with_unit("{event}");
            counter.with_description(description).build()
        };
        let gauge = |name, description| {
            let gauge = meter.u64_gauge(name).with_unit("{event}");
            gauge.with_description(description).build()
        };
        let lag = meter.f64_gauge("tradewind.consumer.lag").with_unit("s");
        let lag = lag.with_description("How long events wait for their handler");
        let metrics = Self(Arc::new(Inner {
            service: group.name,
            system,
            clock: group.clock.clone(),
            durations: Durations::new(&meter, "messaging.process.duration", "handling an event"),
            redeliveries: counter(
                "tradewind.consumer.redeliveries",
                "Events that came once more",
            ),
            dead_letters: counter(
                "tradewind.dead_letters",
                "Events that a consumer failed on for good",
            ),
            pending: gauge(
                "tradewind.consumer.pending",
                "Events that the consumer has not had yet",
            ),
            unacknowledged: gauge(
                "tradewind.consumer.unacknowledged",
                "Events that the consumer has had and not acknowledged",
            ),
            lag: lag.build(),
        }));
        let Metrics(inner) = &metrics;
        for subject in &group.subjects {
            inner.redeliveries.add(0, &inner.labels(subject));
            inner.dead_letters.add(0, &inner.labels(subject));
        }
        metrics
    }

    /// How old an event of this time is.
    pub(crate) fn age(&self, time: DateTime<Utc>) -> Duration {
        let Metrics(inner) = self;
        (inner.clock.now() - time).to_std().unwrap_or_default()
    }

    /// A handler is done with an event, or failed on it.
    pub(crate) fn handled(
        &self,
        subject: String,
        duration: Duration,
        result: &Result<(), Failure>,
    ) {
        let Metrics(inner) = self;
        let error = match result {
            Ok(()) => None,
            Err(Failure::Transient(_)) => Some("transient"),
            Err(Failure::Permanent(_)) => Some("permanent"),
        };
        let key = (subject, error);
        inner.durations.record(duration, key, |(subject, error)| {
            let mut labels = inner.labels(subject).to_vec();
            labels.push(KeyValue::new("messaging.system", inner.system));
            labels.extend(error.map(|error| KeyValue::new("error.type", error)));
            labels
        });
    }

    /// The group has an event once more.
    pub(crate) fn redelivered(&self, subject: &str) {
        let Metrics(inner) = self;
        inner.redeliveries.add(1, &inner.labels(subject));
    }

    /// The group gave up on an event.
    pub(crate) fn gave_up(&self, subject: &str) {
        let Metrics(inner) = self;
        inner.dead_letters.add(1, &inner.labels(subject));
    }

    /// How far the group is with a subject.
    pub(crate) fn stands(&self, subject: &str, progress: &Progress) {
        let (
            Metrics(inner),
            Progress {
                pending,
                unacknowledged,
                lag,
            },
        ) = (self, progress);
        let labels = inner.labels(subject);
        inner.pending.record(*pending, &labels);
        inner.unacknowledged.record(*unacknowledged, &labels);
        inner.lag.record(lag.as_secs_f64(), &labels);
    }
}

impl Inner {
    fn labels(&self, subject: &str) -> [KeyValue; 2] {
        [
            KeyValue::new("service.name", self.service),
            KeyValue::new("messaging.destination.name", subject.to_owned()),
        ]
    }
}
