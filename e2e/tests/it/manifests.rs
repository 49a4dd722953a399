//! The manifests of k8s/: they build, they are valid, and they fit the programs.

mod authorization;
mod availability;
mod chart;
mod connections;
mod pod;
mod programs;
mod rendered;
mod sealed;

use std::{collections::BTreeMap, path::Path, process::Command, sync::LazyLock};

use e2e::grpc::tool;
use serde_json::{Value, json};

/// What is applied as it stands.
const OVERLAYS: [&str; 6] = [
    "k8s/overlays/dev",
    "k8s/overlays/dev/secrets",
    "k8s/overlays/staging",
    "k8s/overlays/prod",
    "k8s/argocd",
    "k8s/cluster",
];
/// Components that no overlay has, in one of their own.
const OTHERS: [(&str, &[&str]); 2] = [
    ("k8s/overlays/linkerd", &["linkerd", "registry"]),
    ("k8s/overlays/istio", &["istio"]),
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate is in the repository")
}

fn run(program: &Path, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(repository())
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!(
            "cannot run {} ({error}): run the tests by `make test`",
            program.display()
        )
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{} {arguments:?}: {errors}",
        program.display()
    );
    String::from_utf8(output.stdout).expect("it prints text")
}

/// What `kubectl apply -k` would apply, with secrets of the tests' own.
fn built(overlay: &str) -> &'static str {
    static BUILT: LazyLock<BTreeMap<&str, String>> = LazyLock::new(|| {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let place = |name: &str| {
            let place = folder.path().join(name).into_os_string().into_string();
            place.expect("temporary folders have plain names")
        };
        run(Path::new("cp"), &["-R", "k8s", &place("k8s")]);
        let secrets = folder.path().join("k8s/overlays/dev/secrets");
        if secrets.exists() {
            std::fs::remove_dir_all(secrets).expect("the copy is ours");
        }
        run(&folder.path().join("k8s/overlays/dev/make-secrets"), &[]);
        for (overlay, components) in OTHERS {
            let overlay = folder.path().join(overlay);
            let components = components.iter().map(|it| format!("../../components/{it}"));
            let components = components.collect::<Vec<_>>();
            let kustomization = json!({
                "namespace": "tradewind",
                "resources": ["../dev"],
                "components": components,
                "labels": [{
                    "pairs": {"app.kubernetes.io/part-of": "tradewind"},
                    "includeTemplates": true,
                }],
            });
            std::fs::create_dir(&overlay).expect("the copy is ours");
            std::fs::write(
                overlay.join("kustomization.yaml"),
                kustomization.to_string(),
            )
            .expect("the copy is ours");
        }
        let build = |overlay| {
            let built = run(&tool("kustomize"), &["build", &place(overlay)]);
            (overlay, built)
        };
        let others = OTHERS.map(|(overlay, _)| overlay);
        OVERLAYS.into_iter().chain(others).map(build).collect()
    });
    &BUILT[overlay]
}

fn resources(manifests: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(manifests).expect("kustomize prints YAML")
}

/// What a developer has: the mesh and its secrets.
fn dev() -> Vec<Value> {
    let overlays = ["k8s/overlays/dev", "k8s/overlays/dev/secrets"];
    overlays
        .into_iter()
        .flat_map(|it| resources(built(it)))
        .collect()
}

fn of_kind<'a>(resources: &'a [Value], kind: &'a str) -> impl Iterator<Item = &'a Value> {
    resources
        .iter()
        .filter(move |resource| resource["kind"] == kind)
}

fn named<'a>(resources: &'a [Value], kind: &str, name: &Value) -> &'a Value {
    let mut found = resources.iter();
    let found = found.find(|one| one["kind"] == kind && one["metadata"]["name"] == *name);
    found.unwrap_or_else(|| panic!("there is no {kind} {name}"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The pods that the manifests run, by the names of what runs them.
fn pods(resources: &[Value]) -> impl Iterator<Item = (&str, &Value)> {
    resources.iter().filter_map(|it| {
        let name = it["metadata"]["name"].as_str().expect("a name is text");
        // Of a CronJob it is that of its jobs.
        let specs = [&it["spec"], &it["spec"]["jobTemplate"]["spec"]];
        let mut templates = specs.into_iter().map(|spec| &spec["template"]);
        Some((name, templates.find(|template| template.is_object())?))
    })
}

/// The overlays in which something runs.
fn environments() -> impl Iterator<Item = &'static str> {
    let others = OTHERS.map(|(overlay, _)| overlay);
    let all = OVERLAYS.into_iter().chain(others);
    all.filter(|overlay| overlay.starts_with("k8s/overlays/") && !overlay.ends_with("/secrets"))
}
