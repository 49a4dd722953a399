//! `tradewind up` on its embedded defaults: how long until it is ready, and its memory.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use e2e::{
    Mesh, Setup,
    mesh::{ADMIN_EMAIL, ADMIN_PASSWORD, Kind},
    process::{Process, binary},
};

use crate::{
    load::{self, Pace},
    median,
    orders::Shop,
    report::{Section, verdict},
    servers::free_port,
    tell, usage,
};

const STARTS: usize = 5;
const CONNECTIONS: usize = 16;
const LOAD: Duration = Duration::from_secs(5);
/// After which memory is looked at.
const REST: Duration = Duration::from_secs(2);

pub(crate) async fn measure() -> Section {
    let (mut first, mut again) = (Vec::new(), Vec::new());
    for round in 1..=STARTS {
        tell(&format!("start of tradewind up, {round} of {STARTS}"));
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        first.push(start(folder.path()).await);
        again.push(start(folder.path()).await);
    }

    tell("memory of tradewind up");
    let mut mesh = Mesh::start(Setup::new(Kind::Embedded)).await;
    let pid = mesh.process("tradewind").id();
    tokio::time::sleep(REST).await;
    let idle = usage::resident(pid);
    let shop = Shop::open(&mesh).await;
    let mut clients = shop.clients(CONNECTIONS);
    let outcome = load::run(shop.address(), &mut clients, Pace::Closed, LOAD);
    let outcome = outcome.checked("orders on SQLite");
    tokio::time::sleep(REST).await;
    let loaded = usage::resident(pid);

    let mut section = Section::new("Everything in one process");
    section.say(
        "`tradewind up` on SQLite, the in-process bus and cache: the edge and seven services. \
         From its exec to the first 200 of `/readyz`; resident memory with the program's own pages.",
    );
    let start = |what: &str, times: Vec<f64>| {
        let time = median(times);
        let aim = format!("1,000 ms: {}", verdict(time <= 1000.0));
        vec![what.to_owned(), format!("{time:.0} ms"), aim]
    };
    let memory = |what: &str, size: f64| {
        let aim = format!("80 MiB: {}", verdict(size < 80.0));
        vec![what.to_owned(), format!("{size:.0} MiB"), aim]
    };
    let orders = format!("after {} orders", outcome.answers);
    section.table(
        &["", "measured", "aim"],
        &[
            start(
                "ready, first start (makes databases, keys, an administrator)",
                first,
            ),
            start("ready, started again", again),
            memory("resident, idle", idle),
            memory(&format!("resident, {orders}"), loaded),
            vec![
                format!("orders of three lines per second, {CONNECTIONS} connections"),
                format!("{:.0}", outcome.rate()),
                String::new(),
            ],
        ],
    );
    section
}

/// Starts it, waits until it is ready, stops it. Milliseconds until it was ready.
async fn start(data: &Path) -> f64 {
    let ops = free_port();
    let mut arguments = vec!["up".into(), "--data-dir".into(), data.display().to_string()];
    let services = [
        "auth",
        "users",
        "catalog",
        "inventory",
        "orders",
        "shipping",
    ];
    for name in services.into_iter().chain(["edge"]) {
        arguments.extend([format!("--{name}-port"), free_port().to_string()]);
    }
    arguments.extend(["--ops-port".into(), ops.to_string()]);
    let variables = [
        ("ADMIN_EMAIL", ADMIN_EMAIL.to_owned()),
        ("ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
    ];
    let log = data.join("tradewind.log");
    let program = binary("tradewind");
    let begin = Instant::now();
    let mut process = Process::start("tradewind", &program, &arguments, variables, &log);
    let address = format!("127.0.0.1:{ops}");
    let readyz = load::request("GET", "/readyz", "", b"", "");
    while !load::answers(&address, &readyz) {
        let waits = process.ended().is_none() && begin.elapsed() < Duration::from_secs(30);
        assert!(waits, "it is never ready:\n{}", process.output());
        std::thread::sleep(Duration::from_millis(1));
    }
    let ready = begin.elapsed();
    process.terminate();
    process.end(Duration::from_secs(30)).await;
    ready.as_secs_f64() * 1000.0
}
