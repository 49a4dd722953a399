use std::sync::Arc;

use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction, pool::PoolConnection};
use tokio::sync::Notify;

use super::Dialect;
use crate::Error;

/// A transaction, or a connection to read with. Dropped without [`Tx::commit`], its changes are
/// undone. No network call may happen while one is open.
pub struct Tx {
    inner: Inner,
    on_commit: Option<Arc<Notify>>,
}

enum Inner {
    Postgres(Transaction<'static, Postgres>),
    PostgresRead(PoolConnection<Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
    SqliteRead(PoolConnection<Sqlite>),
}

/// The connection under a [`Tx`], for the macros of this crate.
pub enum Connection<'t> {
    /// To Postgres.
    Postgres(&'t mut PgConnection),
    /// To SQLite.
    Sqlite(&'t mut SqliteConnection),
}

impl Tx {
    pub(super) fn postgres(transaction: Transaction<'static, Postgres>) -> Self {
        Self {
            inner: Inner::Postgres(transaction),
            on_commit: None,
        }
    }

    pub(super) fn postgres_read(connection: PoolConnection<Postgres>) -> Self {
        Self {
            inner: Inner::PostgresRead(connection),
            on_commit: None,
        }
    }

    pub(super) fn sqlite(transaction: Transaction<'static, Sqlite>) -> Self {
        Self {
            inner: Inner::Sqlite(transaction),
            on_commit: None,
        }
    }

    pub(super) fn sqlite_read(connection: PoolConnection<Sqlite>) -> Self {
        Self {
            inner: Inner::SqliteRead(connection),
            on_commit: None,
        }
    }

    /// The connection under it.
    pub fn connection(&mut self) -> Connection<'_> {
        match &mut self.inner {
            Inner::Postgres(transaction) => Connection::Postgres(transaction),
            Inner::PostgresRead(connection) => Connection::Postgres(connection),
            Inner::Sqlite(transaction) => Connection::Sqlite(transaction),
            Inner::SqliteRead(connection) => Connection::Sqlite(connection),
        }
    }

    /// Which SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match &self.inner {
            Inner::Postgres(_) | Inner::PostgresRead(_) => Dialect::Postgres,
            Inner::Sqlite(_) | Inner::SqliteRead(_) => Dialect::Sqlite,
        }
    }

    /// Makes its changes last.
    ///
    /// # Errors
    /// When the database is away: then it is not known whether they last.
    pub async fn commit(self) -> Result<(), Error> {
        match self.inner {
            Inner::Postgres(transaction) => transaction.commit().await?,
            Inner::Sqlite(transaction) => transaction.commit().await?,
            Inner::PostgresRead(_) | Inner::SqliteRead(_) => {}
        }
        if let Some(on_commit) = self.on_commit {
            on_commit.notify_one();
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
        }
        Ok(())
    }

    /// Wakes somebody once it has committed.
    pub(crate) fn wake_on_commit(&mut self, sleeper: &Arc<Notify>) {
        self.on_commit = Some(sleeper.clone());
    }
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({:?})", self.dialect())
    }
}
