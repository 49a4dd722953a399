//! Events between processes.
//!
//! A *work group* handles each event once, whichever of its replicas gets it; a *broadcast*
//! reaches every process that listens. Over NATS JetStream a published event is durable once
//! [`Bus::publish`] returns. In one process without NATS, publishing runs the work groups'
//! handlers and says what is still owed; the outbox row of the publisher is what survives a
//! crash there.
//!
//! Delivery is at least once and in any order: consumers recognise events by their id and order
//! them by their aggregate's version.

mod broadcast;
pub mod dead_letters;
mod event;
mod handler;
mod in_process;
mod jetstream;
mod metrics;
mod subject;
#[cfg(feature = "testing")]
pub mod testing;
mod work_group;

use std::{future::Future, sync::Arc, time::Duration};

use futures::FutureExt as _;

pub use broadcast::{Broadcast, BroadcastItem};
pub use event::Event;
pub use jetstream::{JetStreamConfig, Replicas};
pub use work_group::{Failure, WorkGroup};

use crate::{in_process::InProcess, jetstream::JetStream};

/// How often a work group is given an event that it fails on for good, before the event becomes
/// a dead letter. Over JetStream each process counts its own attempts, as the server counts
/// deliveries whatever became of them: with replicas and restarts there may be five of each.
pub const ATTEMPTS: u32 = 5;

/// The way to publish events and to receive them. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    InProcess(Arc<InProcess>),
    JetStream(Arc<JetStream>),
    #[cfg(feature = "testing")]
    Played(Arc<dyn testing::Broker>),
}

/// What became of a published event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Every work group is done with it, or the stream holds it: the publisher may forget it.
    Settled,
    /// In process only: a work group wants it again later.
    Retry {
        /// Which group, and what it said.
        why: String,
        /// The failure counts towards [`ATTEMPTS`].
        permanent: bool,
    },
    /// In process only: the group failed on it [`ATTEMPTS`] times, and no other group waits.
    Dead {
        /// The work group that gave up.
        group: String,
        /// What it said last.
        why: String,
    },
}

/// The event is not known to be stored; publish it again later under the same id.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// No connection to the server, or no acknowledgement in time.
    #[error("the event bus is away: {0}")]
    Unavailable(String),
    /// The server refused the event.
    #[error("the event bus refused: {0}")]
    Refused(String),
}

impl PublishError {
    /// Its kind, in a word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => "unavailable",
            Self::Refused(_) => "refused",
        }
    }
}

/// How the connection to the event bus is.
#[derive(Clone, Debug)]
pub enum Status {
    /// All is well.
    Connected,
    /// Events wait in the outboxes until the connection is back.
    Disconnected {
        /// Since when.
        since: tokio::time::Instant,
        /// What was seen last.
        why: String,
    },
}

impl Bus {
    /// A bus within this process. Clones share it.
    #[must_use]
    pub fn in_process() -> Self {
        Self {
            kind: Kind::InProcess(Arc::default()),
        }
    }

    /// A bus over NATS JetStream. Returns at once and connects in the background, for ever.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    #[must_use]
    pub fn jetstream(config: JetStreamConfig) -> Self {
        Self {
            kind: Kind::JetStream(Arc::new(JetStream::connect(config))),
        }
    }

