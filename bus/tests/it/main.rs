//! The bus, in process and over a real NATS JetStream.

mod credentials;
mod in_process;
mod jetstream;
mod outage;
mod servers;

use std::time::Duration;

use bus::{Broadcast, BroadcastItem, Bus, Event, Failure, WorkGroup};
use bytes::Bytes;
use chrono::DateTime;
use futures::StreamExt;
use net::{clock::Clock, telemetry::Telemetry};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

fn event(subject: &str, version: i64) -> Event {
    Event {
        id: Uuid::from_u128(servers::random()),
        subject: subject.to_owned(),
        source: "svc-orders".to_owned(),
        aggregate_id: "an order".to_owned(),
        version,
        time: DateTime::from_timestamp_micros(1_700_000_000_000_001).expect("in range"),
        data: Bytes::from_static(b"\x0a\x01x"),
        trace: vec![(
            "traceparent".to_owned(),
            "00-0af7651916cd43dd8448eb211c80319c-01".to_owned(),
        )],
        publication: 0,
    }
}

/// A work group, measured by itself.
fn group(name: &'static str, subjects: &[&'static str]) -> WorkGroup {
    WorkGroup {
        name,
        subjects: subjects.to_vec(),
        shutdown: CancellationToken::new(),
        clock: Clock::system(),
        telemetry: Telemetry::detached(),
    }
}

/// A running member of a work group that tells what it is given.
struct Member {
    given: mpsc::UnboundedReceiver<Event>,
    shutdown: CancellationToken,
    telemetry: Telemetry,
    task: tokio::task::JoinHandle<()>,
}

impl Member {
    /// `answer` gets the event and decides.
    fn join(
        bus: &Bus,
        name: &'static str,
        subjects: &[&'static str],
        answer: impl Fn(&Event) -> Result<(), Failure> + Clone + Send + Sync + 'static,
    ) -> Self {
        let (tell, given) = mpsc::unbounded_channel();
        let group = group(name, subjects);
        let (shutdown, telemetry) = (group.shutdown.clone(), group.telemetry.clone());
        let work = bus.work_group(group, move |event: Event| {
            let (answer, tell) = (answer.clone(), tell.clone());
            async move {
                // A test that has seen enough no longer listens.
                let _ = tell.send(event.clone());
                answer(&event)
            }
        });
        Self {
            given,
            shutdown,
            telemetry,
            task: tokio::spawn(work),
        }
    }

    /// A member that never gets done.
    fn hang(bus: &Bus, name: &'static str, subject: &'static str) -> Self {
        Self::hold(bus, name, subject, CancellationToken::new())
    }

    /// A member that does not get done before it is told.
    fn hold(
        bus: &Bus,
        name: &'static str,
        subject: &'static str,
        until: CancellationToken,
    ) -> Self {
        let (tell, given) = mpsc::unbounded_channel();
        let group = group(name, &[subject]);
        let (shutdown, telemetry) = (group.shutdown.clone(), group.telemetry.clone());
        let work = bus.work_group(group, move |event: Event| {
            // A test that has seen enough no longer listens.
            let _ = tell.send(event);
            let until = until.clone();
            async move {
                until.cancelled().await;
                Ok(())
            }
        });
        Self {
            given,
            shutdown,
            telemetry,
            task: tokio::spawn(work),
        }
    }

    /// Dies in the middle of its work.
    fn crash(self) {
        self.task.abort();
    }

    async fn next(&mut self) -> Event {
        let next = tokio::time::timeout(PATIENCE, self.given.recv()).await;
        next.expect("an event in time").expect("the member lives")
    }

    /// What a metric says, once there is one.
    async fn measured(&self, metric: &str) -> f64 {
        self.measures(metric, |_| true).await
    }

    /// What a metric says, once that is as wanted.
    async fn measures(&self, metric: &str, is_wanted: impl Fn(f64) -> bool) -> f64 {
        let measured = async {
            loop {
                let value = ops::value(&self.telemetry.prometheus(), metric, &[]);
                if let Some(value) = value.filter(|value| is_wanted(*value)) {
                    return value;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let measured = tokio::time::timeout(PATIENCE, measured).await;
        measured.unwrap_or_else(|_| panic!("not in time: {metric}"))
    }

    fn has_nothing(&mut self) -> bool {
        self.given.try_recv().is_err()
    }

    async fn leave(self) {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .expect("it stops")
            .expect("no panic");
    }
}

async fn hear(broadcast: &mut Broadcast) -> BroadcastItem {
    let item = tokio::time::timeout(PATIENCE, broadcast.next()).await;
    item.expect("an item in time").expect("the bus lives")
}
