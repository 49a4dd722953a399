//! The relay: leases rows and commits, publishes, marks. Any number of replicas may run one.

use std::{sync::Arc, time::Duration};

use bus::{Bus, Delivery, PublishError, Status};
use chrono::TimeDelta;
use net::{clock::Clock, telemetry::Message};
use opentelemetry::{KeyValue, metrics::Counter};
use runtime::node::Node;
use tokio::{sync::Notify, task::JoinSet, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span};

use super::row::{self, Leased, Mark};
use crate::Database;

/// How many events are on their way at once.
const CONCURRENCY: usize = 64;
/// How often it looks without being woken: for rows of replicas that crashed.
const POLL: Duration = Duration::from_secs(1);
/// How long it pauses when the bus or the database is away.
const PAUSE: Duration = Duration::from_millis(500);
/// How much longer a lease is than publishing takes. After a crash the events of a replica are
/// published by another one when their lease is over.
const MARGIN: Duration = Duration::from_secs(10);

pub(super) struct Relay {
    source: &'static str,
    database: Database,
    bus: Bus,
    clock: Clock,
    wake: Arc<Notify>,
    lease: TimeDelta,
    relayed: Counter<u64>,
}

/// Tasks of their own: in process a consumer may hold the one connection that writes, for which
/// the relay waits when it leases and marks.
type OnTheirWay = JoinSet<(Leased, Mark)>;

impl Relay {
    pub(super) fn new(database: &Database, node: &Node, wake: Arc<Notify>) -> Self {
        let meter = node.telemetry.meter();
        let relayed = meter
            .u64_counter("tradewind.outbox.relayed")
            .with_unit("{event}")
            .with_description("Events that the relay took to the bus")
            .build();
        for outcome in OUTCOMES {
            relayed.add(0, &labels(node.name, outcome));
        }
        Self {
            source: node.name,
            database: database.clone(),
            bus: node.bus.clone(),
            clock: node.clock.clone(),
            wake,
            lease: TimeDelta::from_std(node.bus.publish_timeout() + MARGIN)
                .unwrap_or(TimeDelta::MAX),
            relayed,
        }
    }

    pub(super) async fn run(self, shutdown: CancellationToken) {
        if let Err(error) = row::end_leases(&self.database, self.clock.now()).await {
            tracing::warn!(%error, "leases of before are left to end by themselves");
        }
        let mut on_their_way = OnTheirWay::new();
        let mut look_at = Instant::now();
        loop {
            let room = CONCURRENCY - on_their_way.len();
            if Instant::now() >= look_at && room > 0 {
                look_at = Instant::now() + self.take(&mut on_their_way, room).await;
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                Some(Ok(first)) = on_their_way.join_next() => {
                    look_at = look_at.min(self.settle(first, &mut on_their_way).await);
                }
                () = self.wake.notified() => look_at = Instant::now(),
                () = tokio::time::sleep_until(look_at), if room > 0 => {}
            }
        }
        // What was taken is finished; what was not stays for the next start.
        while let Some(Ok(first)) = on_their_way.join_next().await {
            self.settle(first, &mut on_their_way).await;
        }
    }

    /// Leases rows and sends them on their way; says when to look again.
    async fn take(&self, on_their_way: &mut OnTheirWay, room: usize) -> Duration {
        if let Status::Disconnected { .. } = self.bus.status() {
            return PAUSE;
        }
        let count = i64::try_from(room).unwrap_or(i64::MAX);
        match row::take(&self.database, self.clock.now(), self.lease, count).await {
            Ok(rows) => {
                let again = if rows.len() == room {
                    Duration::ZERO
                } else {
                    POLL
                };
                for row in rows {
                    on_their_way
                        .spawn(publish(self.bus.clone(), self.source, row).in_current_span());
                }
                again
            }
            Err(error) => {
                tracing::warn!(%error, "the outbox cannot be read");
                PAUSE
            }
        }
    }

    /// Marks what has come back, all in one transaction; says when to look again.
    async fn settle(&self, first: (Leased, Mark), on_their_way: &mut OnTheirWay) -> Instant {
        let mut settled = vec![first];
        while let Some(Ok(next)) = on_their_way.try_join_next() {
            settled.push(next);
        }
        for (_, mark) in &settled {
            self.relayed.add(1, &labels(self.source, outcome(mark)));
        }
        let now = self.clock.now();
        match row::mark(&self.database, &settled, now).await {
            Ok(Some(due_at)) => Instant::now() + (due_at - now).to_std().unwrap_or_default(),
            Ok(None) => Instant::now() + POLL,
            Err(error) => {
                // They are leased until the lease is over, and then published again.
                tracing::warn!(%error, events = settled.len(), "events could not be marked");
                Instant::now() + PAUSE
            }
        }
    }
}

const OUTCOMES: [&str; 3] = ["settled", "retry", "failed"];

/// What became of an event, as it is counted.
fn outcome(mark: &Mark) -> &'static str {
    let [settled, retry, failed] = OUTCOMES;
    match mark {
        Mark::Delivered(Delivery::Settled) => settled,
        Mark::Delivered(Delivery::Retry { .. }) => retry,
        Mark::Delivered(Delivery::Dead { .. }) | Mark::PutBack => failed,
    }
}

fn labels(service: &'static str, outcome: &'static str) -> [KeyValue; 2] {
    [
        KeyValue::new("service.name", service),
        KeyValue::new("outcome", outcome),
    ]
}

async fn publish(bus: Bus, source: &'static str, row: Leased) -> (Leased, Mark) {
    let mut event = super::event(&row, source);
    let sending = Message {
        service: source,
        system: bus.system(),
        destination: &row.subject,
        id: row.id,
        trace: &row.trace,
    };
    let span = sending.send().map(|(span, trace)| {
        event.trace = trace.pairs();
        span
    });
    let span = span.unwrap_or_else(Span::current);
    let attempt = u32::try_from(row.failures + 1).unwrap_or(u32::MAX);
    let published = bus.publish(&event, attempt).instrument(span.clone()).await;
    if let Err(error) = &published {
        span.record("otel.status_code", "ERROR");
        span.record("error.type", error.name());
    }
    let mark = match published {
        Ok(delivery) => {
            report(&row, &delivery);
            Mark::Delivered(delivery)
        }
        Err(PublishError::Unavailable(why)) => {
            tracing::debug!(why, "the event bus is away");
            Mark::PutBack
        }
        Err(error @ PublishError::Refused(_)) if attempt >= bus::ATTEMPTS => {
            let dead = Delivery::Dead {
                group: "bus".to_owned(),
                why: error.to_string(),
            };
            report(&row, &dead);
            Mark::Delivered(dead)
        }
        Err(error @ PublishError::Refused(_)) => Mark::Delivered(Delivery::Retry {
            why: error.to_string(),
            permanent: true,
        }),
    };
    (row, mark)
}

fn report(row: &Leased, delivery: &Delivery) {
    let (id, subject) = (row.id, row.subject.as_str());
    match delivery {
        Delivery::Settled => tracing::debug!(%id, subject, "event published"),
        Delivery::Retry { why, .. } => tracing::info!(%id, subject, why, "event put off"),
        Delivery::Dead { group, why } => {
            tracing::error!(%id, subject, group, why, "event moved to the dead letters");
        }
    }
}
