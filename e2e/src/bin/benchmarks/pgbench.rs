//! The statements of an order without Tradewind: pgbench, in a database with the same tables; and
//! what else is asked of Postgres.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::{Duration, SystemTime},
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// Products in the shop.
pub(crate) const SKUS: usize = 99;

/// Whose tables an order touches.
const CRATES: [&str; 6] = [
    "store",
    "svc-users",
    "svc-catalog",
    "svc-inventory",
    "svc-orders",
    "svc-shipping",
];

/// A database that pgbench places orders in.
pub(crate) struct Pgbench {
    url: String,
}

impl Pgbench {
    /// Makes the database anew, from the migrations of the services.
    pub(crate) async fn prepare(server: &str) -> Pgbench {
        let mut connection = connect(server).await;
        for statement in ["DROP DATABASE IF EXISTS bench", "CREATE DATABASE bench"] {
            let done = sqlx::raw_sql(statement).execute(&mut connection).await;
            done.expect("the account may make databases");
        }
        let url = at(server, "bench");
        let mut connection = connect(&url).await;
        for file in CRATES.iter().flat_map(|name| migrations(name)) {
            let sql = AssertSqlSafe(fs::read_to_string(&file).expect("it was listed"));
            let done = sqlx::raw_sql(sql).execute(&mut connection).await;
            done.unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        let shop = sqlx::raw_sql(include_str!("pgbench/shop.sql"));
        let done = shop.execute(&mut connection).await;
        done.expect("the tables are as it knows them");
        Pgbench { url }
    }

    /// Orders per second with so many clients.
    pub(crate) async fn run(&self, clients: usize, length: Duration) -> f64 {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin/benchmarks/pgbench/order.sql");
        let output = tokio::process::Command::new("pgbench")
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", length.as_secs()))
            .arg("--file")
            .arg(&script)
            .arg(&self.url)
            .stdin(Stdio::null())
            .output()
            .await
            .expect("pgbench is not installed: it comes with Postgres");
        let text = String::from_utf8_lossy(&output.stdout);
        let complaint = String::from_utf8_lossy(&output.stderr);
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rate| rate.split(' ').next()?.parse().ok());
        rate.filter(|_| output.status.success())
            .unwrap_or_else(|| panic!("pgbench failed:\n{text}\n{complaint}"))
    }

    /// Transactions that each of its orders took so far.
    pub(crate) async fn transactions(&self, server: &str) -> f64 {
        let mut connection = connect(&self.url).await;
        let orders = count(&mut connection, "SELECT count(*) FROM orders").await;
        let committed = committed(server, "datname = 'bench'").await;
        committed / orders as f64
    }
}

/// Transactions committed so far in the databases of meshes.
pub(crate) async fn commits(server: &str) -> f64 {
    // Backends report what they did within a second (the monitoring chapter of Postgres' manual).
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let meshes = "datname NOT IN ('bench', 'postgres', 'template0', 'template1')";
    committed(server, meshes).await
}

async fn committed(server: &str, which: &str) -> f64 {
    let sql =
        format!("SELECT coalesce(sum(xact_commit), 0)::float8 FROM pg_stat_database WHERE {which}");
    let mut connection = connect(server).await;
    let sum = sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut connection);
    sum.await.expect("Postgres answers")
}

/// Events of all meshes that are not published, and confirmed orders without a shipment.
pub(crate) async fn unsettled(server: &str) -> i64 {
    let mut open = 0;
    for name in databases(server).await {
        let mut connection = connect(&at(server, &name)).await;
        open += count(
            &mut connection,
            "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL",
        )
        .await;
        if name.ends_with("orders") {
            let sql = "SELECT count(*) FROM orders WHERE state = 'CONFIRMED'";
            open += count(&mut connection, sql).await;
        }
        if name.ends_with("shipping") {
            open -= count(&mut connection, "SELECT count(*) FROM shipments").await;
        }
        // A connection that cannot be closed in good order is gone as well.
        let _ = connection.close().await;
    }
    open
}

/// How long after its confirmation each order had its shipment, in milliseconds; of the orders that were
/// confirmed since then. Both times are the services' own, from within the transactions.
pub(crate) async fn to_shipments(server: &str, since: SystemTime) -> Vec<f64> {
    let (mut confirmed, mut shipments) = (Vec::new(), HashMap::new());
    for name in databases(server).await {
        let mut connection = connect(&at(server, &name)).await;
        if name.ends_with("orders") {
            let sql = "SELECT aggregate_id, extract(epoch FROM time)::float8 FROM outbox
                 WHERE subject = 'orders.v1.OrderConfirmed' AND time >= to_timestamp($1)";
            let since = since.duration_since(SystemTime::UNIX_EPOCH);
            let since = since.expect("it is after 1970").as_secs_f64();
            confirmed = times(&mut connection, sql, since).await;
        }
        if name.ends_with("shipping") {
            let sql =
                "SELECT order_id::text, extract(epoch FROM create_time)::float8 FROM shipments
                 WHERE user_id IS NOT NULL AND create_time >= to_timestamp($1)";
            shipments.extend(times(&mut connection, sql, 0.0).await);
        }
    }
    let took = |(order, since): (String, f64)| (shipments[&order] - since) * 1000.0;
    confirmed.into_iter().map(took).collect()
}

async fn times(connection: &mut PgConnection, sql: &'static str, since: f64) -> Vec<(String, f64)> {
    let times = sqlx::query_as(sql).bind(since).fetch_all(connection).await;
    times.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Those of the services.
async fn databases(server: &str) -> Vec<String> {
    let sql = "SELECT datname::text FROM pg_database \
               WHERE NOT datistemplate AND datname NOT IN ('bench', 'postgres')";
    let mut connection = connect(server).await;
    let names = sqlx::query_scalar(sql).fetch_all(&mut connection).await;
    names.expect("Postgres answers")
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    let count = sqlx::query_scalar(sql).fetch_one(connection).await;
    count.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

pub(crate) async fn connect(url: &str) -> PgConnection {
    let connection = PgConnection::connect(url).await;
    connection.unwrap_or_else(|error| panic!("Postgres: {error}"))
}

fn at(server: &str, database: &str) -> String {
    let mut url = url::Url::parse(server).expect("TEST_DATABASE_URL is a URL");
    url.set_path(database);
    url.into()
}

/// The migrations of a crate for Postgres, in their order.
fn migrations(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let folder = folder.join("migrations/postgres");
    let entries = fs::read_dir(&folder);
    let entries = entries.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    files
}
