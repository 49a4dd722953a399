//! The store on real databases: the same tests on SQLite and on Postgres.

mod cache;
mod consumers;
mod database;
mod idempotency;
mod opening;
mod outage;
mod proxy;
mod relay;
mod upkeep;

use std::time::Duration;

use store::{Database, Migrations, Tx};
use uuid::Uuid;

/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(20);

fn migrations() -> Migrations {
    Migrations {
        postgres: sqlx::migrate!("tests/migrations/postgres"),
        sqlite: sqlx::migrate!("tests/migrations/sqlite"),
    }
}

fn id() -> Uuid {
    net::random::Random::system().uuid7(&net::clock::Clock::system())
}

/// Waits until the condition holds.
async fn until(what: &str, condition: impl AsyncFn() -> bool) {
    let wait = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, wait).await.is_err() {
        panic!("not in time: {what}");
    }
}

/// Writes an effect of an event.
async fn note(tx: &mut Tx, event_id: Uuid, note: &str) -> Result<(), store::Error> {
    let sql = "INSERT INTO effects (event_id, note) VALUES ($1, $2)";
    store::execute!(tx, sql, event_id, note).map(|_| ())
}

/// All effects, in the order of their notes.
async fn notes(database: &Database) -> Vec<String> {
    let mut tx = database.read().await.expect("the database is there");
    let rows = store::fetch_all!(tx, (String,), "SELECT note FROM effects ORDER BY note");
    rows.expect("the effects")
        .into_iter()
        .map(|(note,)| note)
        .collect()
}

async fn pending(database: &Database) -> i64 {
    let mut tx = database.read().await.expect("the database is there");
    store::outbox::pending(&mut tx).await.expect("the outbox")
}
