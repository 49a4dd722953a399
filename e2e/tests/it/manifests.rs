//! The manifests of k8s/: they build, they are valid, and they fit the programs.

use std::{collections::BTreeSet, path::Path, process::Command};

use e2e::{grpc::tool, process::binary};
use serde_json::Value;

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

/// What `kubectl apply -k` would apply.
fn built(folder: &str) -> String {
    run(&repository().join("k8s/dev/make-secrets"), &[]);
    run(&tool("kustomize"), &["build", folder])
}

fn resources(manifests: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(manifests).expect("kustomize prints YAML")
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

/// The names of the variables that a container is given.
fn variables(resources: &[Value], container: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().expect("a name is text").to_owned();
    let mut names: BTreeSet<_> = list(&container["env"])
        .map(|variable| text(&variable["name"]))
        .collect();
    for source in list(&container["envFrom"]) {
        let (kind, name) = match &source["configMapRef"]["name"] {
            Value::Null => ("Secret", &source["secretRef"]["name"]),
            name => ("ConfigMap", name),
        };
        let data = named(resources, kind, name)["data"]
            .as_object()
            .cloned()
            .unwrap_or_default();
        names.extend(data.keys().cloned());
    }
    names
}

#[test]
fn the_manifests_build_and_pass_strict_schemas() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    for overlay in ["k8s/base", "k8s/dev"] {
        let file = folder.path().join("manifests.yaml");
        std::fs::write(&file, built(overlay)).expect("the folder can be written");
        let file = file.to_str().expect("temporary folders have plain names");
        run(&tool("kubernetes-validate"), &["--strict", file]);
    }
}

#[test]
fn every_variable_and_port_of_a_manifest_is_one_of_its_program() {
    let resources = resources(&built("k8s/dev"));
    let deployments: Vec<_> = of_kind(&resources, "Deployment").collect();
    assert_eq!(deployments.len(), 7, "the edge and six services");
    for deployment in deployments {
        let name = deployment["metadata"]["name"]
            .as_str()
            .expect("a name is text");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["image"], format!("tradewind/{name}"));

        let help = run(&binary(name), &["--help"]);
        for variable in variables(&resources, container) {
            let known = [format!("[env: {variable}]"), format!("[env: {variable}=")];
            let is_known = known.iter().any(|known| help.contains(known));
            // svc-shipping caches nothing.
            let is_shared = variable == "REDIS_URL";
            assert!(
                is_known || is_shared,
                "{name} --help does not know {variable}"
            );
        }

        let port = runtime::process::default_port(name);
        let ports: Vec<_> = list(&container["ports"])
            .map(|port| port["containerPort"].clone())
            .collect();
        assert_eq!(ports, [port, port + 1000], "{name}");
    }
}

#[test]
fn what_the_processes_need_is_in_their_manifests() {
    let resources = resources(&built("k8s/dev"));
    for deployment in of_kind(&resources, "Deployment") {
        let pod = &deployment["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let variables = variables(&resources, container);
        let name = deployment["metadata"]["name"]
            .as_str()
            .expect("a name is text");
        let needed: &[&str] = match name {
            "edge" => &["WORKLOAD_KEY_FILE", "NATS_URL", "REDIS_URL"],
            "svc-auth" => &[
                "DATABASE_URL",
                "SIGNING_KEY_ENCRYPTION_KEY",
                "WORKLOAD_KEYS_DIR",
            ],
            _ => &["DATABASE_URL", "WORKLOAD_KEY_FILE", "NATS_URL", "REDIS_URL"],
        };
        for needed in needed {
            assert!(variables.contains(*needed), "{name} has no {needed}");
        }
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        assert_eq!(
            container["securityContext"]["readOnlyRootFilesystem"], true,
            "{name}"
        );
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            assert_eq!(
                container[probe]["httpGet"]["port"], "ops",
                "{name}: {probe}"
            );
        }
    }
}
