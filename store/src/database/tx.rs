use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use prost::Message;
use runtime::call::CallContext;
use sqlx::{Postgres, Sqlite, Transaction, pool::PoolConnection};
use tokio::sync::Notify;

use super::Dialect;
use super::connection::{Connection, Driver};
use super::pace::Pace;
#[cfg(feature = "testing")]
use super::simulated::Session;
use super::statements::{Measured, Statements};
use crate::{Claim, Error};

/// A transaction, or a connection to read with. Dropped without [`Tx::commit`], its changes are
/// undone. No network call may happen while one is open.
pub struct Tx {
    inner: Inner,
    statements: Option<Arc<Statements>>,
    on_commit: Vec<Arc<Notify>>,
    /// What is counted once it has committed.
    counted: Vec<(Counter<u64>, Vec<KeyValue>)>,
    /// What it commits is the effect of the call in progress, if there is one.
    is_of_call: bool,
    claimed: Option<Claimed>,
}

/// What a transaction does for the call that it is of.
struct Claimed {
    claim: Claim,
    names_resource: bool,
    answers: bool,
}

enum Inner {
    Postgres(Transaction<'static, Postgres>),
    PostgresRead(PoolConnection<Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
    SqliteRead(PoolConnection<Sqlite>),
    #[cfg(feature = "testing")]
    Simulated(Session),
}

impl Tx {
    fn new(inner: Inner) -> Self {
        Self {
            inner,
            statements: None,
            on_commit: Vec::new(),
            counted: Vec::new(),
            is_of_call: false,
            claimed: None,
        }
    }

    pub(super) fn postgres(transaction: Transaction<'static, Postgres>) -> Self {
        Self::new(Inner::Postgres(transaction))
    }

    pub(super) fn postgres_read(connection: PoolConnection<Postgres>) -> Self {
        Self::new(Inner::PostgresRead(connection))
    }

    pub(super) fn sqlite(transaction: Transaction<'static, Sqlite>) -> Self {
        Self::new(Inner::Sqlite(transaction))
    }

    pub(super) fn sqlite_read(connection: PoolConnection<Sqlite>) -> Self {
        Self::new(Inner::SqliteRead(connection))
    }

    #[cfg(feature = "testing")]
    pub(super) fn simulated(session: Session) -> Self {
        Self::new(Inner::Simulated(session))
    }

    /// The connection under it.
    pub fn connection(&mut self) -> Connection<'_> {
        let driver = match &mut self.inner {
            Inner::Postgres(transaction) => Driver::Postgres(transaction),
            Inner::PostgresRead(connection) => Driver::Postgres(connection),
            Inner::Sqlite(transaction) => Driver::Sqlite(transaction, Pace::default()),
            Inner::SqliteRead(connection) => Driver::Sqlite(connection, Pace::default()),
            #[cfg(feature = "testing")]
            Inner::Simulated(session) => {
                let (connection, pace) = session.connection();
                Driver::Sqlite(connection, pace)
            }
        };
        Connection {
            driver,
            measured: Measured(self.statements.as_deref()),
        }
    }

    /// Which SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match &self.inner {
            Inner::Postgres(_) | Inner::PostgresRead(_) => Dialect::Postgres,
            _ => Dialect::Sqlite,
        }
    }

    pub(super) fn measured(self, statements: &Option<Arc<Statements>>) -> Self {
        Self {
            statements: statements.clone(),
            ..self
        }
    }

    pub(super) fn of_call(mut self) -> Self {
        self.is_of_call = true;
        self
    }

    pub(super) async fn claim(
        mut self,
        claim: Claim,
        resource_id: Option<String>,
    ) -> Result<Self, Error> {
        let names_resource = resource_id.is_some();
        claim.start(self.connection(), resource_id).await?;
        self.claimed = Some(Claimed {
            claim,
            names_resource,
            answers: false,
        });
        Ok(self)
    }

    /// Records the reply to the call, to be given to whoever repeats it with the same idempotency key.
    /// Of work that is for no such call, nobody is answered.
    ///
    /// # Errors
    /// When the database is away; [`Error::ClaimLost`] if another call with the key has answered:
    /// return it, the transaction must not commit.
    pub async fn answer(&mut self, reply: &impl Message) -> Result<(), Error> {
        let Some(mut claimed) = self.claimed.take() else {
            return Ok(());
        };
        claimed.claim.finish(self.connection(), reply).await?;
        claimed.answers = true;
        self.claimed = Some(claimed);
        Ok(())
    }

    /// Makes its changes last.
    ///
    /// # Errors
    /// When the database is away: then it is not known whether they last.
    ///
    /// # Panics
    /// In a build for tests, if the call is to have its effect once by its contract, and the
    /// transaction is not begun inside of [`Idempotency::once`](crate::Idempotency::once).
    pub async fn commit(self) -> Result<(), Error> {
        if cfg!(debug_assertions) && self.is_of_call && self.claimed.is_none() {
            refuse_unclaimed();
        }
        let is_read = matches!(self.inner, Inner::PostgresRead(_) | Inner::SqliteRead(_));
        let measured = Measured(self.statements.as_deref());
        let running = (!is_read).then(|| measured.run("COMMIT"));
        match self.inner {
            Inner::Postgres(transaction) => transaction.commit().await?,
            Inner::Sqlite(transaction) => transaction.commit().await?,
            Inner::PostgresRead(_) | Inner::SqliteRead(_) => {}
            #[cfg(feature = "testing")]
            Inner::Simulated(session) => session.commit().await?,
        }
        drop(running);
        if let Some(claimed) = self.claimed {
            claimed
                .claim
                .committed(claimed.names_resource, claimed.answers);
        }
        for (counter, labels) in self.counted {
            counter.add(1, &labels);
        }
        for sleeper in self.on_commit {
            sleeper.notify_one();
        }
        Ok(())
    }

    /// Undoes its changes. Dropping it does so too, a little later.
    ///
    /// # Errors
    /// When the database is away: then they are undone as well.
    pub async fn rollback(self) -> Result<(), Error> {
        match self.inner {
            Inner::Postgres(transaction) => transaction.rollback().await?,
            Inner::Sqlite(transaction) => transaction.rollback().await?,
            Inner::PostgresRead(_) | Inner::SqliteRead(_) => {}
            #[cfg(feature = "testing")]
            Inner::Simulated(session) => drop(session),
        }
        Ok(())
    }

    /// Wakes somebody once it has committed.
    pub fn wake_on_commit(&mut self, sleeper: &Arc<Notify>) {
        if !self.on_commit.iter().any(|one| Arc::ptr_eq(one, sleeper)) {
            self.on_commit.push(sleeper.clone());
        }
    }

    /// Counts one once it has committed.
    pub fn count_on_commit(
        &mut self,
        counter: &Counter<u64>,
        labels: impl IntoIterator<Item = KeyValue>,
    ) {
        let labels = labels.into_iter().collect();
        self.counted.push((counter.clone(), labels));
    }
}

/// A service that forgets what the contract says of its method is told by its first test.
fn refuse_unclaimed() {
    let method = CallContext::current().and_then(|call| call.method);
    if let Some(method) = method.filter(|method| method.has_effect_once()) {
        panic!(
            "{} has its effect once for an idempotency key, by its contract: its transactions \
             belong into Idempotency::once",
            method.name
        );
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({:?})", self.dialect())
    }
}
