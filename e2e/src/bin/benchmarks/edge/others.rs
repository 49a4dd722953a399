//! Programs of others with the same contract. `scripts/bench-edge` installs them and says in a
//! variable where each is; one without its variable is left out, and
//! so are the cases that it cannot do.

use std::{
    env, fs,
    path::Path,
    time::{Duration, Instant},
};

use e2e::process::Process;

use super::{
    Case, Target,
    targets::{free_address, plain, target},
};
use crate::{contract::Routes, load, tell};

/// For the first answer; who needs longer is left out.
const PATIENCE: Duration = Duration::from_secs(20);
pub(super) const ENVOY: &str = "Envoy";
pub(super) const GATEWAY: &str = "grpc-gateway";

/// A program, its name, and the variable with its path.
const OTHERS: [(&str, &str); 3] = [
    (ENVOY, "BENCH_ENVOY"),
    (GATEWAY, "BENCH_GRPC_GATEWAY"),
    ("structured-proxy", "BENCH_STRUCTURED_PROXY"),
];

pub(super) async fn all(upstream: &str, folder: &Path) -> Vec<Target> {
    let mut all = Vec::new();
    for (name, variable) in OTHERS {
        match env::var(variable) {
            Ok(program) => all.extend(start(name, Path::new(&program), upstream, folder).await),
            Err(_) => tell(&format!("{name} is left out: {variable} is not set")),
        }
    }
    all
}

async fn start(
    name: &'static str,
    program: &Path,
    upstream: &str,
    folder: &Path,
) -> Option<Target> {
    let address = free_address();
    let arguments = match name {
        ENVOY => {
            let file = configuration("envoy.yaml", Routes::Whole, [&address, upstream], folder);
            let words = [
                "--config-path",
                &file,
                "--log-level",
                "warn",
                "--use-dynamic-base-id",
            ];
            words.map(str::to_owned).to_vec()
        }
        GATEWAY => vec![address.clone(), upstream.to_owned()],
        _ => {
            let file = configuration(
                "structured-proxy.yaml",
                Routes::Simple,
                [&address, upstream],
                folder,
            );
            vec!["--config".to_owned(), file]
        }
    };
    let log = folder.join(format!("{name}.log"));
    let none = std::iter::empty::<(&str, String)>();
    let process = Process::start(name, program, arguments, none, &log);
    let mut target = target(name, address, process);
    let address = target.address.clone();
    let can = |case: &Case| load::answers(&address, &case.request("", true));
    let begin = Instant::now();
    while !can(&Case::Get) {
        if target.process.ended().is_some() || begin.elapsed() > PATIENCE {
            tell(&format!("{name} is left out: {}", target.process.output()));
            return None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // structured-proxy takes the verb of the stream for a part of the order's id, and answers.
    let streams = [ENVOY, GATEWAY].contains(&name);
    let serves = |case: &Case| can(case) && (streams || *case != Case::Stream);
    target.cases = Case::REST.iter().copied().filter(serves).collect();
    // What generated or transcoding code is in front of REST alone passes no call on.
    target.cases.extend((name == ENVOY).then_some(Case::Call));
    Some(target)
}

/// A file of bench/ with its places filled in.
fn configuration(
    file: &str,
    routes: Routes,
    [address, upstream]: [&str; 2],
    folder: &Path,
) -> String {
    let source = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../bench")
        .join(file);
    let text = fs::read_to_string(&source);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", source.display()));
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    let text = text
        .replace("@LISTEN_PORT@", &port(address))
        .replace("@UPSTREAM_PORT@", &port(upstream))
        .replace("@DESCRIPTOR_SET@", &plain(routes, folder));
    let path = folder.join(file);
    fs::write(&path, text).expect("the folder can be written");
    path.display().to_string()
}
