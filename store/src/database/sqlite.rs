//! SQLite: one connection that writes beside some that read, in WAL mode, durable at each commit.

use std::{
    fs::{self, DirBuilder, OpenOptions, Permissions},
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use net::{StartError, telemetry::Telemetry};
use opentelemetry::KeyValue;
use sqlx::{
    SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use tempfile::TempDir;

use super::{SqlitePools, connections::Connections};

/// How long a call waits for its turn before it is UNAVAILABLE.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
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
    let cannot = |error| cannot_open(&path, &error);
    keep_private(&path).map_err(|error| cannot(error.into()))?;
    let options = options(&path).create_if_missing(true);
    let writer = writer(options.clone()).await.map_err(cannot)?;
    {
        let mut connection = writer.acquire().await.map_err(cannot)?;
        migrate(&mut connection, &mut migrators)
            .await
            .map_err(|error| super::no_migration(&error))?;
    }
    Ok(pools(&path, writer, options, directory))
}

async fn migrate(
    connection: &mut SqliteConnection,
    migrators: &mut [Migrator; 2],
) -> Result<(), MigrateError> {
    super::migrate(connection, migrators).await?;
    let taken_away = sqlx::query_scalar(super::taken_away(migrators));
    super::refuse(taken_away.fetch_optional(connection).await?)
}

/// None if there is no such file.
pub(super) async fn existing(path: &Path) -> Result<Option<SqlitePools>, StartError> {
    if !path.exists() {
        return Ok(None);
    }
    let options = options(path);
    let writer = writer(options.clone()).await;
    let writer = writer.map_err(|error| cannot_open(path, &error))?;
    Ok(Some(pools(path, writer, options, None)))
}

fn pools(
    path: &Path,
    writer: SqlitePool,
    options: SqliteConnectOptions,
    directory: Option<TempDir>,
) -> SqlitePools {
    SqlitePools {
        writer: Connections::new("write", writer),
        readers: Connections::new("read", readers(options)),
        file: path.to_owned(),
        _directory: directory,
    }
}

/// Tells how full the disk is that holds the file.
pub(super) fn measure_disk(pools: &Arc<SqlitePools>, telemetry: &Telemetry) {
    let about = [
        "system.filesystem.usage",
        "By",
        "Bytes of the disk that holds the data folder",
    ];
    telemetry.gauge_of(about, pools, |pools, gauge| {
        let Ok(disk) = rustix::fs::statvfs(&pools.file) else {
            return;
        };
        let used = disk.f_blocks.saturating_sub(disk.f_bfree);
        for (state, blocks) in [("used", used), ("free", disk.f_bavail)] {
            let state = KeyValue::new("system.filesystem.state", state);
            gauge.observe(blocks.saturating_mul(disk.f_frsize), &[state]);
        }
    });
}

fn cannot_open(path: &Path, error: &sqlx::Error) -> StartError {
    let path = path.display();
    StartError::other(format!("the database {path} cannot be opened: {error}"))
}

pub(super) fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(5))
        // In KiB, for each connection.
        .pragma("cache_size", "-1000")
}

async fn writer(options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(1)
        .min_connections(1)
        .max_lifetime(None)
        .idle_timeout(None)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_with(options)
        .await
}

fn readers(options: SqliteConnectOptions) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .connect_lazy_with(options.pragma("query_only", "1"))
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
