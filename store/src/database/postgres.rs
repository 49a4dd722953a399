//! Postgres: waiting for it, creating the database, migrating under the advisory lock.

use std::time::Duration;

use net::StartError;
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::DatabaseConfig;
use crate::error::postgres as codes;

/// How long a call waits for a free connection before it is UNAVAILABLE.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// A connection that was idle for longer is tried before it is used.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
const RETRY: Duration = Duration::from_millis(500);
/// Held by the replica that migrates a database (`pg_advisory_lock`).
const MIGRATION_LOCK: i64 = 0x6d69_6772;
const LOCK_RETRY: Duration = Duration::from_millis(50);
/// In which other databases are created.
const MAINTENANCE_DATABASE: &str = "postgres";

pub(super) async fn open(
    options: PgConnectOptions,
    config: &DatabaseConfig,
    mut migrators: [Migrator; 2],
    waiting: impl Fn(&str),
) -> Result<PgPool, MigrateError> {
    let place = place(&options);
    loop {
        match prepare(&options, &mut migrators).await {
            Ok(()) => return Ok(pool(options, config)),
            Err(MigrateError::Execute(error)) if codes::may_come(&error) => {
                waiting(&format!("{place}: {}", codes::short(&error)));
                tracing::info!(%error, "waiting for {place}");
            }
            Err(error) => return Err(error),
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// None if there is no such database.
pub(super) async fn existing(
    options: PgConnectOptions,
    config: &DatabaseConfig,
) -> Result<Option<PgPool>, StartError> {
    match options.connect().await {
        Ok(connection) => {
            // Closing is a courtesy to the server.
            let _ = connection.close().await;
            Ok(Some(pool(options, config)))
        }
        Err(error) if codes::is(&error, codes::NO_SUCH_DATABASE) => Ok(None),
        Err(error) => Err(StartError::other(format!(
            "{}: {}",
            place(&options),
            codes::short(&error)
        ))),
    }
}

fn place(options: &PgConnectOptions) -> String {
    format!("Postgres at {}:{}", options.get_host(), options.get_port())
}

async fn prepare(
    options: &PgConnectOptions,
    migrators: &mut [Migrator; 2],
) -> Result<(), MigrateError> {
    let mut connection = match options.connect().await {
        Err(error) if codes::is(&error, codes::NO_SUCH_DATABASE) => {
            create_database(options).await?;
            options.connect().await?
        }
        connection => connection?,
    };
    lock(&mut connection).await?;
    for migrator in &mut *migrators {
        migrator.set_locking(false);
    }
    super::migrate(&mut connection, migrators).await?;
    let taken_away = sqlx::query_scalar(super::taken_away(migrators));
    super::refuse(taken_away.fetch_optional(&mut connection).await?)?;
    // Closing is a courtesy to the server.
    let _ = connection.close().await;
    Ok(())
}

/// Waits until no other replica migrates; the lock ends with the connection. It is asked for again and
/// again: a statement that waits has a snapshot, for whose end CREATE INDEX CONCURRENTLY waits in turn.
async fn lock(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    loop {
        let asked = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(MIGRATION_LOCK);
        if asked.fetch_one(&mut *connection).await? {
            return Ok(());
        }
        tokio::time::sleep(LOCK_RETRY).await;
    }
}

async fn create_database(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let name = options
        .get_database()
        .unwrap_or(options.get_username())
        .to_owned();
    let mut connection: PgConnection = options
        .clone()
        .database(MAINTENANCE_DATABASE)
        .connect()
        .await?;
    let statement = format!("CREATE DATABASE \"{}\"", name.replace('"', "\"\""));
    // The name stands in the operator's own configuration, and is quoted.
    let created = sqlx::query(sqlx::AssertSqlSafe(statement))
        .execute(&mut connection)
        .await;
    let _ = connection.close().await;
    match created {
        Ok(_) => Ok(()),
        // Another replica was faster.
        Err(error) if codes::is(&error, codes::DATABASE_EXISTS) => Ok(()),
        Err(error) if codes::is(&error, codes::UNIQUE_VIOLATION) => Ok(()),
        Err(error) => Err(error),
    }
}

fn pool(options: PgConnectOptions, config: &DatabaseConfig) -> PgPool {
    let options = options.options([
        ("statement_timeout", "10s"),
        ("lock_timeout", "5s"),
        ("idle_in_transaction_session_timeout", "30s"),
        // A statement is planned once for each connection, not for each execution: that was a sixth
        // of the server's work for an order. So a statement must have one good plan for all of its
        // parameters; `$1 IS NULL OR column = $1` in the place of an index's column has none.
        ("plan_cache_mode", "force_generic_plan"),
    ]);
    PgPoolOptions::new()
        .max_connections(config.database_max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_IDLE {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options)
}
