//! SQLite in a simulation: every statement runs to its end on the thread that asks for it, so that the
//! threads of the database decide nothing, and the simulation says when each may begin, and whether its
//! process lives to see it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use net::StartError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteSynchronous;
use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use super::pace::{Pace, Turn, Turns, settle};
use super::sqlite::{ACQUIRE_TIMEOUT, options};
use crate::Error;

/// A database that outlives the processes that open it.
#[derive(Clone)]
pub struct SimulatedDatabase {
    shared: Arc<Shared>,
    turns: Arc<dyn Turns>,
}

struct Shared {
    path: PathBuf,
    /// Until all is closed.
    writer: Option<Arc<tokio::sync::Mutex<SqliteConnection>>>,
    readers: Mutex<Vec<SqliteConnection>>,
}

impl SimulatedDatabase {
    /// Of this file, which is made if it is missing.
    ///
    /// # Panics
    /// When it cannot be opened.
    #[must_use]
    pub fn open(path: &Path, turns: Arc<dyn Turns>) -> Self {
        let shared = Shared {
            path: path.to_owned(),
            writer: Some(Arc::new(tokio::sync::Mutex::new(connect(path)))),
            readers: Mutex::default(),
        };
        let shared = Arc::new(shared);
        Self { shared, turns }
    }

    /// The same database, as another process opens it.
    #[must_use]
    pub fn with_turns(&self, turns: Arc<dyn Turns>) -> Self {
        Self {
            shared: self.shared.clone(),
            turns,
        }
    }

    pub(super) async fn migrate(&self, migrators: &mut [Migrator; 2]) -> Result<(), StartError> {
        let mut writer = self.writer().lock_owned().await;
        settle(super::migrate(&mut *writer, migrators)).map_err(|error| super::no_migration(&error))
    }

    pub(super) async fn begin(&self) -> Result<Session, Error> {
        self.turns.turn(Turn::Begin).await;
        let writer = timeout(ACQUIRE_TIMEOUT, self.writer().lock_owned()).await;
        let mut writer = writer.map_err(|_| sqlx::Error::PoolTimedOut)?;
        run(&mut writer, "BEGIN IMMEDIATE")?;
        Ok(Session {
            database: self.clone(),
            held: Some(Held::ToWrite(writer)),
        })
    }

    pub(super) async fn read(&self) -> Result<Session, Error> {
        self.turns.turn(Turn::Begin).await;
        let free = self.readers().pop();
        let reader = free.unwrap_or_else(|| connect(&self.shared.path));
        Ok(Session {
            database: self.clone(),
            held: Some(Held::ToRead(reader)),
        })
    }

    fn writer(&self) -> Arc<tokio::sync::Mutex<SqliteConnection>> {
        let writer = self.shared.writer.clone();
        writer.expect("it is there until the last handle goes")
    }

    fn readers(&self) -> MutexGuard<'_, Vec<SqliteConnection>> {
        let readers = self.shared.readers.lock();
        readers.unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for SimulatedDatabase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SimulatedDatabase({})", self.shared.path.display())
    }
}

/// A transaction, or a connection to read with. Dropped, it is rolled back.
pub(super) struct Session {
    database: SimulatedDatabase,
    /// Until it has ended.
    held: Option<Held>,
}

enum Held {
    ToWrite(OwnedMutexGuard<SqliteConnection>),
    ToRead(SqliteConnection),
}

impl Session {
    pub(super) fn connection(&mut self) -> (&mut SqliteConnection, Pace<'_>) {
        let pace = Pace::in_turns(&*self.database.turns);
        let connection = match self.held.as_mut().expect("whoever ends it gives it away") {
            Held::ToWrite(writer) => &mut **writer,
            Held::ToRead(reader) => reader,
        };
        (connection, pace)
    }

    pub(super) async fn commit(mut self) -> Result<(), Error> {
        let turns = self.database.turns.clone();
        turns.turn(Turn::Commit).await;
        if let Some(Held::ToWrite(mut writer)) = self.held.take_if(|held| held.writes()) {
            run(&mut writer, "COMMIT")?;
        }
        drop(self);
        turns.turn(Turn::Committed).await;
        Ok(())
    }
}

impl Held {
    fn writes(&self) -> bool {
        matches!(self, Held::ToWrite(_))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        match self.held.take() {
            Some(Held::ToWrite(mut writer)) => {
                // It fails where the transaction has ended by itself, by an error.
                let _ = run(&mut writer, "ROLLBACK");
            }
            Some(Held::ToRead(reader)) => self.database.readers().push(reader),
            None => {}
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        let readers = self
            .readers
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let writer = self.writer.take().and_then(Arc::into_inner);
        let writer = writer.map(tokio::sync::Mutex::into_inner);
        // The writer last: who closes last tidies the file up.
        for connection in readers.drain(..).chain(writer) {
            settle(connection.close()).expect("the simulation's database closes");
        }
    }
}

fn connect(path: &Path) -> SqliteConnection {
    // Processes crash here, and machines do not.
    let options = options(path).synchronous(SqliteSynchronous::Off);
    let options = options.create_if_missing(true);
    settle(options.connect()).expect("the simulation's database opens")
}

fn run(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    settle(sqlx::query(sql).execute(connection)).map(drop)
}
