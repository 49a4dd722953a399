//! One seed, from the first order to the last check.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use e2e::invariants::Databases;
use futures::future::join_all;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use store::DatabaseConfig;
use svc_orders::audit::{Audit, AuditKey};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use crate::people::{Person, Told};
use crate::process::{AUDIT_KEY, SERVICES};
use crate::world::{Weather, World};

/// By when everything has come to its end once nothing befalls anybody any more.
const REST: Duration = Duration::from_secs(30 * 60);

/// Whether something is still under way; each query gives a number.
const UNDER_WAY: [(&str, &str); 10] = [
    (
        "svc-orders",
        "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL",
    ),
    (
        "svc-inventory",
        "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL",
    ),
    (
        "svc-shipping",
        "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL",
    ),
    (
        "svc-payments",
        "SELECT count(*) FROM outbox WHERE due_at IS NOT NULL",
    ),
    (
        "svc-orders",
        "SELECT count(*) FROM orders WHERE state IN ('PENDING', 'REJECTING', 'CANCELLING', 'AWAITING_PAYMENT')",
    ),
    ("svc-orders", "SELECT count(*) FROM order_tasks"),
    (
        "svc-inventory",
        "SELECT count(*) FROM reservations WHERE state = 'RESERVED'",
    ),
    (
        "svc-payments",
        "SELECT count(*) FROM payments WHERE state IN ('AUTHORIZING', 'CLOSING')",
    ),
    (
        "svc-payments",
        "SELECT count(*) FROM operations WHERE state IN ('PLANNED', 'SENT')",
    ),
    (
        "svc-payments",
        "SELECT count(*) FROM sandbox_events WHERE times > 0",
    ),
];

/// What came of a seed.
pub(crate) struct Outcome {
    pub(crate) seed: u64,
    /// What does not hold.
    pub(crate) wrong: Vec<String>,
    /// All that happened.
    pub(crate) trace: String,
    folder: TempDir,
}

impl Outcome {
    /// What the databases hold in the end, but for the ids of traces, which telemetry takes from elsewhere,
    /// and the details of refusals, whose pairs are in any order.
    pub(crate) fn contents(&self) -> [Vec<u8>; SERVICES.len()] {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime");
        SERVICES.map(|name| {
            let path = file(self.folder.path(), name);
            runtime.block_on(async {
                let options = SqliteConnectOptions::new().filename(&path);
                let mut connection = options.connect().await.expect("it opens");
                let refusals = match name {
                    "svc-orders" => "UPDATE orders SET rejection_details = NULL",
                    _ => "SELECT 1",
                };
                for statement in [
                    refusals,
                    "UPDATE idempotency SET reply = NULL WHERE code <> 0",
                    "UPDATE outbox SET trace = '[]'",
                    "VACUUM",
                ] {
                    let done = sqlx::query(statement).execute(&mut connection).await;
                    done.expect("it is SQL");
                }
                connection.close().await.expect("it closes");
            });
            fs::read(path).expect("it is there")
        })
    }
}

/// The database of a service.
pub(crate) fn file(folder: &Path, service: &str) -> PathBuf {
    folder.join(format!("{}.db", service.replace('-', "_")))
}

/// Databases without rows, made once.
static EMPTY: LazyLock<TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().expect("a place for temporary files");
    let path = folder.path().to_owned();
    runtime().block_on(async {
        let world = World::new(path, 0, Some(Weather::CALM));
        world.found();
        for name in SERVICES {
            world.start(name).await;
        }
        world.end();
        sleep(Duration::from_secs(1)).await;
    });
    folder
});

/// Its timers go when nothing else does, and at once.
fn runtime() -> Runtime {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime")
}

/// Runs a seed.
pub(crate) fn run(seed: u64) -> Outcome {
    let folder = tempfile::tempdir().expect("a place for temporary files");
    for name in SERVICES {
        let copied = fs::copy(file(EMPTY.path(), name), file(folder.path(), name));
        copied.expect("there is room for a database");
    }
    let (world, told) = runtime().block_on(live(folder.path(), seed));
    let mut wrong = world.wrong();
    if wrong.is_empty() {
        wrong = judge(folder.path(), &world, &told);
    }
    // Whatever else had it is gone with the runtime.
    let world = Arc::into_inner(world).expect("nothing of it goes on");
    Outcome {
        seed,
        wrong,
        trace: world.into_trace(),
        folder,
    }
}

