//! Placing orders on Postgres, NATS and Redis, beside pgbench with the same statements.

use std::{
    collections::BTreeMap,
    path::Path,
    time::{Duration, SystemTime},
};

use e2e::{
    Mesh, Setup,
    mesh::Kind,
    servers::{Server, variable},
};
use net::clock::Clock;
use tokio::time::{Instant, sleep};

use crate::{
    load::{self, Pace},
    median,
    pgbench::{self, Pgbench, SKUS},
    report::{Section, verdict},
    tell,
    usage::{self, Costs},
};

mod shop;

use shop::CUSTOMERS;
pub(crate) use shop::Shop;

const CONNECTIONS: usize = 32;
/// Enough that the open loop never runs out of connections before the server is full.
const OPEN_CONNECTIONS: usize = 128;
const ROUNDS: usize = 3;
const WARM_UP: Duration = Duration::from_secs(3);
const LENGTH: Duration = Duration::from_secs(6);
const AIM_SHARE: f64 = 30.0;
const AIM_P50: f64 = 5.0;
const AIM_SHIPMENT: f64 = 20.0;

pub(crate) async fn measure() -> Section {
    let server = variable("TEST_DATABASE_URL");
    tell("preparing pgbench");
    let baseline = Baseline {
        pgbench: Pgbench::prepare(&server).await,
        postmaster: postmaster().await,
        server,
    };
    let mut measured = Vec::new();
    for kind in [Kind::Real, Kind::Embedded] {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let (name, mesh, _servers) = start(kind, &baseline.server, folder.path()).await;
        measured.push((name, baseline.compare(&mesh, name).await));
    }
    let transactions = baseline.pgbench.transactions(&baseline.server).await;
    section(&measured, transactions)
}

/// A mesh on real servers: as processes of their own, or all in one.
async fn start(kind: Kind, server: &str, folder: &Path) -> (&'static str, Mesh, Vec<Server>) {
    match kind {
        Kind::Real => {
            let name = "separate processes, two each of edge, orders and shipping";
            tell(&format!("starting {name}"));
            (name, Mesh::start(Setup::new(kind)).await, Vec::new())
        }
        Kind::Embedded => {
            let name = "`tradewind up`, one process";
            tell(&format!("starting {name}"));
            let servers = vec![Server::nats(folder).await, Server::redis(folder).await];
            let setup = Setup::new(kind)
                .with("DATABASE_URL", server)
                .with("NATS_URL", &servers[0].url)
                .with("REDIS_URL", &servers[1].url);
            let mut mesh = Mesh::start(setup).await;
            // They are looked for in files, which it does not have here; `settled` waits for them.
            mesh.leaves_events();
            (name, mesh, servers)
        }
    }
}

/// What a mesh is held against, and where it runs.
struct Baseline {
    pgbench: Pgbench,
    server: String,
    postmaster: u32,
}

#[derive(Default)]
struct Saturated {
    rates: Vec<f64>,
    pgbench: Vec<f64>,
    shares: Vec<f64>,
    drained: Vec<f64>,
    costs: Vec<BTreeMap<String, f64>>,
    orders: u64,
}

struct Figures {
    saturated: Saturated,
    transactions: f64,
    p50: f64,
    p99: f64,
    /// From an order's confirmation to its shipment, in milliseconds; the median.
    shipment: f64,
}

impl Baseline {
    async fn compare(&self, mesh: &Mesh, name: &str) -> Figures {
        let shop = Shop::open(mesh).await;
        let mut warm = shop.clients(CONNECTIONS);
        load::run(shop.address(), &mut warm, Pace::Closed, WARM_UP).checked(name);
        settled(&self.server).await;
        let commits = pgbench::commits(&self.server).await;
        let mut saturated = Saturated::default();
        for round in 1..=ROUNDS {
            tell(&format!("orders, round {round} of {ROUNDS}"));
            self.saturate(&shop, name, &mut saturated).await;
        }
        let commits = pgbench::commits(&self.server).await - commits;

        let pace = Pace::Open(median(saturated.rates.clone()) / 2.0);
        let mut clients = shop.clients(OPEN_CONNECTIONS);
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        let since: SystemTime = Clock::system().now().into();
        for round in 1..=ROUNDS {
            tell(&format!(
                "orders at half of saturation, round {round} of {ROUNDS}"
            ));
            let outcome = load::run(shop.address(), &mut clients, pace, LENGTH).checked(name);
            p50.push(outcome.percentile(0.5));
            p99.push(outcome.percentile(0.99));
            settled(&self.server).await;
        }
        let took = pgbench::to_shipments(&self.server, since).await;
        Figures {
            shipment: median(took),
            transactions: commits / saturated.orders as f64,
            saturated,
            p50: median(p50),
            p99: median(p99),
        }
    }

