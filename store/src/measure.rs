//! What a service tells of what its database holds: what waits there, which is looked at now and then, and
//! what came into which state, which is counted once it is committed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use net::clock::Clock;
use net::tasks::Look;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};
use runtime::node::Node;

use crate::{Database, Error, Tx};

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(10);
/// More than so many are not counted: a look stays cheap, whatever waits.
pub const MOST: i64 = 10_000;

/// A look at what waits in a database.
pub trait Measure: Send + Sync + 'static {
    /// Asks by statements that an index answers, and tells what it found.
    fn measure(
        &self,
        tx: &mut Tx,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Looks now and then, in a task of this name; each replica does. While the database is away, what was
/// told last stays.
pub fn start(node: &Node, task: &'static str, database: &Database, measure: impl Measure) {
    let looks = Looks {
        database: database.clone(),
        clock: node.clock.clone(),
        measure,
    };
    node.tasks.every(PAUSE, task, looks);
}

struct Looks<M> {
    database: Database,
    clock: Clock,
    measure: M,
}

impl<M: Measure> Look for Looks<M> {
    async fn look(&mut self) {
        let look = async {
            let mut tx = self.database.read().await?;
            self.measure.measure(&mut tx, self.clock.now()).await
        };
        if let Err(error) = look.await {
            tracing::warn!(%error, "what waits cannot be counted");
        }
    }
}

/// How many wait for something, and for how long the oldest of them has.
#[derive(Debug)]
pub struct Backlog {
    count: Gauge<i64>,
    age: Option<Gauge<f64>>,
}

impl Backlog {
    /// How many `what`, by a gauge of this name and unit.
    #[must_use]
    pub fn new(node: &Node, name: &'static str, unit: &'static str, what: &'static str) -> Self {
        let meter = node.telemetry.meter();
        let count = meter.i64_gauge(name).with_unit(unit);
        Self {
            count: count.with_description(what).build(),
            age: None,
        }
    }

    /// And for how long the oldest has, by a gauge of this name.
    #[must_use]
    pub fn with_age(self, node: &Node, name: &'static str) -> Self {
        let meter = node.telemetry.meter();
        let age = meter.f64_gauge(name).with_unit("s");
        let age = age.with_description("For how long the oldest of them has; 0 if there is none");
        Self {
            age: Some(age.build()),
            ..self
        }
    }

    /// Tells how many there are, and since when.
    pub fn record(
        &self,
        (count, oldest): (i64, Option<DateTime<Utc>>),
        now: DateTime<Utc>,
        labels: &[(&'static str, &'static str)],
    ) {
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| KeyValue::new(*key, *value))
            .collect();
        self.count.record(count, &labels);
        if let Some(gauge) = &self.age {
            let age = oldest.and_then(|oldest| (now - oldest).to_std().ok());
            gauge.record(age.unwrap_or_default().as_secs_f64(), &labels);
        }
    }
}

/// Counts what comes into a state.
#[derive(Clone, Debug)]
pub struct Transitions(Counter<u64>);

impl Transitions {
    /// By a counter of this name and unit, from 0 in each of `states`.
    #[must_use]
    pub fn new(
        node: &Node,
        name: &'static str,
        unit: &'static str,
        states: impl IntoIterator<Item = &'static str>,
    ) -> Self {
        let meter = node.telemetry.meter();
        let counter = meter.u64_counter(name).with_unit(unit);
        let counter = counter
            .with_description("How many came into a state")
            .build();
        for state in states {
            counter.add(0, &[in_state(state)]);
        }
        Self(counter)
    }

    /// Counts one that is in this state once `tx` has committed.
    pub fn count(&self, tx: &mut Tx, state: &'static str) {
        tx.count_on_commit(&self.0, [in_state(state)]);
    }
}

fn in_state(state: &'static str) -> KeyValue {
    KeyValue::new("state", state)
}
