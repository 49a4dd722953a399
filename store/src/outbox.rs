//! Events are rows, written in the transaction of the change that they tell of, and relayed to the
//! bus afterwards.

mod dead;
#[cfg(feature = "testing")]
mod planted;
mod relay;
mod row;
mod stream;
mod written;

use std::sync::Arc;

use bus::Event;
use chrono::{DateTime, Utc};
use net::{clock::Clock, random::Random};
use runtime::{call::CallContext, node::Node};
use sqlx::types::Json;
use tokio::sync::Notify;
use uuid::Uuid;

pub use dead::{DeadEvent, dead, replay, replay_all};
pub use written::{Written, written};

use crate::measure::{self, Backlog, Measure};
use crate::{Database, Error, Tx};

/// An event as a service writes it; the outbox adds id, time, source and trace.
#[derive(Clone, Debug)]
pub struct NewEvent {
    subject: &'static str,
    aggregate_id: String,
    version: i64,
    data: Vec<u8>,
}

impl NewEvent {
    /// The message says its subject. `version` is the aggregate's after the change.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "ids are passed as they are")]
    pub fn new<M: contracts::Event>(
        aggregate_id: impl ToString,
        version: i64,
        message: &M,
    ) -> Self {
        Self {
            subject: M::SUBJECT,
            aggregate_id: aggregate_id.to_string(),
            version,
            data: message.encode_to_vec(),
        }
    }
}

/// A service's outbox and its relay. Cheap to clone.
#[derive(Clone)]
pub struct Outbox {
    clock: Clock,
    random: Random,
    wake: Arc<Notify>,
    #[cfg(feature = "testing")]
    planted: planted::PublishesEarly,
}

impl Outbox {
    /// Opens the outbox in the service's database. Its relay starts once all services of the
    /// process are built, and ends last.
    #[must_use]
    pub fn new(database: &Database, node: &Node) -> Self {
        let wake = Arc::new(Notify::new());
        let relay = relay::Relay::new(database, node, wake.clone());
        node.tasks
            .spawn_relay("outbox-relay", |shutdown| relay.run(shutdown));
        measure::start(node, "outbox-measure", database, Waiting::new(node));
        stream::watch(node);
        Self {
            clock: node.clock.clone(),
            random: node.random.clone(),
            wake,
            #[cfg(feature = "testing")]
            planted: planted::PublishesEarly::of(node),
        }
    }

    /// Writes an event, and has the relay woken when `tx` commits. Returns the event's id.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn append(&self, tx: &mut Tx, event: NewEvent) -> Result<Uuid, Error> {
        let id = self.random.uuid7(&self.clock);
        let now = self.clock.now();
        crate::execute!(
            tx,
            "INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace, due_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $5)",
            id,
            event.subject,
            event.aggregate_id.as_str(),
            event.version,
            now,
            event.data.as_slice(),
            Json(CallContext::current_trace())
        )?;
        #[cfg(feature = "testing")]
        self.planted.publish(id, &event, now).await;
        tx.wake_on_commit(&self.wake);
        Ok(id)
    }

    /// Has the relay look at once. Not needed after [`Outbox::append`]: the commit does it.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

impl std::fmt::Debug for Outbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Outbox")
    }
}

/// What waits in the outbox of a service.
struct Waiting {
    service: &'static str,
    events: Backlog,
}

impl Waiting {
    fn new(node: &Node) -> Self {
        let about = "Events that wait in the outbox to be published";
        let events = Backlog::new(node, "tradewind.outbox.pending", "{event}", about);
        Self {
            service: node.name,
            events: events.with_age(node, "tradewind.outbox.oldest.age"),
        }
    }
}

impl Measure for Waiting {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), Error> {
        let labels = [("service.name", self.service)];
        self.events.record(waiting(tx).await?, now, &labels);
        Ok(())
    }
}

/// How many events wait to be published, up to [`measure::MOST`].
///
/// # Errors
/// When the database is away.
pub async fn pending(tx: &mut Tx) -> Result<i64, Error> {
    Ok(waiting(tx).await?.0)
}

/// How many events wait to be published, and when the oldest of them was written; what is published again
/// has waited for nobody.
async fn waiting(tx: &mut Tx) -> Result<(i64, Option<DateTime<Utc>>), Error> {
    let sql = "SELECT count(*), min(CASE WHEN publication = 0 THEN time END) FROM (
                   SELECT time, publication FROM outbox WHERE due_at IS NOT NULL
                   ORDER BY due_at LIMIT $1) AS waiting";
    crate::fetch_one!(tx, (i64, Option<DateTime<Utc>>), sql, measure::MOST)
}

/// Has everything that was published since `since` published again, for a bus that lost it, and not
/// taken for a repetition by one that lost its consumers' work alone. What still waits may have been
/// published too, where the mark of it was lost. Published events are kept for 7 days. Gives their number.
///
/// # Errors
/// When the database is away.
pub async fn republish(
    tx: &mut Tx,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<u64, Error> {
    let sql = "UPDATE outbox SET due_at = $2, published_at = NULL, publication = publication + 1
               WHERE published_at >= $1 OR due_at IS NOT NULL";
    crate::execute!(tx, sql, since, now)
}

/// The event of a row, as the bus takes it.
fn event(row: &row::Leased, source: &str) -> Event {
    Event {
        id: row.id,
        subject: row.subject.clone(),
        source: source.to_owned(),
        aggregate_id: row.aggregate_id.clone(),
        version: row.version,
        time: row.time,
        data: row.data.clone().into(),
        trace: row.trace.0.clone(),
        publication: row.publication,
    }
}
