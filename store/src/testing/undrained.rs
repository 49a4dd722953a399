//! What a test wrote into an outbox and no relay has published.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Error};
use tokio::time::{Instant, sleep};

/// How long a relay may take for what was left to it.
const PATIENCE: Duration = Duration::from_secs(10);
/// Dead letters wait for nothing.
const WAITING: &str = "SELECT subject, aggregate_id, attempts, coalesce(why, '')
                       FROM outbox WHERE due_at IS NOT NULL ORDER BY due_at LIMIT 20";

type Row = (String, String, i64, String);

/// Waits until the outbox is empty. Gives what waits in it after all patience.
pub(super) async fn events(url: &str) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let waiting = match waiting(url).await {
            Ok(rows) if rows.is_empty() => return Vec::new(),
            Ok(rows) => rows.iter().map(said).collect(),
            Err(error) if is_missing(&error) => return Vec::new(),
            Err(error) => vec![format!("it cannot be read: {error}")],
        };
        if Instant::now() >= deadline {
            return waiting;
        }
        sleep(Duration::from_millis(10)).await;
    }
}

async fn waiting(url: &str) -> Result<Vec<Row>, Error> {
    if url.starts_with("sqlite:") {
        let options = url.parse::<SqliteConnectOptions>()?.read_only(true);
        let mut connection = options.busy_timeout(PATIENCE).connect().await?;
        return sqlx::query_as(WAITING).fetch_all(&mut connection).await;
    }
    let mut connection = url.parse::<PgConnectOptions>()?.connect().await?;
    sqlx::query_as(WAITING).fetch_all(&mut connection).await
}

fn said((subject, aggregate, attempts, why): &Row) -> String {
    format!("{subject} of {aggregate:?}, tried {attempts} times {why}")
}

/// Whether the test has opened no database, or one without an outbox.
fn is_missing(error: &Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    // Of Postgres: invalid_catalog_name, undefined_table. Of SQLite: CANTOPEN, and ERROR, which stands
    // for a table that is not there.
    matches!(code.as_deref(), Some("3D000" | "42P01" | "14" | "1"))
}
