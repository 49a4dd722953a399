//! What the edge costs for each request, beside others that do the same and beside the floor: in
//! turns, before the same server.

mod cases;
mod others;
mod page;
mod targets;

use std::{io, time::Duration};

use e2e::{Mesh, process::Process, shop::Customer};

use crate::{
    load::Connection,
    median,
    report::{Chart, Section},
    servers, tell, usage,
};

use cases::Case;

const WARM_UP: Duration = Duration::from_millis(500);
/// Connections that do nothing.
const IDLE: usize = 1000;

/// Something in front of the server of orders.
struct Target {
    name: &'static str,
    address: String,
    process: Process,
    token: String,
    /// It speaks JSON.
    json: bool,
    cases: Vec<Case>,
    /// With [`IDLE`] connections of HTTP/1.1, in MiB; not a number if it does not speak that.
    idle: f64,
    samples: Vec<(Case, Sample)>,
}

/// Of one round.
struct Sample {
    cpu_micros: f64,
    rate: f64,
    p50: f64,
    p99: f64,
    resident: f64,
}

/// `mesh` has accounts and their tokens; its own orders are not called. `BENCH_ROUNDS`,
/// `BENCH_SECONDS` and `BENCH_CASES` make it shorter.
pub(crate) async fn measure(mesh: &Mesh) -> (Section, Chart) {
    let rounds = setting("BENCH_ROUNDS", 5);
    let length = Duration::from_secs(setting("BENCH_SECONDS", 3));
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = folder.path();
    let upstream = targets::free_address();
    let _stub = servers::start(&["stub", &upstream], folder).await;
    let token = Customer::register(mesh).await.rest.token().to_owned();
    let mut all = targets::own(mesh, &upstream, &token, folder).await;
    all.extend(others::all(&upstream, folder).await);
    for target in &mut all {
        if target.cases.contains(&Case::Get) {
            target.idle = target.with_idle_connections();
        }
    }
    let cases = Case::asked_for();
    for round in 1..=rounds {
        for case in cases.iter().copied() {
            tell(&format!("edge, round {round} of {rounds}: {}", case.name()));
            for target in &mut all {
                if target.cases.contains(&case) {
                    let sample = target.measure(case, length);
                    target.samples.push((case, sample));
                }
            }
        }
    }
    page::section(&all, rounds)
}

fn setting(name: &str, default: u64) -> u64 {
    let value = std::env::var(name).ok();
    value.map_or(default, |value| {
        value.parse().unwrap_or_else(|_| panic!("{name}={value}"))
    })
}

impl Target {
    fn measure(&self, case: Case, length: Duration) -> Sample {
        let load = |length| case.load(&self.address, &self.token, self.json, length);
        let what = format!("{}, {}", self.name, case.name());
        load(WARM_UP).checked(&what);
        let before = usage::cpu(self.process.id());
        let outcome = load(length);
        let used = usage::cpu(self.process.id()) - before;
        let outcome = outcome.checked(&what);
        Sample {
            cpu_micros: used.as_secs_f64() * 1e6 / outcome.answers as f64,
            rate: outcome.rate(),
            p50: outcome.percentile(0.5),
            p99: outcome.percentile(0.99),
            resident: usage::resident(self.process.id()),
        }
    }

    /// Its memory while connections are open that have each had one reply.
    fn with_idle_connections(&self) -> f64 {
        let request = Case::Get.request(&self.token, self.json);
        let open = |_| -> io::Result<Connection> {
            let mut connection = Connection::open(&self.address)?;
            connection.exchange(&request)?;
            Ok(connection)
        };
        let open: io::Result<Vec<Connection>> = (0..IDLE).map(open).collect();
        let open = open.unwrap_or_else(|error| panic!("{}, idle: {error}", self.name));
        let resident = usage::resident(self.process.id());
        drop(open);
        resident
    }

    /// The median of the rounds; none if it cannot do that.
    fn median(&self, case: Case, of: fn(&Sample) -> f64) -> Option<f64> {
        let samples = self.samples.iter().filter(|(other, _)| *other == case);
        let values: Vec<f64> = samples.map(|(_, sample)| of(sample)).collect();
        (!values.is_empty()).then(|| median(values))
    }
}