    /// What carries events, as OpenTelemetry's conventions for messaging name it.
    #[must_use]
    pub fn system(&self) -> &'static str {
        match &self.kind {
            Kind::JetStream(_) => "nats",
            _ => "in_process",
        }
    }

    /// Whether events can flow now.
    ///
    /// # Errors
    /// Says what it waits for, without secrets.
    pub async fn ready(&self) -> Result<(), String> {
        match &self.kind {
            Kind::JetStream(bus) => bus.ready().await,
            _ => Ok(()),
        }
    }

    /// How the connection is, without asking the server.
    #[must_use]
    pub fn status(&self) -> Status {
        match &self.kind {
            Kind::JetStream(bus) => bus.status(),
            _ => Status::Connected,
        }
    }

    /// Makes the streams of these services (`orders`, not `svc-orders`) and that of the dead
    /// letters, or changes them to what the configuration says: for those whose own credentials
    /// may not. In process there is nothing to make.
    ///
    /// # Errors
    /// When the server is away, or refuses.
    pub async fn make_streams(&self, services: &[&str]) -> Result<(), PublishError> {
        match &self.kind {
            Kind::JetStream(bus) => bus.make_streams(services).await,
            _ => Ok(()),
        }
    }

    /// How many servers keep the stream of a service (`orders`); none of a stream that is not there, as in
    /// process.
    ///
    /// # Errors
    /// When the server is away, or refuses.
    pub async fn replicas(&self, service: &str) -> Result<Option<Replicas>, PublishError> {
        match &self.kind {
            Kind::JetStream(bus) => bus.replicas(service).await,
            _ => Ok(None),
        }
    }

    /// Publishes an event. `attempt` counts from 1 and grows with each [`Delivery::Retry`] that
    /// was permanent; only the bus in process reads it.
    ///
    /// # Errors
    /// When the event is not known to be stored. In process it never fails.
    pub async fn publish(&self, event: &Event, attempt: u32) -> Result<Delivery, PublishError> {
        match &self.kind {
            Kind::InProcess(bus) => Ok(bus.publish(event, attempt).await),
            Kind::JetStream(bus) => bus.publish(event).await.map(|()| Delivery::Settled),
            #[cfg(feature = "testing")]
            Kind::Played(bus) => bus.publish(event).await.map(|()| Delivery::Settled),
        }
    }

    /// Hands each event of a subject that its stream still keeps to `each`, the oldest first. The bus in
    /// process keeps none: the publisher's outbox does.
    ///
    /// # Errors
    /// When the server is away, or refuses.
    pub async fn kept(&self, subject: &str, each: impl FnMut(Event)) -> Result<(), PublishError> {
        match &self.kind {
            Kind::JetStream(bus) => jetstream::kept::events(bus, subject, each).await,
            _ => Ok(()),
        }
    }

    /// How long [`Bus::publish`] takes at most.
    #[must_use]
    pub fn publish_timeout(&self) -> Duration {
        match &self.kind {
            Kind::InProcess(_) => handler::HANDLER_TIMEOUT,
            _ => jetstream::PUBLISH_TIMEOUT,
        }
    }

    /// Joins a work group. The group is registered when this returns; the future handles events
    /// until `group.shutdown` is cancelled, then finishes those in hand.
    ///
    /// The event is settled when the handler returns `Ok`: commit first. A panic is
    /// [`Failure::Permanent`]; a handler that takes longer than a minute is stopped and the event
    /// comes again.
    pub fn work_group<F, Fut>(
        &self,
        group: WorkGroup,
        handler: F,
    ) -> impl Future<Output = ()> + Send + 'static
    where
        F: Fn(Event) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let handler = handler::Handler::new(&group, self.system(), handler);
        match &self.kind {
            Kind::InProcess(bus) => bus.work_group(group, &handler).boxed(),
            Kind::JetStream(bus) => jetstream::work::run(bus.clone(), group, handler).boxed(),
            #[cfg(feature = "testing")]
            Kind::Played(bus) => bus.join(group, testing::Handler(handler)),
        }
    }

    /// Listens to everything published on these subjects from now on, in every process. It may
    /// miss events, and says so with [`BroadcastItem::Gap`]; the first item is always a gap, as
    /// what was published before is not heard.
    #[must_use]
    pub fn broadcast(&self, subjects: &[&str]) -> Broadcast {
        let subjects = subjects.iter().map(ToString::to_string).collect();
        match &self.kind {
            Kind::InProcess(bus) => bus.broadcast(subjects),
            Kind::JetStream(bus) => jetstream::broadcast::listen(bus, subjects),
            #[cfg(feature = "testing")]
            Kind::Played(bus) => Broadcast::new(bus.listen(subjects)),
        }
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.kind {
            Kind::InProcess(_) => f.write_str("Bus(in process)"),
            Kind::JetStream(bus) => write!(f, "Bus({})", bus.place()),
            #[cfg(feature = "testing")]
            Kind::Played(_) => f.write_str("Bus(played)"),
        }
    }
}
