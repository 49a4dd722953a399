//! SQLite: one connection that writes beside some that read, in WAL mode, durable at each commit.

use std::{path::PathBuf, time::Duration};

use runtime::StartError;
use sqlx::{
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::SqlitePools;

/// How long a call waits for its turn before it is UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const READERS: u32 = 4;

pub(super) async fn open(
    path: Option<PathBuf>,
    mut migrators: [Migrator; 2],
) -> Result<SqlitePools, StartError> {
    let (path, directory) = match path {
        Some(path) => (path, None),
        None => {
            let directory = tempfile::tempdir().map_err(StartError::other)?;
            (directory.path().join("memory.db"), Some(directory))
        }
    };
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        std::fs::create_dir_all(parent)
            .map_err(|error| StartError::other(format!("{}: {error}", parent.display())))?;
    }
    let cannot = |error: sqlx::Error| {
        StartError::other(format!(
            "the database {} cannot be opened: {error}",
            path.display()
        ))
    };
    let options = SqliteConnectOptions::new()
        .filename(&path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // In KiB, for each connection.
        .pragma("cache_size", "-1000");
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_with(options.clone())
        .await
        .map_err(cannot)?;
    {
        let mut connection = writer.acquire().await.map_err(cannot)?;
        super::migrate(&mut *connection, &mut migrators)
            .await
            .map_err(|error| super::no_migration(&error))?;
    }
    let readers = SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "1"));
    Ok(SqlitePools {
        writer,
        readers,
        _directory: directory,
    })
}
