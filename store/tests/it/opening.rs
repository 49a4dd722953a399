//! Who opens a database, and what becomes of its tables.

use sqlx::SqlStr;
use sqlx::migrate::{Migration, MigrationType};
use store::{Database, DatabaseConfig, Migrations};

use crate::database::insert;
use crate::{id, migrations};

/// The migrations and one more, of the next version.
fn with(version: i64, description: &'static str, sql: &'static str) -> Migrations {
    let mut all = migrations();
    // As in a file of migrations.
    let is_alone = sql.starts_with("-- no-transaction");
    let next = Migration::new(
        version,
        description.into(),
        MigrationType::Simple,
        SqlStr::from_static(sql),
        is_alone,
    );
    for migrator in [&mut all.postgres, &mut all.sqlite] {
        migrator.migrations.to_mut().push(next.clone());
    }
    all
}

store::on_both! {
    async fn replicas_that_start_at_once_all_find_their_tables(database: TestDatabase) {
        let first = database.open(migrations());
        let rest = (0..3).map(|_| async {
            match database.url().starts_with("postgres") {
                true => Some(database.open(migrations()).await),
                // One process has a SQLite file at a time.
                false => None,
            }
        });
        let (first, _) = futures::future::join(first, futures::future::join_all(rest)).await;
        first.close().await;
        let again = database.open(migrations()).await;
        let mut tx = again.read().await.expect("a connection");
        let (count,) = store::fetch_one!(tx, (i64,), "SELECT count(*) FROM accounts").expect("counted");
        assert_eq!(count, 0);
    }

    async fn a_program_older_than_its_tables_starts_and_leaves_them_as_they_are(database: TestDatabase) {
        let newer = with(2, "expand a nickname", "ALTER TABLE accounts ADD COLUMN nickname text NOT NULL DEFAULT 'none'");
        database.open(newer).await.close().await;
        let older = database.open(migrations()).await;
        let mut tx = older.begin().await.expect("a transaction");
        assert_eq!(insert(&mut tx, id(), "ada@example.com", 0).await.expect("written"), 1);
        let (nickname,) = store::fetch_one!(tx, (String,), "SELECT nickname FROM accounts").expect("it is there");
        assert_eq!(nickname, "none");
    }

    async fn a_program_does_not_start_on_tables_that_lack_what_it_may_need(database: TestDatabase) {
        database.open(with(2, "contract the picture", "ALTER TABLE accounts DROP COLUMN picture")).await.close().await;
        let refused = Database::connect(&database.config(), "test", migrations(), |_| {}).await;
        let refused = refused.expect_err("it knows nothing of that").to_string();
        assert!(refused.contains("the migrations do not fit the database: migration 2"), "{refused}");
    }

    async fn a_program_does_not_start_on_the_tables_of_another_one(database: TestDatabase) {
        database.open(with(2, "expand a nickname", "ALTER TABLE accounts ADD COLUMN nickname text")).await.close().await;
        let other = with(3, "expand a hat", "ALTER TABLE accounts ADD COLUMN hat text");
        let refused = Database::connect(&database.config(), "test", other, |_| {}).await;
        let refused = refused.expect_err("its second migration is missing").to_string();
        assert!(refused.contains("the migrations do not fit the database: migration 2"), "{refused}");
    }

    async fn a_database_that_no_service_made_is_not_made_by_who_looks_for_it(database: TestDatabase) {
        for _ in 0..2 {
            let found = Database::existing(&database.config(), "test").await;
            assert!(found.expect("its server is there").is_none());
        }
        database.open(migrations()).await.close().await;
        let found = Database::existing(&database.config(), "test").await;
        let found = found.expect("it opens").expect("it is there");
        let mut tx = found.begin().await.expect("a transaction");
        assert_eq!(insert(&mut tx, id(), "ada@example.com", 0).await.expect("written"), 1);
    }
}

