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

/// A running member of a work group that tells what it is given.
struct Member {
    given: mpsc::UnboundedReceiver<Event>,
    shutdown: CancellationToken,
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
        let shutdown = CancellationToken::new();
        let group = WorkGroup {
            name,
            subjects: subjects.to_vec(),
            shutdown: shutdown.clone(),
        };
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
        let shutdown = CancellationToken::new();
        let group = WorkGroup {
            name,
            subjects: vec![subject],
            shutdown: shutdown.clone(),
        };
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
