//! An old and a new version side by side.
//!
//! The old one is what the folder in `FAULTS_OLD_BINARIES` holds: the mesh begins with it, and its databases
//! with that version's tables. Without one the binaries are the same, and the next version is a migration
//! that they do not know: a column, a table and an index more, as the first of the three releases of a
//! change brings them (ARCHITECTURE.md).

use sqlx::{
    SqlStr,
    migrate::{Migration, MigrationType, Migrator},
};
use store::{Database, DatabaseConfig, Migrations};

use super::{
    rollout,
    stage::{Stage, old_binaries},
};
use crate::{Mesh, process::binary};

/// Whose tables change.
const SERVICE: &str = "svc-orders";
/// What the next version runs; an index is made beside the calls, and in no transaction.
const NEXT: [(&str, &str, bool); 3] = [
    (
        "expand a note",
        "ALTER TABLE orders ADD COLUMN next_note text NOT NULL DEFAULT 'none'",
        false,
    ),
    (
        "expand notes",
        "CREATE TABLE next_notes (order_id uuid PRIMARY KEY, note text NOT NULL)",
        false,
    ),
    (
        "expand an index of notes",
        "CREATE INDEX CONCURRENTLY next_orders_by_note ON orders (next_note)",
        true,
    ),
];

/// The new version takes the place of one replica of each, then the old one comes back, and at last the new
/// one takes all places.
pub(super) async fn side_by_side(stage: &mut Stage) {
    let new = binary(SERVICE);
    let new = new.parent().expect("it is in a folder");
    let old = old_binaries();
    if old.is_none() {
        expand(&stage.mesh).await;
    }
    let back = old.as_deref().unwrap_or(new);
    let all = stage.mesh.processes();
    let halves = all.iter().filter(|name| name.ends_with("-1"));
    let there = halves.clone().map(|name| (new, name));
    let and_back = halves.map(|name| (back, name));
    let at_last = all.iter().map(|name| (new, name));
    for (folder, name) in there.chain(and_back).chain(at_last) {
        stage.mesh.take_from(folder, name);
        rollout::replace(stage, name).await;
    }
    if old.is_none() {
        is_as_it_was_made(&stage.mesh).await;
    }
}

/// Two replicas of the next version start at once.
async fn expand(mesh: &Mesh) {
    let url = mesh.databases.url(SERVICE).expect("the mesh is a real one");
    let start = || async {
        let config = DatabaseConfig::url(&url);
        let database = Database::connect(&config, "next", next(), |_| {}).await;
        database
            .expect("what is there goes on beside it")
            .close()
            .await;
    };
    tokio::join!(start(), start());
}

/// Its migrations.
fn next() -> Migrations {
    let mut migrations = Migrations {
        postgres: sqlx::migrate!("../svc-orders/migrations/postgres"),
        sqlite: Migrator::DEFAULT,
    };
    let known = migrations.postgres.iter().map(|it| it.version).max();
    let following = known.unwrap_or_default() + 1..;
    let further = following.zip(NEXT).map(|(version, (name, sql, no_tx))| {
        let sql = SqlStr::from_static(sql);
        Migration::new(version, name.into(), MigrationType::Simple, sql, no_tx)
    });
    migrations.postgres.migrations.to_mut().extend(further);
    migrations
}

/// No replica that knows nothing of it has undone it, and what they have written has its defaults.
async fn is_as_it_was_made(mesh: &Mesh) {
    let number = async |query| mesh.databases.number(SERVICE, query).await;
    let noted = "SELECT count(*) FROM orders WHERE next_note <> 'none'";
    let table = "SELECT count(*) FROM next_notes";
    let index = "SELECT count(*) FROM pg_index
         WHERE indexrelid = 'next_orders_by_note'::regclass AND indisvalid";
    let seen = (
        number(noted).await,
        number(table).await,
        number(index).await,
    );
    assert_eq!(
        seen,
        (0, 0, 1),
        "the next version's tables are not as it made them"
    );
}
