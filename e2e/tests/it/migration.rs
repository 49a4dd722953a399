//! The edge in the place of grpc-gateway and of Envoy: the same requests to both, in front of the same
//! server. What they answer differently is listed, with the reason, and nothing else may differ.

mod cases;
mod differences;
mod reply;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use e2e::{
    condition::eventually,
    grpc::tool,
    ports::free_port,
    process::{Process, binary},
};
use tempfile::TempDir;

use cases::Case;
use differences::{
    Difference, ENVOY, ENVOY_CONVERTING, ENVOY_TELLING, GRPC_GATEWAY,
    errors::{OF_ENVOY, OF_ENVOY_CONVERTING, OF_ENVOY_TELLING, OF_GRPC_GATEWAY},
};

/// For a program to serve, and for a reply.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edge_takes_the_place_of_grpc_gateway() {
    let both = Both::start("grpc-gateway", |folder, listen, upstream| {
        let arguments = ["gateway", listen, upstream].map(str::to_owned);
        let log = folder.join("gateway.log");
        Process::start("grpc-gateway", &built("migration"), arguments, NONE, &log)
    });
    let cases = cases::all().chain(cases::of_grpc_gateway());
    let known = [GRPC_GATEWAY, OF_GRPC_GATEWAY];
    both.await.answer_alike(cases, &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edge_takes_the_place_of_envoy() {
    let both = Both::start("envoy", |folder, listen, upstream| {
        envoy(folder, listen, upstream, false)
    });
    let known = [ENVOY, ENVOY_TELLING, OF_ENVOY, OF_ENVOY_TELLING];
    both.await.answer_alike(cases::all(), &known).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_edge_takes_the_place_of_an_envoy_that_converts_statuses() {
    let both = Both::start("envoy-convert-grpc-status", |folder, listen, upstream| {
        envoy(folder, listen, upstream, true)
    });
    let known = [ENVOY, ENVOY_CONVERTING, OF_ENVOY, OF_ENVOY_CONVERTING];
    both.await.answer_alike(cases::all(), &known).await;
}

fn envoy(folder: &Path, listen: &str, upstream: &str, converts: bool) -> Process {
    let port = |address: &str| address.rsplit(':').next().unwrap_or_default().to_owned();
    let text = include_str!("../../migration/envoy.yaml")
        .replace("@LISTEN_PORT@", &port(listen))
        .replace("@UPSTREAM_PORT@", &port(upstream))
        .replace("@CONVERT@", &converts.to_string())
        .replace(
            "@DESCRIPTOR_SET@",
            &built("items.binpb").display().to_string(),
        );
    let file = folder.join("envoy.yaml");
    std::fs::write(&file, text).expect("the folder can be written");
    let file = file.display().to_string();
    let arguments = [
        "--config-path",
        &file,
        "--log-level",
        "warn",
        "--use-dynamic-base-id",
    ];
    let log = folder.join("envoy.log");
    Process::start("Envoy", &tool("envoy"), arguments, NONE, &log)
}

const NONE: [(&str, String); 0] = [];

/// A file that `e2e/migration/build` has made.
fn built(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.dev/migration");
    let file = folder.join(name);
    assert!(
        file.exists(),
        "{} is not built: e2e/migration/build .dev/migration, or run the tests by `make test`",
        file.display()
    );
    file.canonicalize().expect("it exists")
}

/// Another gateway and the edge in its place.
struct Both {
    theirs: String,
    ours: String,
    _processes: [Process; 3],
    _folder: TempDir,
}

impl Both {
    async fn start(profile: &str, other: impl FnOnce(&Path, &str, &str) -> Process) -> Both {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let address = || format!("127.0.0.1:{}", free_port());
        let (upstream, theirs, ours, ops) = (address(), address(), address(), address());
        let log = folder.path().join("upstream.log");
        let arguments = ["upstream", &upstream];
        let server = Process::start("the upstream", &built("migration"), arguments, NONE, &log);
        let other = other(folder.path(), &theirs, &upstream);
        let arguments = [
            "--descriptor-set".to_owned(),
            built("items.binpb").display().to_string(),
            format!("--upstream=items.v1=http://{upstream}"),
            format!("--profile={profile}"),
            format!("--listen={ours}"),
            format!("--ops-listen={ops}"),
        ];
        let log = folder.path().join("edge.log");
        let edge = Process::start("the edge", &binary("edge"), arguments, NONE, &log);
        let both = Both {
            theirs,
            ours,
            _processes: [server, other, edge],
            _folder: folder,
        };
        for (process, address) in both
            ._processes
            .iter()
            .skip(1)
            .zip([&both.theirs, &both.ours])
        {
            let client = reqwest::Client::builder().no_proxy().build();
            let client = client.expect("it needs nothing");
            let url = format!("http://{address}/v1/items");
            let what = format!("{} ({})", process.name, process.output());
            eventually(&what, PATIENCE, || async {
                let response = client.get(&url).send().await.ok()?;
                response.status().is_success().then_some(())
            })
            .await;
        }
        both
    }

    async fn answer_alike(
        &self,
        cases: impl Iterator<Item = &'static Case>,
        known: &[&[Difference]],
    ) {
        let known: Vec<_> = known.iter().copied().flatten().collect();
        let mut wrong = Vec::new();
        let mut met = BTreeSet::new();
        for case in cases {
            let theirs = reply::ask(&self.theirs, case).await;
            let ours = reply::ask(&self.ours, case).await;
            let found = theirs.differences(&ours);
            let expected = known.iter().find(|known| known.case == case.name);
            met.extend(expected.map(|known| known.case));
            let (parts, why) = expected.map_or((&[][..], ""), |known| (known.parts, known.why));
            if found != parts {
                wrong.push(format!(
                    "{}: they differ in {found:?}, not in {parts:?} ({why})\n theirs {theirs:?}\n ours   {ours:?}",
                    case.name
                ));
            }
        }
        let unmet = known.iter().filter(|known| !met.contains(known.case));
        wrong.extend(unmet.map(|known| format!("no request is called {:?}", known.case)));
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    }
}
