//! The edge's CPU time per request, beside what an engineer would write by hand and beside the
//! floor: in turns, before the same server.

use std::{path::Path, time::Duration};

use e2e::{
    Mesh,
    condition::eventually,
    process::{Process, binary},
    shop::Customer,
};

use crate::{
    contract,
    load::{self, Pace},
    median,
    report::{Chart, Section},
    servers::{self, free_port},
    tell, usage,
};

const CONNECTIONS: usize = 32;
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const LENGTH: Duration = Duration::from_secs(3);
const PROTOBUF: &str = "application/protobuf";
const JSON: &str = "application/json";
/// So high that it refuses nobody, but counts.
const LIMIT: &str = "60000000/60s";

/// Something in front of the server of orders.
struct Target {
    name: &'static str,
    address: String,
    process: Process,
    /// A GET and a POST.
    requests: [Vec<u8>; 2],
    /// Of the GETs and of the POSTs.
    samples: [Vec<Sample>; 2],
}

struct Sample {
    cpu_micros: f64,
    rate: f64,
    p50: f64,
    p99: f64,
}

/// `mesh` has accounts and their tokens; its own orders are not called.
pub(crate) async fn measure(mesh: &Mesh) -> (Section, Chart) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let folder = folder.path();
    let upstream = free_address();
    let _stub = servers::start(&["stub", &upstream], folder).await;
    let token = Customer::register(mesh).await.rest.token().to_owned();
    let mut targets = [
        full_pipeline(mesh, &upstream, &token, folder).await,
        generic(&upstream, folder).await,
        bare(&upstream, folder).await,
        floor(&upstream, folder).await,
    ];
    for round in 1..=ROUNDS {
        tell(&format!("edge, round {round} of {ROUNDS}"));
        for target in &mut targets {
            for kind in 0..2 {
                let sample = target.measure(kind);
                target.samples[kind].push(sample);
            }
        }
    }
    section(&targets)
}

impl Target {
    fn new(
        name: &'static str,
        address: String,
        process: Process,
        requests: [Vec<u8>; 2],
    ) -> Target {
        Target {
            name,
            address,
            process,
            requests,
            samples: Default::default(),
        }
    }

    fn measure(&self, kind: usize) -> Sample {
        let mut clients = load::same(&self.requests[kind], CONNECTIONS);
        load::run(&self.address, &mut clients, Pace::Closed, WARM_UP).checked(self.name);
        let before = usage::cpu(self.process.id());
        let outcome = load::run(&self.address, &mut clients, Pace::Closed, LENGTH);
        let used = usage::cpu(self.process.id()) - before;
        let outcome = outcome.checked(self.name);
        Sample {
            cpu_micros: used.as_secs_f64() * 1e6 / outcome.answers as f64,
            rate: outcome.rate(),
            p50: outcome.percentile(0.5),
            p99: outcome.percentile(0.99),
        }
    }

    fn median(&self, kind: usize, of: fn(&Sample) -> f64) -> f64 {
        median(self.samples[kind].iter().map(of))
    }

    fn cpu(&self) -> [f64; 2] {
        [0, 1].map(|kind| self.median(kind, |sample| sample.cpu_micros))
    }
}

fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

/// A GET and a POST of an order over REST.
fn rest(token: &str) -> [Vec<u8>; 2] {
    let path = format!("/v1/orders/{}", contract::ORDER_ID);
    let post = load::request("POST", "/v1/orders", token, &contract::posted(), JSON);
    [load::request("GET", &path, token, b"", ""), post]
}

/// The mesh's edge, with authentication, access and limits.
async fn full_pipeline(mesh: &Mesh, upstream: &str, token: &str, folder: &Path) -> Target {
    let auth = &mesh.grpc["svc-auth"][0];
    let nats = mesh.nats.as_ref().expect("a mesh of processes has NATS");
    let variables = vec![
        ("SVC_AUTH_URL", format!("http://{auth}")),
        ("SVC_ORDERS_URL", format!("http://{upstream}")),
        ("NATS_URL", nats.url.clone()),
        (
            "WORKLOAD_KEY_FILE",
            mesh.workloads.key_file("edge").display().to_string(),
        ),
    ];
    edge("edge, full pipeline", &[], variables, rest(token), folder).await
}

