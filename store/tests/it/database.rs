//! Statements and transactions.

use chrono::{DateTime, Utc};
use runtime::testbed::Testbed;
use sqlx::types::Json;
use store::{Database, Error, Tx, ViolationKind};
use uuid::Uuid;

use crate::{id, migrations, until};

type Account = (
    Uuid,
    String,
    bool,
    i64,
    Option<Vec<u8>>,
    Json<Vec<String>>,
    DateTime<Utc>,
);

pub(crate) async fn insert(tx: &mut Tx, id: Uuid, email: &str, balance: i64) -> Result<u64, Error> {
    store::execute!(
        tx,
        "INSERT INTO accounts (id, email, active, balance, picture, settings, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        id,
        email,
        true,
        balance,
        Some(b"\x00\xff".as_slice()),
        Json(vec!["dark".to_owned()]),
        at(1_700_000_000_000_001)
    )
}

fn at(microseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(microseconds).expect("in range")
}

async fn violation(tx: &mut Tx, insert: Result<u64, Error>) -> store::Violation {
    let _ = tx;
    insert
        .expect_err("a violation")
        .violation()
        .expect("a violation")
        .clone()
}

store::on_both! {
    async fn whoever_waits_for_a_connection_is_counted(database: TestDatabase) {
        let mut bed = Testbed::new();
        let node = bed.node("svc-orders").await;
        let mut config = database.config();
        config.database_max_connections = 1;
        let opened = Database::open(&config, &node, migrations()).await;
        let opened = opened.expect("opened");
        let waiting = async || {
            let metrics = node.telemetry.prometheus();
            let name = "db_client_connection_pending_requests";
            let pools = ops::series(&metrics).filter(|series| series.name == name);
            pools.map(|series| series.value).sum::<f64>()
        };
        let held = opened.begin().await.expect("a transaction");
        let also = opened.clone();
        let other = tokio::spawn(async move { also.begin().await.is_ok() });
        until("one waits", async || waiting().await > 0.0).await;
        drop(held);
        assert!(other.await.expect("no panic"));
        until("nobody waits", async || waiting().await == 0.0).await;
        bed.stop().await;
    }

    async fn statements_are_measured_by_what_they_begin_with(database: TestDatabase) {
        let mut bed = Testbed::new();
        let node = bed.node("svc-orders").await;
        let opened = Database::open(&database.config(), &node, migrations()).await;
        let opened = opened.expect("opened");
        let mut tx = opened.begin().await.expect("a transaction");
        for email in ["Ada@example.com", "Eve@example.com"] {
            insert(&mut tx, id(), email, 5).await.expect("written");
        }
        tx.commit().await.expect("committed");
        let counted = |operation| {
            let (metrics, labels) = (node.telemetry.prometheus(), [("db_operation_name", operation)]);
            ops::value(&metrics, "db_client_operation_duration_seconds_count", &labels)
        };
        assert_eq!(counted("INSERT"), Some(2.0));
        assert!(counted("COMMIT") >= Some(1.0));
        bed.stop().await;
    }

    async fn values_come_back_as_they_went(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        let account = id();
        assert_eq!(insert(&mut tx, account, "Ada@example.com", 5).await.expect("written"), 1);
        tx.commit().await.expect("committed");

        let mut tx = database.read().await.expect("a connection");
        let sql = "SELECT id, email, active, balance, picture, settings, created_at FROM accounts
                   WHERE id = $1 AND active AND created_at <= $2";
        let row = store::fetch_one!(tx, Account, sql, account, at(1_700_000_000_000_001));
        let expected: Account = (
            account,
            "Ada@example.com".to_owned(),
            true,
            5,
            Some(vec![0, 255]),
            Json(vec!["dark".to_owned()]),
            at(1_700_000_000_000_001),
        );
        assert_eq!(row.expect("the row"), expected);
        let none = store::fetch_optional!(tx, (i64,), "SELECT balance FROM accounts WHERE id = $1", id());
        assert_eq!(none.expect("read"), None);
    }

    async fn times_sort_by_time_whatever_their_fraction(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        let times = [0, 1, 10, 999, 1_000, 1_001, 120_000, 999_999, 1_000_000, 1_000_001];
        for (index, time) in times.iter().enumerate().rev() {
            let sql = "INSERT INTO outbox (id, subject, aggregate_id, version, time, data, trace)
                       VALUES ($1, '', '', $2, $3, $4, $5)";
            let version = i64::try_from(index).expect("small");
            let (data, trace) = (Vec::<u8>::new(), Json(Vec::<String>::new()));
            store::execute!(tx, sql, id(), version, at(*time), data, trace).expect("written");
        }
        let rows = store::fetch_all!(tx, (DateTime<Utc>,), "SELECT time FROM outbox ORDER BY time");
        let sorted: Vec<_> = rows.expect("rows").iter().map(|(t,)| t.timestamp_micros()).collect();
        assert_eq!(sorted, times);
        let sql = "SELECT count(*) FROM outbox WHERE time <= $1";
        let (count,) = store::fetch_one!(tx, (i64,), sql, at(1_000)).expect("counted");
        assert_eq!(count, 5);
    }

    async fn a_unique_violation_names_table_and_columns(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        let account = id();
        insert(&mut tx, account, "ada@example.com", 0).await.expect("written");
        let sql = "INSERT INTO lines (account_id, position) VALUES ($1, 1)";
        store::execute!(tx, sql, account).expect("written");
        let again = store::execute!(tx, sql, account);
        let violation = violation(&mut tx, again).await;
        assert!(violation.is_unique("lines", &["account_id", "position"]), "{violation:?}");
    }

    async fn a_primary_key_is_unique_by_its_column(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        let account = id();
        insert(&mut tx, account, "ada@example.com", 0).await.expect("written");
        let again = insert(&mut tx, account, "bob@example.com", 0).await;
        let violation = violation(&mut tx, again).await;
        assert!(violation.is_unique("accounts", &["id"]), "{violation:?}");
    }

    async fn a_unique_index_over_an_expression_is_known_by_its_name(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        insert(&mut tx, id(), "Ada@example.com", 0).await.expect("written");
        let again = insert(&mut tx, id(), "aDA@example.com", 0).await;
        let violation = violation(&mut tx, again).await;
        assert!(violation.is("accounts_email"), "{violation:?}");
        assert_eq!((violation.kind, &violation.table), (ViolationKind::Unique, &None));
    }

    async fn checks_foreign_keys_and_nulls_are_violations(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        let overdrawn = insert(&mut tx, id(), "ada@example.com", -1).await;
        let check = violation(&mut tx, overdrawn).await;
        assert!(check.is("balance_not_negative"), "{check:?}");
        assert_eq!((check.kind, &check.table), (ViolationKind::Check, &None));
        drop(tx);

        let mut tx = database.begin().await.expect("a transaction");
        let sql = "INSERT INTO lines (account_id, position) VALUES ($1, 1)";
        let orphan = store::execute!(tx, sql, id());
        assert_eq!(violation(&mut tx, orphan).await.kind, ViolationKind::ForeignKey);
        drop(tx);

        let mut tx = database.begin().await.expect("a transaction");
        let sql = "INSERT INTO effects (event_id) VALUES ($1)";
        let missing = store::execute!(tx, sql, id());
        let null = violation(&mut tx, missing).await;
        assert_eq!(null.kind, ViolationKind::NotNull);
        assert_eq!((null.table.as_deref(), null.columns), (Some("effects"), vec!["note".to_owned()]));
    }

    async fn a_transaction_that_is_dropped_changes_nothing(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let mut tx = database.begin().await.expect("a transaction");
        insert(&mut tx, id(), "ada@example.com", 0).await.expect("written");
        drop(tx);
        let mut tx = database.begin().await.expect("a transaction");
        insert(&mut tx, id(), "bob@example.com", 0).await.expect("written");
        tx.rollback().await.expect("undone");
        let mut tx = database.read().await.expect("a connection");
        let (count,) = store::fetch_one!(tx, (i64,), "SELECT count(*) FROM accounts").expect("counted");
        assert_eq!(count, 0);
    }

    async fn many_writers_at_once_all_have_their_turn(database: TestDatabase) {
        let database = database.open(migrations()).await;
        let account = id();
        let mut tx = database.begin().await.expect("a transaction");
        insert(&mut tx, account, "ada@example.com", 0).await.expect("written");
        tx.commit().await.expect("committed");
        let writers = (0..64).map(|_| deposit(&database, account));
        futures::future::join_all(writers).await;
        let mut tx = database.read().await.expect("a connection");
        let (balance,) = store::fetch_one!(tx, (i64,), "SELECT balance FROM accounts").expect("read");
        assert_eq!(balance, 64);
    }
}

/// Reads, then writes, in one transaction.
async fn deposit(database: &Database, account: Uuid) {
    let mut tx = database.begin().await.expect("a transaction");
    let sql = tx.dialect().pick(
        "SELECT balance FROM accounts WHERE id = $1 FOR UPDATE",
        "SELECT balance FROM accounts WHERE id = $1",
    );
    let (balance,) = store::fetch_one!(tx, (i64,), sql, account).expect("read");
    let sql = "UPDATE accounts SET balance = $2 WHERE id = $1";
    store::execute!(tx, sql, account, balance + 1).expect("written");
    tx.commit().await.expect("committed");
}
