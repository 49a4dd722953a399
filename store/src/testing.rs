//! Databases for tests, and services on them: each test gets one of its own, of either kind. Behind
//! the feature `testing`.
//!
//! ```ignore
//! store::on_both! {
//!     async fn a_sku_is_unique(database: TestDatabase) {
//!         let database = database.open(store::migrations!()).await;
//!         // ...
//!     }
//! }
//! ```
//!
//! What a test wrote into an outbox has to leave it: a test that ends with events that wait fails, unless
//! it says by [`TestDatabase::leaves_events`] that it means to.

mod bed;
mod undrained;

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};

use net::random::Random;
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};

use crate::{Database, DatabaseConfig, Dialect, Migrations};

pub use crate::database::pace::{Turn, Turns};
pub use crate::database::simulated::SimulatedDatabase;
pub use bed::{Bed, Common, Tables, eventually, fields, keyed, refused};

/// A database of one test's own, removed when dropped. Drop it last: the relays of a test go on until
/// its runtime ends, and have until then to publish what is left.
pub struct TestDatabase {
    config: DatabaseConfig,
    /// Of SQLite.
    _directory: Option<tempfile::TempDir>,
    /// Of Postgres: the server's URL and the database's name.
    created: Option<(String, String)>,
    leaves_events: AtomicBool,
}

/// A server that tests need, by the environment variable that names it.
///
/// # Panics
/// With what to do if the variable is not set.
#[must_use]
pub fn server(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run the tests by `make test`, or start scripts/servers")
    })
}

/// A name that no other test has, safe in SQL, NATS and Redis.
#[must_use]
pub fn unique_name() -> String {
    format!(
        "test_{:032x}",
        u128::from_le_bytes(Random::system().bytes())
    )
}

impl TestDatabase {
    /// An empty database of this kind. It does not exist yet: opening it creates it.
    ///
    /// # Panics
    /// When `TEST_DATABASE_URL` is needed and not set.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        match dialect {
            Dialect::Sqlite => Self::sqlite(),
            Dialect::Postgres => Self::postgres(),
        }
    }

    /// An empty SQLite file.
    ///
    /// # Panics
    /// When there is no place for temporary files.
    #[must_use]
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir().expect("a place for temporary files");
        let config = DatabaseConfig::sqlite(directory.path().join("test.db"));
        Self {
            config,
            _directory: Some(directory),
            created: None,
            leaves_events: AtomicBool::new(false),
        }
    }

    /// An empty database on the Postgres of `TEST_DATABASE_URL`.
    ///
    /// # Panics
    /// When the variable is not set.
    #[must_use]
    pub fn postgres() -> Self {
        let (server, name) = (server("TEST_DATABASE_URL"), unique_name());
        let config = DatabaseConfig::url(&server).named(&name);
        Self {
            config,
            _directory: None,
            created: Some((server, name)),
            leaves_events: AtomicBool::new(false),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn config(&self) -> DatabaseConfig {
        self.config.clone()
    }

    /// Its URL.
    #[must_use]
    pub fn url(&self) -> String {
        self.config.database_url.expose().to_owned()
    }

    /// The test ends with events in the outbox, on purpose.
    pub fn leaves_events(&self) {
        self.leaves_events.store(true, Ordering::Relaxed);
    }

    /// Opens it with these migrations.
    ///
    /// # Panics
    /// When it cannot be opened.
    pub async fn open(&self, migrations: Migrations) -> Database {
        open(&self.config, migrations).await
    }
}

async fn open(config: &DatabaseConfig, migrations: Migrations) -> Database {
    let opened = Database::connect(config, "test", migrations, |_| {}).await;
    opened.expect("the test's database opens")
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let mut left = Vec::new();
        if !self.leaves_events.load(Ordering::Relaxed) && !std::thread::panicking() {
            let url = self.url();
            left = beside(async move { undrained::events(&url).await });
        }
        if let Some((server, name)) = self.created.take() {
            // A server that is away has nothing to remove.
            let _ = beside(async move { drop_database(&server, &name).await });
        }
        assert!(
            left.is_empty(),
            "the test ends, and in the outbox there wait still:\n{}\nIf it means to, let it say \
             database.leaves_events()",
            left.join("\n")
        );
    }
}

/// What it becomes, in a thread of its own: a test's runtime cannot be blocked on from within.
fn beside<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a test can have a runtime more");
        runtime.block_on(future)
    });
    thread.join().expect("nothing in it panics")
}

async fn drop_database(server: &str, name: &str) -> Result<(), sqlx::Error> {
    let mut connection = server.parse::<PgConnectOptions>()?.connect().await?;
    let statement = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
    sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await
}

/// Makes each test run on both kinds of database, as `name::on_sqlite` and `name::on_postgres`.
#[macro_export]
macro_rules! on_both {
    ($($(#[$attribute:meta])* async fn $name:ident($database:ident: TestDatabase) $body:block)*) => {
        $(
            mod $name {
                use super::*;

                async fn run($database: $crate::testing::TestDatabase) $body

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_sqlite() {
                    run($crate::testing::TestDatabase::sqlite()).await;
                }

                $(#[$attribute])*
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn on_postgres() {
                    run($crate::testing::TestDatabase::postgres()).await;
                }
            }
        )*
    };
}
