//! The edge in both of its modes, and what is written by hand.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use e2e::{
    Mesh,
    condition::eventually,
    process::{Process, binary},
};

use super::{Case, Target};
use crate::{
    contract::{self, Routes},
    load,
    servers::{self, free_port},
};

pub(super) const FLOOR: &str = "floor: no JSON, HTTP/2 directly";
pub(super) const PROXY: &str = "proxy of HTTP/2";
pub(super) const GENERIC: &str = "edge, generic mode";
pub(super) const FULL: &str = "edge, full pipeline";
/// An older one, where BENCH_BEFORE says that it is.
const GENERIC_BEFORE: &str = "before: edge, generic mode";
const FULL_BEFORE: &str = "before: edge, full pipeline";
pub(super) const BARE: &str = "hand-written handler";
/// So high that it refuses nobody, but counts.
const LIMIT: &str = "60000000/60s";
const UNARY: &[Case] = &[Case::Get, Case::Post, Case::Large, Case::List];

pub(super) fn free_address() -> String {
    format!("127.0.0.1:{}", free_port())
}

pub(super) async fn own(mesh: &Mesh, upstream: &str, token: &str, folder: &Path) -> Vec<Target> {
    let now = binary("edge");
    let mut targets = vec![
        by_hand(FLOOR, "floor", false, Case::REST, upstream, folder).await,
        by_hand(PROXY, "proxy", false, &[Case::Call], upstream, folder).await,
        generic(GENERIC, &now, upstream, folder).await,
        full_pipeline(FULL, &now, mesh, upstream, token, folder).await,
        by_hand(
            "no JSON, axum and tonic",
            "channel",
            false,
            UNARY,
            upstream,
            folder,
        )
        .await,
        by_hand(BARE, "bare", true, UNARY, upstream, folder).await,
    ];
    if let Ok(before) = std::env::var("BENCH_BEFORE") {
        let then = PathBuf::from(before).join("edge");
        targets.push(generic(GENERIC_BEFORE, &then, upstream, folder).await);
        targets.push(full_pipeline(FULL_BEFORE, &then, mesh, upstream, token, folder).await);
    }
    targets
}

/// Without anything measured yet.
pub(super) fn target(name: &'static str, address: String, process: Process) -> Target {
    Target {
        name,
        address,
        process,
        token: String::new(),
        json: true,
        cases: Case::ALL.to_vec(),
        idle: f64::NAN,
        samples: Vec::new(),
    }
}

/// The mesh's edge, with authentication, access, limits, metrics and traces.
async fn full_pipeline(
    name: &'static str,
    program: &Path,
    mesh: &Mesh,
    upstream: &str,
    token: &str,
    folder: &Path,
) -> Target {
    let auth = &mesh.grpc["svc-auth"][0];
    let nats = mesh.variable("edge-0", "NATS_URL");
    let key = mesh.workloads.key_file("edge").display().to_string();
    let variables = vec![
        ("SVC_AUTH_URL", format!("http://{auth}")),
        ("SVC_ORDERS_URL", format!("http://{upstream}")),
        ("NATS_URL", nats.expect("it has NATS").to_owned()),
        ("WORKLOAD_KEY_FILE", key),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{upstream}")),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio".to_owned()),
        ("OTEL_TRACES_SAMPLER_ARG", "0.01".to_owned()),
    ];
    let mut target = edge(name, program, &[], variables, folder).await;
    token.clone_into(&mut target.token);
    target
}

/// The edge as anybody may use it before servers of their own.
async fn generic(name: &'static str, program: &Path, upstream: &str, folder: &Path) -> Target {
    let arguments = [
        "--descriptor-set".to_owned(),
        plain(Routes::All, folder),
        "--upstream".to_owned(),
        format!("{}=http://{upstream}", contract::SERVICE),
    ];
    edge(name, program, &arguments, Vec::new(), folder).await
}

/// Writes the contract's descriptor set as anybody's; its path.
pub(super) fn plain(routes: Routes, folder: &Path) -> String {
    let set = folder.join(match routes {
        Routes::All => "all.binpb",
        Routes::Whole => "whole.binpb",
        Routes::Simple => "simple.binpb",
    });
    std::fs::write(&set, contract::plain(routes)).expect("the folder can be written");
    set.display().to_string()
}

async fn edge(
    name: &'static str,
    program: &Path,
    arguments: &[String],
    mut variables: Vec<(&'static str, String)>,
    folder: &Path,
) -> Target {
    let (address, ops) = (free_address(), free_address());
    variables.extend([
        ("LISTEN", address.clone()),
        ("OPS_LISTEN", ops.clone()),
        ("EDGE_ADDRESS_LIMIT", LIMIT.to_owned()),
        ("EDGE_USER_LIMIT", LIMIT.to_owned()),
        ("EDGE_STREAMS_PER_USER", "10000".to_owned()),
        ("EDGE_STREAMS_PER_ADDRESS", "10000".to_owned()),
    ]);
    let log = folder.join("edge.log");
    let process = Process::start("edge", program, arguments, variables, &log);
    let readyz = load::request("GET", "/readyz", "", b"", "");
    let what = format!("{name}: {}", process.output());
    eventually(&what, Duration::from_secs(20), || {
        std::future::ready(load::answers(&ops, &readyz).then_some(()))
    })
    .await;
    target(name, address, process)
}

async fn by_hand(
    name: &'static str,
    word: &str,
    json: bool,
    cases: &'static [Case],
    upstream: &str,
    folder: &Path,
) -> Target {
    let address = free_address();
    let process = servers::start(&[word, &address, upstream], folder).await;
    let target = target(name, address, process);
    Target {
        json,
        cases: cases.to_vec(),
        ..target
    }
}
