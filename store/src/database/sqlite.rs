//! SQLite: one connection that writes beside some that read, in WAL mode, durable at each commit.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use net::StartError;
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
    let cannot = |error: sqlx::Error| {
        StartError::other(format!(
            "the database {} cannot be opened: {error}",
            path.display()
        ))
    };
    keep_private(&path).map_err(|error| cannot(error.into()))?;
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

/// Nobody but the owner reads the database, whatever the folder and the umask allow. A folder that
/// was there is left as it is: it may be somebody else's too.
fn keep_private(path: &Path) -> io::Result<()> {
    const OWNER_ALONE: u32 = 0o600;
    if let Some(parent) = path.parent() {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(parent)?;
    }
    // Never opened when it is there: closing it would end this process's own locks on it
    // (sqlite.org/howtocorrupt.html, section 2.2).
    let mut made = OpenOptions::new();
    match made
        .write(true)
        .create_new(true)
        .mode(OWNER_ALONE)
        .open(path)
    {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    // SQLite gives new files beside the database its mode; these may be older.
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        match fs::set_permissions(file, Permissions::from_mode(OWNER_ALONE)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
