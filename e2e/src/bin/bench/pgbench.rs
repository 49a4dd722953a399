//! pgbench with the statements that one order takes, in transactions like those of the services.

use std::{process::Command, time::Duration};

use e2e::{servers::variable, shop::unique};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

/// The tables of orders, inventory and shipping, and those of the outbox, together.
const TABLES: [&str; 4] = [
    include_str!("../../../../svc-orders/migrations/postgres/0001_orders.sql"),
    include_str!("../../../../svc-inventory/migrations/postgres/0001_stock.sql"),
    include_str!("../../../../svc-shipping/migrations/postgres/0001_shipments.sql"),
    include_str!("../../../../store/migrations/postgres/0001_events_and_idempotency.sql"),
];

/// Products, as in the load on the mesh.
const STOCK: &str = "INSERT INTO stock (sku, on_hand, reserved, allocated, version, update_time)
    SELECT 'SKU-' || number, 1000000000, 0, 0, 1, now() FROM generate_series(1, 100) AS number";

/// Transactions each, as a run of the mesh commits them.
pub(crate) async fn transactions_per_second(clients: usize, time: Duration) -> f64 {
    let server = variable("TEST_DATABASE_URL");
    let name = unique("pgbench").replace('-', "_");
    let mut connection = PgConnection::connect(&server)
        .await
        .expect("Postgres is there");
    let create = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::query(create)
        .execute(&mut connection)
        .await
        .expect("a database can be made");
    let mut url = url::Url::parse(&server).expect("it is a URL");
    url.set_path(&name);
    let mut connection = PgConnection::connect(url.as_str())
        .await
        .expect("it was made");
    for tables in TABLES.into_iter().chain([STOCK]) {
        sqlx::raw_sql(tables)
            .execute(&mut connection)
            .await
            .expect("the tables can be made");
    }

    let script = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(&script, include_str!("order.pgbench")).expect("it can be written");
    let output = Command::new(program())
        .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
        .arg(format!("--client={clients}"))
        .arg(format!("--time={}", time.as_secs()))
        .arg(format!("--file={}", script.path().display()))
        .arg(url.as_str())
        .output()
        .expect("pgbench comes with Postgres");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let tps = text.lines().find_map(|line| {
        line.strip_prefix("tps = ")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    });
    tps.unwrap_or_else(|| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

/// Debian keeps it beside the server.
fn program() -> std::path::PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let found = versions
        .map(|version| version.path().join("bin/pgbench"))
        .find(|path| path.exists());
    found.unwrap_or_else(|| "pgbench".into())
}
