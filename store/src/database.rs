//! The database of a service: two kinds behind one small surface.

mod config;
mod connection;
mod connections;
pub(crate) mod pace;
mod postgres;
#[cfg(feature = "testing")]
pub(crate) mod simulated;
mod sqlite;
mod statements;
mod tx;

use std::{path::PathBuf, sync::Arc, time::Duration};

use net::{StartError, tasks::Look, telemetry::Dependency};
use runtime::{
    load::{Load, Queue},
    node::Node,
};
use sqlx::{
    AssertSqlSafe, PgConnection, PgPool, Postgres, Sqlite,
    migrate::{MigrateError, Migrator},
};

pub use config::DatabaseConfig;
pub use connection::{Connection, Driver};
pub use tx::Tx;

use crate::{Claim, Error};
use config::Kind;
use connections::Connections;
use statements::Statements;

/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Postgres.
    Postgres,
    /// SQLite.
    Sqlite,
}

impl Dialect {
    /// The text for this dialect.
    #[must_use]
    pub fn pick<T>(self, postgres: T, sqlite: T) -> T {
        match self {
            Self::Postgres => postgres,
            Self::Sqlite => sqlite,
        }
    }
}

/// How long it may take to answer whether it is there.
const ANSWER: Duration = Duration::from_secs(5);

/// The migrations of a crate, see [`migrations!`](crate::migrations).
#[derive(Debug)]
pub struct Migrations {
    /// For Postgres.
    pub postgres: Migrator,
    /// For SQLite.
    pub sqlite: Migrator,
}

/// A service's database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pools: Pools,
    /// Of whose work waits for connections.
    load: Load,
    /// None while nobody measures.
    statements: Option<Arc<Statements>>,
}

#[derive(Clone)]
enum Pools {
    Postgres(Connections<Postgres>),
    Sqlite(Arc<SqlitePools>),
    #[cfg(feature = "testing")]
    Simulated(simulated::SimulatedDatabase),
}

impl Pools {
    fn postgres(pool: PgPool) -> Self {
        Self::Postgres(Connections::new("postgresql", pool))
    }
}

/// SQLite has one writer at a time: its pool of one connection is the queue for it.
struct SqlitePools {
    writer: Connections<Sqlite>,
    readers: Connections<Sqlite>,
    file: PathBuf,
    /// Of `sqlite::memory:`, removed with the last clone.
    _directory: Option<tempfile::TempDir>,
}

impl Database {
    /// As [`Database::open`], without a node. `waiting` is told what it waits for.
    ///
    /// # Errors
    /// When the configuration is wrong or the migrations do not fit the database.
    pub async fn connect(
        config: &DatabaseConfig,
        name: &str,
        migrations: Migrations,
        waiting: impl Fn(&str),
    ) -> Result<Self, StartError> {
        let own = crate::migrations!();
        #[cfg(feature = "testing")]
        if let Some(simulated) = &config.simulated {
            simulated
                .migrate(&mut [own.sqlite, migrations.sqlite])
                .await?;
            let pools = Pools::Simulated(simulated.clone());
            return Ok(Self::of(pools));
        }
        let pools = match config.kind().map_err(StartError::config)? {
            Kind::Postgres(options) => {
                let migrators = [own.postgres, migrations.postgres];
                let options = options.application_name(name);
                let pool = postgres::open(options, config, migrators, waiting).await;
                Pools::postgres(pool.map_err(|error| no_migration(&error))?)
            }
            Kind::Sqlite(path) => {
                let migrators = [own.sqlite, migrations.sqlite];
                Pools::Sqlite(Arc::new(sqlite::open(path, migrators).await?))
            }
        };
        Ok(Self::of(pools))
    }

    fn of(pools: Pools) -> Self {
        Self {
            pools,
            load: Load::default(),
            statements: None,
        }
    }

    /// As that of this service, which is told how long its work waits for connections, and measured.
    pub(crate) fn of_service(self, node: &Node) -> Self {
        let mut database = Self {
            load: node.load.clone(),
            ..self
        };
        match &database.pools {
            Pools::Postgres(pool) => pool.measure(node.name, &node.telemetry),
            Pools::Sqlite(pools) => {
                pools.readers.measure(node.name, &node.telemetry);
                pools.writer.measure(node.name, &node.telemetry);
                sqlite::measure_disk(pools, &node.telemetry);
            }
            // It is never away, and each look would be a turn.
            #[cfg(feature = "testing")]
            Pools::Simulated(_) => return database,
        }
        database.watch(node);
        let statements = Statements::new(node.name, database.dialect(), &node.telemetry);
        database.statements = Some(Arc::new(statements));
        database
    }