async fn live(folder: &Path, seed: u64) -> (Arc<World>, Vec<Told>) {
    let world = World::new(folder.to_owned(), seed, None);
    world.note(format_args!("{:?}", world.weather));
    let crashes = world.below(5);
    world.found();
    for name in SERVICES {
        world.start(name).await;
    }
    let staff = Person::new(&world, 1, &["user", "admin"]);
    staff.receive(world.weather.units).await;
    world.doom(crashes);
    world.break_out();
    let buyers = (0..world.weather.buyers).map(|buyer| {
        let person = Person::new(&world, 100 + buyer as u128, &["user"]);
        tokio::spawn(person.buy())
    });
    let buyers: Vec<_> = buyers.collect();
    let work = tokio::spawn(staff.work());
    sleep(world.weather.storm).await;
    world.calm_down();
    let told = join_all(buyers).await;
    let told: Vec<Told> = told.into_iter().flatten().flatten().collect();
    let worked = work.await;
    if let Err(error) = worked {
        world.accuse(error);
    }
    rest(&world).await;
    world.end();
    // What was dropped goes in its own time.
    sleep(Duration::from_secs(1)).await;
    (world, told)
}

/// Waits until nothing is under way, twice in a row.
async fn rest(world: &Arc<World>) {
    let until = Instant::now() + REST;
    let mut quiet = 0;
    while quiet < 2 {
        sleep(Duration::from_secs(2)).await;
        let busy = timeout_at(until, busy(world)).await.unwrap_or_default();
        quiet = if busy.is_empty() { quiet + 1 } else { 0 };
        if Instant::now() >= until {
            world.accuse(format_args!(
                "it does not come to rest: {}",
                busy.join(", ")
            ));
            return;
        }
        if !world.wrong().is_empty() {
            return;
        }
    }
    world.note("it rests");
}

async fn busy(world: &Arc<World>) -> Vec<String> {
    let mut busy = Vec::new();
    if !world.hub.is_idle() {
        busy.push("events on their way".to_owned());
    }
    for (service, query) in UNDER_WAY {
        if world.count(service, query, None).await > 0 {
            busy.push(format!("{service}: {query}"));
        }
    }
    busy
}

impl World {
    /// Whether an event's change has committed.
    pub(crate) async fn is_committed(&self, service: &str, event: Uuid) -> bool {
        let query = "SELECT count(*) FROM outbox WHERE id = $1";
        self.count(service, query, Some(event)).await > 0
    }

    async fn count(&self, service: &str, query: &'static str, of: Option<Uuid>) -> i64 {
        let tx = self.database(service).look().await;
        let mut tx = tx.expect("the database can be read");
        let counted = match of {
            Some(id) => store::fetch_one!(tx, (i64,), query, id),
            None => store::fetch_one!(tx, (i64,), query),
        };
        counted.expect("it is SQL").0
    }
}

/// What does not hold in the end.
fn judge(folder: &Path, world: &World, told: &[Told]) -> Vec<String> {
    let time = world.now().to_rfc3339();
    let databases = Databases::sqlite_at(folder, &SERVICES, &time);
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let broken = databases.violations(0).await;
        let mut wrong: Vec<_> = broken.iter().map(ToString::to_string).collect();
        wrong.extend(promises(&databases, told).await);
        wrong.extend(histories(folder).await);
        wrong
    })
}

/// What buyers were told is so, and nobody has bought twice.
async fn promises(databases: &Databases, told: &[Told]) -> Vec<String> {
    let mut wrong = Vec::new();
    let query = "SELECT {id:order_id}, state FROM orders";
    let orders = databases.pairs("svc-orders", query).await;
    for Told {
        order,
        buyer,
        is_confirmed,
    } in told
    {
        let order = order.simple().to_string();
        match orders.iter().find(|(id, _)| *id == order) {
            None => wrong.push(format!("the order {order} of {buyer} is gone")),
            Some((_, state)) if *is_confirmed && state == "REJECTED" => {
                wrong.push(format!("the order {order} was confirmed and is {state}"));
            }
            Some(_) => {}
        }
    }
    let query = "SELECT count(*) FROM (SELECT 1 FROM orders GROUP BY user_id HAVING count(*) > 1)";
    let twice = databases.number("svc-orders", query).await;
    if twice > 0 {
        wrong.push(format!("{twice} buyers bought twice with one key"));
    }
    let query = "SELECT count(*) FROM (SELECT 1 FROM sandbox_refunds GROUP BY refund_id HAVING count(*) > 1)";
    let twice = databases.number("svc-payments", query).await;
    if twice > 0 {
        wrong.push(format!("{twice} refunds were given twice"));
    }
    wrong
}

/// Whether the histories of orders are those that were signed.
async fn histories(folder: &Path) -> Vec<String> {
    let config = DatabaseConfig::sqlite(file(folder, "svc-orders"));
    let database = store::Database::existing(&config, "audit").await;
    let database = database.expect("it opens").expect("it is there");
    let key = AuditKey::given(AUDIT_KEY.into()).read();
    let key = key.expect("it is a key").expect("it is given");
    let audit = Audit::new(database.clone(), vec![key.public()]);
    let checked = audit.page(None).await.expect("it can be read");
    database.close().await;
    let findings = checked.into_iter().filter_map(|order| order.finding);
    findings.map(|finding| finding.to_string()).collect()
}