    async fn saturate(&self, shop: &Shop, name: &str, saturated: &mut Saturated) {
        let pgbench = self.pgbench.run(CONNECTIONS, LENGTH).await;
        let before = Costs::now(self.postmaster);
        let mut clients = shop.clients(CONNECTIONS);
        let outcome = load::run(shop.address(), &mut clients, Pace::Closed, LENGTH).checked(name);
        saturated.costs.push(before.per(outcome.answers));
        saturated.drained.push(settled(&self.server).await);
        saturated.orders += outcome.answers;
        saturated.rates.push(outcome.rate());
        saturated.shares.push(outcome.rate() / pgbench * 100.0);
        saturated.pgbench.push(pgbench);
        tell(&format!(
            "{:.0} orders/s, pgbench {pgbench:.0}/s",
            outcome.rate()
        ));
    }
}

fn section(measured: &[(&str, Figures)], pgbench_transactions: f64) -> Section {
    let mut section = Section::new("Placing orders");
    section.say(&format!(
        "`POST /v1/orders` with three lines on Postgres (fsync on), NATS JetStream (a sync for \
         each message) and Redis; {CONNECTIONS} connections in a closed loop, {CUSTOMERS} \
         customers, {SKUS} products. An order counts when it was answered with 201: confirmed, its \
         stock allocated, its money held by the sandbox, whose tables are beside those of \
         svc-payments. Its events and its shipment are made meanwhile on the same cores; \
         *drained* is how long they took after the last order."
    ));
    section.say(
        "pgbench runs the statements of the same flow, shipment and outbox included and the payment \
         left out, with as many clients, in turns with the mesh and in one database of the same server \
         (`e2e/src/bin/benchmarks/pgbench/order.sql`). Latencies are those of an open loop at half \
         of the rate, from the time when a request was due (coordinated omission corrected).",
    );
    let row = |(name, figures): &(&str, Figures)| {
        let Figures {
            saturated,
            p50,
            p99,
            shipment,
            ..
        } = figures;
        let share = median(saturated.shares.clone());
        vec![
            (*name).to_owned(),
            format!("{:.0}", median(saturated.rates.clone())),
            format!("{:.0}", median(saturated.pgbench.clone())),
            format!("{share:.0} % ({})", verdict(share > AIM_SHARE)),
            format!("{p50:.1} ms ({})", verdict(*p50 < AIM_P50)),
            format!("{p99:.1} ms"),
            format!("{shipment:.1} ms ({})", verdict(*shipment < AIM_SHIPMENT)),
            format!("{:.1} s", median(saturated.drained.clone())),
        ]
    };
    let head = [
        "",
        "orders/s",
        "pgbench/s",
        "share (aim: above 30 %)",
        "p50 at half (aim: below 5 ms)",
        "p99 at half",
        "confirmed to shipment, p50 at half (aim: below 20 ms)",
        "drained",
    ];
    section.table(&head, &measured.iter().map(row).collect::<Vec<_>>());
    for (name, figures) in measured {
        let costs = Costs::medians(&figures.saturated.costs);
        section.say(&format!(
            "CPU time per order, {name}: {}. {:.1} transactions per order, those that only read \
             and those of idle relays included.",
            Costs::list(&costs),
            figures.transactions
        ));
    }
    section.say(&format!(
        "pgbench takes {pgbench_transactions:.1} transactions per order: its relay always takes 64 \
         events at once, and nothing polls."
    ));
    section
}

/// The process that started all of Postgres' others.
pub(crate) async fn postmaster() -> u32 {
    let mut connection = pgbench::connect(&variable("TEST_DATABASE_URL")).await;
    let pid: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
        .fetch_one(&mut connection)
        .await
        .expect("Postgres answers");
    usage::parent(u32::try_from(pid).expect("ids of processes are positive"))
}

/// Waits until every event of every mesh is published and every confirmed order has its shipment;
/// how many seconds that took.
pub(crate) async fn settled(server: &str) -> f64 {
    let start = Instant::now();
    loop {
        let open = pgbench::unsettled(server).await;
        if open == 0 {
            return start.elapsed().as_secs_f64();
        }
        let waits = start.elapsed() < Duration::from_secs(120);
        assert!(waits, "{open} events or shipments are missing");
        sleep(Duration::from_millis(50)).await;
    }
}