    /// Tells whether it answers, also while nobody asks.
    fn watch(&self, node: &Node) {
        let (database, readiness) = (self.clone(), node.readiness.clone());
        let names = ("the database", "database");
        let watch = Watch {
            database,
            own: None,
            dependency: Dependency::new(node.name, names, readiness, &node.telemetry),
        };
        node.tasks.every(Dependency::LOOK, "database-watch", watch);
    }

    /// Asks Postgres over a connection of its own: that calls have all of the pool is no sign of a server
    /// that is away.
    async fn answers(&self, own: &mut Option<PgConnection>) -> Result<(), String> {
        let asked = async {
            if let Pools::Postgres(pool) = &self.pools {
                return Ok(pool.ping(own).await?);
            }
            let mut tx = self.read().await?;
            crate::execute!(tx, "SELECT 1").map(|_| ())
        };
        match tokio::time::timeout(ANSWER, asked).await {
            Ok(answer) => answer.map_err(|error: Error| error.to_string()),
            Err(_) => Err(format!("no answer within {ANSWER:?}")),
        }
    }

    /// Opens the database of a service with the tables that it has, for a program that looks into it
    /// and may have the right to read alone. None if the service never made it.
    ///
    /// # Errors
    /// When the configuration is wrong, the database is away or does not let the program in.
    pub async fn existing(config: &DatabaseConfig, name: &str) -> Result<Option<Self>, StartError> {
        let pools = match config.kind().map_err(StartError::config)? {
            Kind::Postgres(options) => {
                let options = options.application_name(name);
                let pool = postgres::existing(options, config).await?;
                pool.map(Pools::postgres)
            }
            Kind::Sqlite(None) => None,
            Kind::Sqlite(Some(path)) => {
                let pools = sqlite::existing(&path).await?;
                pools.map(|pools| Pools::Sqlite(Arc::new(pools)))
            }
        };
        Ok(pools.map(Self::of))
    }

    /// Begins a transaction that writes. Inside of [`Idempotency::once`](crate::Idempotency::once)
    /// it claims the key of the call, if that has one.
    ///
    /// # Errors
    /// When the database is away or no connection was free in time; [`Error::ClaimLost`] if another
    /// call with the key was faster.
    pub async fn begin(&self) -> Result<Tx, Error> {
        self.begin_claimed(None).await
    }

    /// As [`Database::begin`], for the first transaction of a handler of several: a repetition of the
    /// call that finds no answer goes on from the resource that is being made
    /// ([`Claim::resource_id`]).
    ///
    /// # Errors
    /// As [`Database::begin`].
    pub async fn begin_for(&self, resource_id: impl ToString) -> Result<Tx, Error> {
        self.begin_claimed(Some(resource_id.to_string())).await
    }

    async fn begin_claimed(&self, resource_id: Option<String>) -> Result<Tx, Error> {
        let tx = self.begin_apart().await?.of_call();
        match Claim::current() {
            Some(claim) => tx.claim(claim, resource_id).await,
            None => Ok(tx),
        }
    }

    /// A transaction that is none of the call's effect.
    pub(crate) async fn begin_apart(&self) -> Result<Tx, Error> {
        let _waiting = self.load.wait(Queue::Database);
        let tx = match &self.pools {
            Pools::Postgres(pool) => Tx::postgres(pool.begin().await?),
            // A deferred transaction that reads before it writes would fail with SQLITE_BUSY.
            Pools::Sqlite(pools) => Tx::sqlite(pools.writer.begin_with("BEGIN IMMEDIATE").await?),
            #[cfg(feature = "testing")]
            Pools::Simulated(database) => Tx::simulated(database.begin().await?),
        };
        Ok(tx.measured(&self.statements))
    }

    /// A connection to read with; each statement sees what is committed then.
    ///
    /// # Errors
    /// When the database is away or no connection was free in time.
    pub async fn read(&self) -> Result<Tx, Error> {
        let _waiting = self.load.wait(Queue::Database);
        let tx = match &self.pools {
            Pools::Postgres(pool) => Tx::postgres_read(pool.acquire().await?),
            Pools::Sqlite(pools) => Tx::sqlite_read(pools.readers.acquire().await?),
            #[cfg(feature = "testing")]
            Pools::Simulated(database) => Tx::simulated(database.read().await?),
        };
        Ok(tx.measured(&self.statements))
    }