/// The edge as anybody may use it before servers of their own.
async fn generic(upstream: &str, folder: &Path) -> Target {
    let set = folder.join("plain.binpb");
    std::fs::write(&set, contract::plain()).expect("the folder can be written");
    let arguments = [
        "--descriptor-set".to_owned(),
        set.display().to_string(),
        "--upstream".to_owned(),
        format!("{}=http://{upstream}", contract::SERVICE),
    ];
    edge(
        "edge, generic mode",
        &arguments,
        Vec::new(),
        rest(""),
        folder,
    )
    .await
}

async fn edge(
    name: &'static str,
    arguments: &[String],
    mut variables: Vec<(&'static str, String)>,
    requests: [Vec<u8>; 2],
    folder: &Path,
) -> Target {
    let (address, ops) = (free_address(), free_address());
    variables.extend([
        ("LISTEN", address.clone()),
        ("OPS_LISTEN", ops.clone()),
        ("EDGE_ADDRESS_LIMIT", LIMIT.to_owned()),
        ("EDGE_USER_LIMIT", LIMIT.to_owned()),
    ]);
    let log = folder.join("edge.log");
    let process = Process::start("edge", &binary("edge"), arguments, variables, &log);
    let readyz = load::request("GET", "/readyz", "", b"", "");
    let what = format!("{name}: {}", process.output());
    eventually(&what, Duration::from_secs(20), || {
        std::future::ready(load::answers(&ops, &readyz).then_some(()))
    })
    .await;
    Target::new(name, address, process, requests)
}

async fn bare(upstream: &str, folder: &Path) -> Target {
    let address = free_address();
    let process = servers::start(&["bare", &address, upstream], folder).await;
    Target::new("hand-written handler", address, process, rest(""))
}

async fn floor(upstream: &str, folder: &Path) -> Target {
    let address = free_address();
    let process = servers::start(&["floor", &address, upstream], folder).await;
    let [get, _] = rest("");
    let message = contract::posted_message();
    let post = load::request("POST", "/v1/orders", "", &message, PROTOBUF);
    Target::new("no JSON, bytes through", address, process, [get, post])
}

fn section(targets: &[Target; 4]) -> (Section, Chart) {
    let [_, _, bare, _] = targets;
    let row = |target: &Target| {
        let mut cells = vec![target.name.to_owned()];
        for (cpu, bare) in target.cpu().into_iter().zip(bare.cpu()) {
            cells.push(format!("{cpu:.0} us ({:.2})", cpu / bare));
        }
        for kind in [0, 1] {
            cells.push(format!("{:.0}", target.median(kind, |sample| sample.rate)));
        }
        for kind in [0, 1] {
            let p50 = target.median(kind, |sample| sample.p50);
            let p99 = target.median(kind, |sample| sample.p99);
            cells.push(format!("{p50:.1} / {p99:.1} ms"));
        }
        cells.push(format!("{:.0} MiB", usage::resident(target.process.id())));
        cells
    };
    let chart = Chart {
        title: "CPU time of the process per request, microseconds",
        series: ["GET", "POST"],
        groups: targets
            .iter()
            .map(|target| (target.name, target.cpu()))
            .collect(),
    };
    let mut section = Section::new("The edge");
    section.say(&format!(
        "CPU time (user and system) of the process per request, {CONNECTIONS} connections in a \
         closed loop, before one gRPC server that always returns the same order. GET is \
         `/v1/orders/{{order_id}}`; POST sends an order of {} bytes of JSON; both return about \
         1 kB. In parentheses: relative to the handler written by hand in the same run.",
        contract::POSTED
    ));
    section.say(
        "- *edge, full pipeline*: the mesh's edge, with a valid token that it has verified before, \
         access by the contract and rate limits.\n\
         - *edge, generic mode*: the edge before anybody's servers, from their descriptor set, \
         public.\n\
         - *hand-written handler*: axum, serde, the generated types and tonic's Channel for these \
         two routes alone, without limits, deadlines, policy, retries or tracing.\n\
         - *no JSON, bytes through*: axum and tonic's Channel, the messages already encoded.",
    );
    let head = [
        "",
        "CPU per GET",
        "CPU per POST",
        "GET/s",
        "POST/s",
        "GET p50 / p99",
        "POST p50 / p99",
        "resident",
    ];
    section.table(&head, &targets.each_ref().map(row));
    section.say(&chart.reference());
    (section, chart)
}
