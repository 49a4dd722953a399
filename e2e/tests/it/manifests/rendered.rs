//! What is generated and rendered: it is up to date, and valid.

use std::{path::Path, process::Command};

use e2e::{grpc::tool, process::binary};
use runtime::services::SERVICES;

use super::{OTHERS, OVERLAYS, built, run};

#[test]
fn the_manifests_say_of_each_service_what_the_generator_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let copy = folder.path().join("k8s");
    let place = copy.to_str().expect("temporary folders have plain names");
    run(Path::new("cp"), &["-R", "k8s", place]);
    run(&binary("tradewind"), &["k8s", "generate", place, "--check"]);

    // One is not there yet, one is not as it should be, and one should not be there.
    let generated = copy.join("generated/disruption");
    let name = SERVICES[0].name;
    std::fs::remove_file(generated.join(format!("{name}.yaml"))).expect("the copy is ours");
    std::fs::write(generated.join("edge.yaml"), "").expect("the copy is ours");
    std::fs::write(generated.join("svc-gone.yaml"), "").expect("the copy is ours");
    let check = Command::new(binary("tradewind"))
        .args(["k8s", "generate", place, "--check"])
        .output();
    let told = String::from_utf8_lossy(&check.expect("it is built").stderr).into_owned();
    for wrong in ["edge", name, "svc-gone"] {
        assert!(told.contains(&format!("disruption/{wrong}.yaml")), "{told}");
    }
    run(&binary("tradewind"), &["k8s", "generate", place]);
    run(Path::new("diff"), &["--recursive", "k8s", place]);
}

/// Of custom resources it knows no schema; an API server does: `make test-k8s`.
#[test]
fn the_manifests_build_and_pass_strict_schemas() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("manifests.yaml");
    let place = file.to_str().expect("temporary folders have plain names");
    for overlay in OVERLAYS
        .into_iter()
        .chain(OTHERS.map(|(overlay, _)| overlay))
    {
        std::fs::write(&file, built(overlay)).expect("the folder can be written");
        run(&tool("kubernetes-validate"), &["--strict", place]);
    }
}
