//! A service in a mesh of one test's own. What a service's tests say of it (`register`, `reserve`,
//! `dispatch`) is theirs; how it is built, called and looked into is here.

use std::time::Duration;

use bus::{Bus, Delivery, Event};
use net::StartError;
use net::clock::{Clock, ManualClock};
use net::telemetry::Telemetry;
use prost::Message;
use runtime::host::HostConfig;
use runtime::node::Node;
use runtime::service::Service;
use runtime::status::{Reason, reason};
use runtime::testbed::{Bearer, Testbed, Tokens, patient};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::TestDatabase;
use crate::{Database, DatabaseConfig, Migrations, Tx};

/// What replicas of a mesh have in common.
#[derive(Clone)]
pub struct Common {
    /// Between them.
    pub bus: Bus,
    /// Of them all.
    pub clock: Clock,
}

impl Common {
    /// A bus in the process, and the system's clock.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bus: Bus::in_process(),
            clock: Clock::system(),
        }
    }

    /// The same on a clock that stands still, and its hands.
    #[must_use]
    pub fn still() -> (Self, ManualClock) {
        let (clock, hands) = Clock::manual(Clock::system().now());
        (
            Self {
                clock,
                ..Self::new()
            },
            hands,
        )
    }

    /// A mesh of one more process.
    #[must_use]
    pub fn testbed(&self) -> Testbed {
        let host = patient(Telemetry::detached(), self.bus.clone());
        let clock = self.clock.clone();
        Testbed::with(HostConfig { clock, ..host })
    }
}

impl Default for Common {
    fn default() -> Self {
        Self::new()
    }
}

/// A running service.
pub struct Bed<C> {
    /// What it was built from.
    pub config: C,
    /// What else it was built from.
    pub node: Node,
    testbed: Testbed,
    tables: Tables,
}

impl<C: Clone> Bed<C> {
    /// Builds and serves a service in a mesh; what it calls is played there already.
    ///
    /// # Errors
    /// When it cannot be built.
    pub async fn start(
        mut testbed: Testbed,
        name: &'static str,
        tables: Tables,
        config: C,
        build: impl AsyncFnOnce(C, &Node) -> Result<Service, StartError>,
    ) -> Result<Self, StartError> {
        let node = testbed.node(name).await;
        // In a box: the futures of all tests hold it.
        let service = Box::pin(build(config.clone(), &node)).await?;
        testbed.serve(&node, service)?;
        testbed.start().await;
        Ok(Self {
            config,
            node,
            testbed,
            tables,
        })
    }

    /// The service, for a caller with these tokens.
    #[must_use]
    pub fn with(&self, tokens: Tokens) -> Bearer {
        Bearer::new(self.testbed.channel(self.node.name), tokens)
    }

    /// The service, for anybody.
    #[must_use]
    pub fn anybody(&self) -> Bearer {
        self.with(Tokens::default())
    }

    /// The service, for a user.
    #[must_use]
    pub fn as_user(&self, id: Uuid, roles: &[&str]) -> Bearer {
        self.testbed.as_user(self.node.name, id, roles)
    }

    /// The service, for another.
    #[must_use]
    pub fn as_workload(&self, name: &str) -> Bearer {
        self.testbed.as_workload(self.node.name, name)
    }

    /// An id that nothing has.
    #[must_use]
    pub fn new_id(&self) -> Uuid {
        self.node.random.uuid7(&self.node.clock)
    }

    /// An event as the service that owns its subject publishes it.
    pub fn event(&self, subject: &str, aggregate: &str, message: &impl Message) -> Event {
        let room = subject.split('.').next().unwrap_or_default();
        Event {
            id: self.new_id(),
            subject: subject.to_owned(),
            source: format!("svc-{room}"),
            aggregate_id: aggregate.to_owned(),
            version: 2,
            time: self.node.clock.now(),
            data: message.encode_to_vec().into(),
            trace: Vec::new(),
            publication: 0,
        }
    }

    /// What becomes of an event that is delivered once, whatever comes of it.
    ///
    /// # Panics
    /// When the bus is away, which one in the process never is.
    pub async fn publish(&self, event: &Event) -> Delivery {
        let delivery = self.node.bus.publish(event, 1).await;
        delivery.expect("the bus in the process is there")
    }

    /// How many rows there are of `FROM` this.
    ///
    /// # Panics
    /// When it is not SQL.
    pub async fn count(&self, from: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {from}"));
        let mut tx = self.read().await;
        let row = crate::fetch_one!(tx, (i64,), sql);
        row.expect("it is SQL").0
    }

    /// How many events of this subject an aggregate has published.
    pub async fn events(&self, subject: &str, aggregate: &str) -> i64 {
        self.count(&format!(
            "outbox WHERE subject = '{subject}' AND aggregate_id = '{aggregate}'"
        ))
        .await
    }

    /// A look into the service's tables.
    ///
    /// # Panics
    /// When the database is away.
    pub async fn read(&self) -> Tx {
        let tx = self.tables.open().await.read().await;
        tx.expect("the database is there")
    }

    /// A hand in the service's tables.
    ///
    /// # Panics
    /// When the database is away.
    pub async fn write(&self) -> Tx {
        let tx = self.tables.open().await.begin().await;
        tx.expect("the database is there")
    }

    /// What it tells of itself.
    #[must_use]
    pub fn telemetry(&self) -> &Telemetry {
        self.testbed.telemetry()
    }

    /// What it tells by the metric of this name, with these among its labels.
    #[must_use]
    pub fn metric(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        ops::value(&self.telemetry().prometheus(), name, labels)
    }

    /// Ends the process in order.
    pub async fn stop(self) {
        self.testbed.stop().await;
    }
}

/// A test's own way into the tables of the service; opened when it is taken first.
pub struct Tables {
    config: DatabaseConfig,
    migrations: fn() -> Migrations,
    opened: OnceCell<Database>,
}

impl TestDatabase {
    /// The tables of a service with these migrations.
    #[must_use]
    pub fn tables(&self, migrations: fn() -> Migrations) -> Tables {
        Tables {
            config: self.config(),
            migrations,
            opened: OnceCell::new(),
        }
    }
}

impl Tables {
    async fn open(&self) -> &Database {
        let open = || super::open(&self.config, (self.migrations)());
        self.opened.get_or_init(open).await
    }
}

/// A request with an idempotency key.
///
/// # Panics
/// When the key does not fit a header.
pub fn keyed<T>(message: T, key: &str) -> Request<T> {
    let mut request = Request::new(message);
    let key = key.parse().expect("it fits a header");
    request.metadata_mut().insert("idempotency-key", key);
    request
}

/// Fails unless the call was refused for this reason.
///
/// # Panics
/// As it says.
pub fn refused<T>(result: Result<T, Status>, expected: Reason) -> Status {
    let Err(status) = result else {
        panic!("it was not refused for {expected:?}")
    };
    assert_eq!(reason(&status), Some(expected), "{status:?}");
    status
}

/// The fields that a refusal names, sorted.
///
/// # Panics
/// When it names none.
#[must_use]
pub fn fields(refused: &Status) -> Vec<String> {
    let request = refused.get_details_bad_request();
    let violations = request.expect("it names fields").field_violations;
    let mut fields: Vec<_> = violations.into_iter().map(|one| one.field).collect();
    fields.sort_unstable();
    fields
}

/// Waits until the condition holds.
///
/// # Panics
/// When it does not within 20 seconds.
pub async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds().await {
        assert!(Instant::now() < deadline, "not within 20 seconds: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
