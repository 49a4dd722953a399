//! A service, NATS or Redis away: what can go on goes on, what cannot says so. And the faults of
//! `e2e::faults` under load, those that need little time; `make faults` has all of them for longer.

use std::time::Duration;

use e2e::{
    Mesh,
    condition::eventually,
    faults::{fault::Notice, kinds, load::Pressure, report::Report, run::Trial, stage::Stage},
    shop::{self, Customer},
};
use tokio::{
    sync::{Mutex, OnceCell},
    time::Instant,
};

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_down_gets_503_until_it_is_back() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    for replica in mesh.replicas("svc-catalog") {
        mesh.kill(&replica);
    }
    let start = Instant::now();
    let refusal = buyer
        .order(&sku, 1)
        .await
        .refused(503, "DEPENDENCY_UNAVAILABLE");
    assert!(refusal.headers.contains_key("retry-after"));
    assert!(
        start.elapsed() < Duration::from_secs(15),
        "it hung for {:?}",
        start.elapsed()
    );
    mesh.restart().await;
    eventually("orders go on", PATIENCE, || async {
        (buyer.order(&sku, 1).await.status == 201).then_some(())
    })
    .await;
    mesh.databases.hold(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_replica_less_is_not_noticed() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 99).await;
    buyer.order(&sku, 1).await.expect(201);
    mesh.kill("svc-orders-0");
    for _ in 0..10 {
        buyer.order(&sku, 1).await.expect(201);
    }
    mesh.databases.hold(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn orders_go_on_without_nats_and_are_shipped_afterwards() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    mesh.nats.as_mut().expect("it is real").kill();
    let mut orders = Vec::new();
    for _ in 0..5 {
        orders.push(buyer.order(&sku, 1).await.expect(201).text_at("/orderId"));
    }
    let ops = mesh.ops["svc-orders-0"].clone();
    let report = eventually("the process says that NATS is away", PATIENCE, || async {
        let reply = e2e::Rest::new(&ops).get("/readyz").await.expect(200);
        reply.text.contains("degraded").then_some(reply.text)
    })
    .await;
    assert!(
        report.contains("event bus"),
        "it says what is away: {report}"
    );
    mesh.nats.as_mut().expect("it is real").start().await;
    for order in &orders {
        eventually("the order is shipped", PATIENCE, || {
            shop::shipment_of(&admin, order)
        })
        .await;
    }
    mesh.databases.hold(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_without_redis() {
    let mut mesh = Mesh::real().await;
    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 9).await;
    admin.get(&format!("/v1/products/{sku}")).await.expect(200);
    mesh.redis.as_mut().expect("it is real").kill();
    let order = buyer.order(&sku, 1).await.expect(201).text_at("/orderId");
    admin.get(&format!("/v1/products/{sku}")).await.expect(200);
    admin.get(&format!("/v1/stock/{sku}")).await.expect(200);
    buyer.rest.get("/v1/users/me").await.expect(200);
    buyer.rest.get("/v1/orders").await.expect(200);
    eventually("the order is shipped", PATIENCE, || {
        shop::shipment_of(&admin, &order)
    })
    .await;
    mesh.redis.as_mut().expect("it is real").start().await;
    buyer.order(&sku, 1).await.expect(201);
    mesh.databases.hold(0).await;
}

/// The mesh on which faults are tried, one after the other, and the seed of all of them.
static STAGE: OnceCell<(u64, Mutex<Stage>)> = OnceCell::const_new();

/// Makes a test of each fault.
macro_rules! faults {
    ($($name:ident),+ $(,)?) => {
        $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            under_load(stringify!($name)).await;
        })+
    };
}

faults!(
    one_replica_of_each_is_killed,
    a_process_is_parted_from_everything,
    postgres_stops_at_once_and_starts_again,
    redis_stands_still,
    nats_loses_its_disk,
);

/// The page says of each fault what clients may notice.
#[test]
fn the_page_lists_every_fault() {
    let page = include_str!("../../../docs/RELIABILITY.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<_> = line.strip_prefix("| ")?.split(" | ").collect();
        let name = cells[0].trim_matches(['*', '`']);
        kinds::all().find(|fault| fault.name == name)?;
        Some((name, cells[2] == "no"))
    });
    let told: Vec<_> = rows.collect();
    let are = kinds::all().map(|fault| (fault.name, fault.notice == Notice::Nothing));
    assert_eq!(told, are.collect::<Vec<_>>());
}

async fn under_load(name: &str) {
    let stage = STAGE.get_or_init(|| async {
        let seed = std::env::var("SEED")
            .ok()
            .and_then(|seed| seed.parse().ok());
        let seed = seed.unwrap_or(1);
        (seed, Mutex::new(Stage::set(seed).await))
    });
    let (seed, stage) = stage.await;
    let mut stage = stage.lock().await;
    let fault = kinds::all().find(|fault| fault.name == name);
    let fault = fault.expect("it is one of them");
    let trial = Trial {
        seed: *seed,
        pressure: Pressure {
            clients: 4,
            pause: Duration::from_millis(50),
        },
        orders: 15,
        at_most: Duration::from_secs(4),
    };
    let folder = stage.mesh.folder().to_owned();
    let row = trial.of(fault, &mut stage, &folder).await;
    let is_right = row.violations.is_empty();
    let mut report = Report::default();
    report.add(row);
    assert!(
        is_right,
        "SEED={seed}, history in {}:\n{report}",
        folder.display()
    );
}