#[tokio::test]
async fn replicas_start_at_once_while_one_of_them_makes_an_index_beside_the_calls() {
    let database = store::testing::TestDatabase::postgres();
    database.open(migrations()).await.close().await;
    let index = "-- no-transaction\nCREATE INDEX CONCURRENTLY by_balance ON accounts (balance)";
    let all = (0..4).map(|_| database.open(with(2, "expand an index", index)));
    let all = futures::future::join_all(all).await;
    let mut tx = all[3].read().await.expect("a connection");
    let sql =
        "SELECT count(*) FROM pg_index WHERE indexrelid = 'by_balance'::regclass AND indisvalid";
    let (count,) = store::fetch_one!(tx, (i64,), sql).expect("counted");
    assert_eq!(count, 1);
}

#[tokio::test]
async fn who_may_only_read_looks_into_a_database_all_the_same() {
    let database = store::testing::TestDatabase::postgres();
    let owner = database.open(migrations()).await;
    let reader = store::testing::unique_name();
    let run = async |statement: String| {
        let mut tx = owner.begin().await.expect("a transaction");
        let done = store::execute!(tx, sqlx::AssertSqlSafe(statement));
        done.expect("it is SQL");
        tx.commit().await.expect("committed");
    };
    run(format!("CREATE ROLE {reader} LOGIN PASSWORD 'reader'")).await;
    run(format!("GRANT SELECT ON accounts TO {reader}")).await;
    let mut url = url::Url::parse(&database.url()).expect("it is a URL");
    url.set_username(&reader).expect("it has a host");
    url.set_password(Some("reader")).expect("it has a host");

    let config = DatabaseConfig::url(url.as_str());
    let found = Database::existing(&config, "test").await;
    let found = found.expect("it is let in").expect("it is there");
    let mut tx = found.read().await.expect("a connection");
    let count = store::fetch_one!(tx, (i64,), "SELECT count(*) FROM accounts");
    assert_eq!(count.expect("it may read"), (0,));
    drop(tx);
    found.close().await;
    run(format!("DROP OWNED BY {reader}")).await;
    run(format!("DROP ROLE {reader}")).await;
}

#[tokio::test]
async fn a_database_in_memory_is_gone_with_the_process() {
    let config = store::DatabaseConfig::url("sqlite::memory:");
    for _ in 0..2 {
        let opened = Database::connect(&config, "test", migrations(), |_| {}).await;
        let database = opened.expect("opened");
        let mut tx = database.begin().await.expect("a transaction");
        insert(&mut tx, id(), "ada@example.com", 0)
            .await
            .expect("written");
        tx.commit().await.expect("committed");
    }
}

#[tokio::test]
async fn nobody_but_the_owner_reads_a_sqlite_file_in_a_folder_that_all_may_enter() {
    use std::{fs, os::unix::fs::PermissionsExt as _};
    let mode = |path: &std::path::Path| {
        let metadata = fs::metadata(path).expect("it is there");
        metadata.permissions().mode() & 0o777
    };
    let open = async |path: &std::path::Path| {
        let config = DatabaseConfig::sqlite(path);
        Database::connect(&config, "test", migrations(), |_| {})
            .await
            .expect("it opens")
    };
    let folder = tempfile::tempdir().expect("a place for temporary files");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let (made, path) = (
        folder.path().join("made"),
        folder.path().join("made/shop.db"),
    );
    let database = open(&path).await;
    assert_eq!(mode(&made), 0o700);
    let files = || ["shop.db", "shop.db-wal", "shop.db-shm"].map(|name| made.join(name));
    assert_eq!(files().map(|file| mode(&file)), [0o600; 3]);

    // As an earlier version may have left them.
    for file in files() {
        fs::set_permissions(file, fs::Permissions::from_mode(0o644)).expect("it is ours");
    }
    let again = open(&path).await;
    assert_eq!(files().map(|file| mode(&file)), [0o600; 3]);
    drop((database, again));
}