    /// As [`Database::begin`], for statements that each stand for themselves: on Postgres they
    /// commit one by one and save the round trips of a transaction. They claim no idempotency key.
    ///
    /// # Errors
    /// When the database is away or no connection was free in time.
    pub async fn statements(&self) -> Result<Tx, Error> {
        match &self.pools {
            Pools::Postgres(pool) => {
                let _waiting = self.load.wait(Queue::Database);
                let tx = Tx::postgres_read(pool.acquire().await?).of_call();
                Ok(tx.measured(&self.statements))
            }
            _ => Ok(self.begin_apart().await?.of_call()),
        }
    }

    /// Which SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match &self.pools {
            Pools::Postgres(_) => Dialect::Postgres,
            _ => Dialect::Sqlite,
        }
    }

    /// Closes all connections.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Postgres(pool) => pool.close().await,
            Pools::Sqlite(pools) => {
                pools.readers.close().await;
                pools.writer.close().await;
            }
            #[cfg(feature = "testing")]
            Pools::Simulated(_) => {}
        }
    }
}

/// Whether it answers.
struct Watch {
    database: Database,
    /// A connection to Postgres of its own.
    own: Option<PgConnection>,
    dependency: Dependency,
}

impl Look for Watch {
    async fn look(&mut self) {
        let answer = Box::pin(self.database.answers(&mut self.own)).await;
        self.dependency.is(&answer);
    }
}

#[cfg(feature = "testing")]
impl simulated::SimulatedDatabase {
    /// A look at what has committed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn look(&self) -> Result<Tx, Error> {
        Ok(Tx::simulated(self.read().await?))
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Database({:?})", self.dialect())
    }
}

fn no_migration(error: &MigrateError) -> StartError {
    StartError::other(format!("the migrations do not fit the database: {error}"))
}

/// The store's own migrations are noted beside the service's, in a table of their own.
const OWN_TABLE: &str = "_store_migrations";

/// Runs the store's own migrations, then the service's. Those that a newer version has run already are
/// left as they are: a replica of this one runs beside it, and may start again.
async fn migrate<C>(connection: &mut C, migrators: &mut [Migrator; 2]) -> Result<(), MigrateError>
where
    C: sqlx::migrate::Migrate,
{
    migrators[0].dangerous_set_table_name(OWN_TABLE);
    for migrator in &mut *migrators {
        let table = migrator.table_name.clone();
        connection.ensure_migrations_table(&table).await?;
        let applied = connection.list_applied_migrations(&table).await?;
        let has_run = |version: i64| applied.iter().any(|it| it.version == version);
        let is_complete = migrator.iter().all(|own| has_run(own.version));
        // Those of a newer version follow all of this one's.
        let newest = newest(migrator);
        let is_strange = |version: &i64| {
            !migrator.version_exists(*version) && (*version <= newest || !is_complete)
        };
        if let Some(strange) = applied.iter().map(|it| it.version).find(is_strange) {
            return Err(MigrateError::VersionMissing(strange));
        }
        migrator.set_ignore_missing(true);
    }
    for migrator in migrators {
        migrator.run_direct(None, connection, false).await?;
    }
    Ok(())
}

fn newest(migrator: &Migrator) -> i64 {
    let versions = migrator.iter().map(|migration| migration.version);
    versions.max().unwrap_or_default()
}

/// Asks for a migration of a newer version that takes away what this one may need: the name of its file
/// begins with `contract`.
fn taken_away(migrators: &[Migrator; 2]) -> AssertSqlSafe<String> {
    let of = |migrator: &Migrator| {
        let (table, newest) = (&migrator.table_name, newest(migrator));
        format!(
            "SELECT version FROM {table} WHERE version > {newest} AND description LIKE 'contract%'"
        )
    };
    AssertSqlSafe(migrators.each_ref().map(of).join(" UNION ALL "))
}

/// Refuses to start on tables that lack something.
fn refuse(taken_away: Option<i64>) -> Result<(), MigrateError> {
    taken_away.map_or(Ok(()), |version| Err(MigrateError::VersionMissing(version)))
}
