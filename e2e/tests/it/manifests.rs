//! The manifests of k8s/: they build, they are valid, and they fit the programs.

mod authorization;
mod availability;
mod chart;
mod connections;
mod sealed;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::Command,
    sync::LazyLock,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::{grpc::tool, process::binary};
use runtime::services::{self, SERVICES};
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

#[test]
fn every_variable_and_port_of_a_manifest_is_one_of_its_program() {
    let resources = dev();
    let deployments: Vec<_> = of_kind(&resources, "Deployment").collect();
    assert_eq!(
        deployments.len(),
        1 + SERVICES.len(),
        "the edge and the services"
    );
    for deployment in deployments {
        let name = deployment["metadata"]["name"]
            .as_str()
            .expect("a name is text");
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        assert_eq!(container["image"], format!("tradewind/{name}"));

        let help = run(&binary(name), &["--help"]);
        for variable in variables(&resources, container) {
            assert!(
                is_known(&variable, &help),
                "{name} --help does not know {variable}"
            );
        }

        let listed = services::find(name).expect("it is in the list");
        let ports: Vec<_> = list(&container["ports"])
            .map(|port| port["containerPort"].clone())
            .collect();
        assert_eq!(ports, [listed.port, listed.ops_port()], "{name}");
    }
}

/// Whether a program's help knows a variable; of a secret also the one that names a file.
fn is_known(variable: &str, help: &str) -> bool {
    let plain = [format!("[env: {variable}]"), format!("[env: {variable}=")];
    let secret = variable
        .strip_suffix("_FILE")
        .map(|it| format!("[env: {it}]"));
    plain
        .into_iter()
        .chain(secret)
        .any(|known| help.contains(&known))
}

#[test]
fn what_the_processes_need_is_in_their_manifests() {
    let resources = dev();
    for deployment in of_kind(&resources, "Deployment") {
        let pod = &deployment["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let variables = variables(&resources, container);
        let name = deployment["metadata"]["name"]
            .as_str()
            .expect("a name is text");
        let needed: &[&str] = match name {
            "edge" => &["WORKLOAD_KEY_FILE", "NATS_URL_FILE", "REDIS_URL_FILE"],
            "svc-auth" => &[
                "DATABASE_URL_FILE",
                "NATS_URL_FILE",
                "SIGNING_KEY_ENCRYPTION_KEY_FILE",
                "WORKLOAD_KEYS_DIR",
            ],
            "svc-orders" => &[
                "DATABASE_URL_FILE",
                "WORKLOAD_KEY_FILE",
                "NATS_URL_FILE",
                "REDIS_URL_FILE",
                "AUDIT_SIGNING_KEY_FILE",
            ],
            "svc-payments" => &[
                "DATABASE_URL_FILE",
                "WORKLOAD_KEY_FILE",
                "NATS_URL_FILE",
                "PAYMENT_TOKEN_ENCRYPTION_KEY_FILE",
            ],
            "svc-shipping" => &["DATABASE_URL_FILE", "WORKLOAD_KEY_FILE", "NATS_URL_FILE"],
            _ => &[
                "DATABASE_URL_FILE",
                "WORKLOAD_KEY_FILE",
                "NATS_URL_FILE",
                "REDIS_URL_FILE",
            ],
        };
        for needed in needed {
            assert!(variables.contains(*needed), "{name} has no {needed}");
        }
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            assert_eq!(
                container[probe]["httpGet"]["port"], "ops",
                "{name}: {probe}"
            );
        }
    }
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

#[test]
fn a_pod_may_do_no_more_than_it_needs() {
    let others = 6;
    assert_eq!(
        pods(&dev()).count(),
        SERVICES.len() + others,
        "the edge, its servers, two jobs"
    );
    for overlay in environments() {
        let resources = resources(built(overlay));
        for (name, pod) in pods(&resources) {
            let part_of = &pod["metadata"]["labels"]["app.kubernetes.io/part-of"];
            assert_eq!(part_of, "tradewind", "{overlay}: {name}");
            let pod = &pod["spec"];
            assert_eq!(pod["automountServiceAccountToken"], false, "{name}");
            let context = &pod["securityContext"];
            assert_eq!(context["runAsNonRoot"], true, "{name}");
            assert_eq!(
                context["seccompProfile"]["type"], "RuntimeDefault",
                "{name}"
            );
            for container in list(&pod["containers"]) {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{name}");
                assert_eq!(context["readOnlyRootFilesystem"], true, "{name}");
                assert_eq!(context["capabilities"]["drop"], json!(["ALL"]), "{name}");
                let memory = &container["resources"]["requests"]["memory"];
                assert!(memory.is_string(), "{overlay}: {name} requests no memory");
            }
        }
        let namespace = of_kind(&resources, "Namespace").next();
        if let Some(namespace) = namespace {
            let labels = &namespace["metadata"]["labels"];
            let enforced = &labels["pod-security.kubernetes.io/enforce"];
            assert_eq!(enforced, "restricted", "{overlay}");
            let name = &namespace["metadata"]["name"];
            for one in resources.iter().filter(|it| *it != namespace) {
                assert_eq!(one["metadata"]["namespace"], *name, "{overlay}: {one}");
            }
        }
    }
}

#[test]
fn each_process_has_an_account_of_its_own_without_a_token() {
    let resources = resources(built("k8s/overlays/prod"));
    let mut accounts = BTreeSet::new();
    let own = pods(&resources).filter(|(name, _)| *name != "nats");
    for (name, pod) in own {
        let account = &pod["spec"]["serviceAccountName"];
        assert!(
            accounts.insert(account.to_string()),
            "{account} has another beside {name}"
        );
        let account = named(&resources, "ServiceAccount", account);
        assert_eq!(account["automountServiceAccountToken"], false, "{name}");
    }
}

/// Every secret is a file, which the Secret has, whoever makes it.
#[test]
fn what_a_process_reads_of_its_secrets_is_there() {
    let secrets = dev();
    let fetched = resources(built("k8s/overlays/prod"));
    for (name, pod) in pods(&fetched) {
        let pod = &pod["spec"];
        assert!(
            !pod.to_string().contains("secretKeyRef"),
            "{name} has one in a variable"
        );
        let container = &pod["containers"][0];
        for mount in list(&container["volumeMounts"]) {
            let mut volumes = list(&pod["volumes"]);
            let volume = volumes.find(|it| it["name"] == mount["name"]);
            let Some(secret) = volume.and_then(|it| it["secret"]["secretName"].as_str()) else {
                continue;
            };
            let name = json!(secret);
            let external = named(&fetched, "ExternalSecret", &name);
            let data = named(&secrets, "Secret", &name)["data"].as_object();
            let folder = mount["mountPath"].as_str().expect("it is a path");
            let variables = list(&container["env"]).filter_map(|it| it["value"].as_str());
            let files = variables.filter_map(|it| it.strip_prefix(folder)?.strip_prefix('/'));
            for file in files {
                let mut keys = list(&external["spec"]["data"]).map(|it| &it["secretKey"]);
                assert!(keys.any(|key| key == file), "{external} has no {file}");
                let made = data.is_some_and(|data| data.contains_key(file));
                assert!(made, "{secret} has no {file}");
            }
        }
    }
}

/// The overlays in which something runs.
fn environments() -> impl Iterator<Item = &'static str> {
    let others = OTHERS.map(|(overlay, _)| overlay);
    let all = OVERLAYS.into_iter().chain(others);
    all.filter(|overlay| overlay.starts_with("k8s/overlays/") && !overlay.ends_with("/secrets"))
}

#[test]
fn every_secret_is_given_to_one_workload_alone() {
    let resources = dev();
    let mut given = BTreeMap::new();
    for (name, pod) in pods(&resources) {
        for secret in secrets(&pod["spec"]) {
            named(&resources, "Secret", &secret);
            let other = given.insert(secret.to_string(), name);
            assert!(
                other.is_none_or(|other| other == name),
                "{secret}: {other:?} and {name}"
            );
        }
    }
    let made = of_kind(&resources, "Secret").count();
    assert_eq!(given.len(), made, "all are given to somebody: {given:?}");
}

/// The names of the secrets that stand anywhere in a pod's manifest.
fn secrets(pod: &Value) -> Vec<Value> {
    match pod {
        Value::Object(fields) => fields
            .iter()
            .flat_map(|(key, value)| match key.as_str() {
                "secretKeyRef" | "secretRef" => vec![value["name"].clone()],
                "secret" => [&value["secretName"], &value["name"]]
                    .into_iter()
                    .filter(|name| name.is_string())
                    .cloned()
                    .collect(),
                _ => secrets(value),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(secrets).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn the_pods_of_each_program_are_spread_over_the_nodes() {
    let resources = resources(built("k8s/overlays/prod"));
    for deployment in of_kind(&resources, "Deployment") {
        let name = &deployment["metadata"]["name"];
        let pod = &deployment["spec"]["template"];
        let labels = &pod["metadata"]["labels"];
        let spreads: Vec<_> = list(&pod["spec"]["topologySpreadConstraints"]).collect();
        assert!(!spreads.is_empty(), "{name} is not spread");
        for spread in spreads {
            // Whatever may not be scheduled keeps nodes from being drained.
            assert_eq!(spread["whenUnsatisfiable"], "ScheduleAnyway", "{name}");
            let selector = spread["labelSelector"]["matchLabels"].as_object();
            for (label, value) in selector.expect("it selects by labels") {
                assert_eq!(labels[label], *value, "{name}: its pods have {label}");
            }
            // Of those, each the pods that have the same as itself.
            let keys: Vec<_> = list(&spread["matchLabelKeys"]).collect();
            assert!(keys.contains(&&json!("app.kubernetes.io/name")), "{name}");
            for key in keys.into_iter().filter(|key| **key != "pod-template-hash") {
                let key = key.as_str().expect("a label is text");
                assert!(labels[key].is_string(), "{name}: its pods have {key}");
            }
        }
    }
}

#[test]
fn no_address_is_believed_in_what_it_says_of_clients() {
    for overlay in [
        "k8s/overlays/dev",
        "k8s/overlays/staging",
        "k8s/overlays/prod",
    ] {
        let resources = resources(built(overlay));
        let edge = named(&resources, "Deployment", &json!("edge"));
        let container = &edge["spec"]["template"]["spec"]["containers"][0];
        let names: Vec<_> = list(&container["env"]).map(|it| &it["name"]).collect();
        assert!(!names.contains(&&json!("TRUSTED_PROXIES")), "{overlay}");
        assert!(
            !built(overlay).contains("TRUSTED_PROXIES"),
            "{overlay}: nor in a ConfigMap"
        );
    }
}

#[test]
fn the_jobs_are_what_their_program_takes() {
    let resources = dev();
    for (job, arguments) in [
        ("streams", json!(["streams"])),
        ("reconcile", json!(["reconcile", "--json"])),
    ] {
        let mut pods = pods(&resources);
        let (_, pod) = pods.find(|(name, _)| *name == job).expect("it is there");
        let container = &pod["spec"]["containers"][0];
        assert_eq!(container["image"], "tradewind/tradewind");
        assert_eq!(container["args"], arguments);
        let help = run(&binary("tradewind"), &[job, "--help"]);
        // Its lines end anywhere.
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        let names = list(&container["env"]).map(|variable| &variable["name"]);
        for name in names.map(|name| name.as_str().expect("a name is text")) {
            assert!(is_known(name, &help), "{name}");
        }
        for flag in list(&arguments).skip(1) {
            let flag = flag.as_str().expect("a flag is text");
            assert!(help.contains(flag), "{flag}");
        }
    }
}

#[test]
fn nats_takes_its_configuration_of_the_dev_overlay() {
    let resources = dev();
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let set = named(&resources, "StatefulSet", &json!("nats"));
    let volumes = &set["spec"]["template"]["spec"]["volumes"];
    let sources = list(&volumes[0]["projected"]["sources"]);
    for source in sources {
        let (kind, name) = match &source["secret"]["name"] {
            Value::Null => ("ConfigMap", &source["configMap"]["name"]),
            name => ("Secret", name),
        };
        let data = &named(&resources, kind, name)["data"];
        for (file, text) in data.as_object().expect("it has files") {
            let text = text.as_str().expect("a file is text");
            let bytes = match kind {
                "Secret" => STANDARD.decode(text.replace('\n', "")).expect("base64"),
                _ => text.as_bytes().to_vec(),
            };
            std::fs::write(folder.path().join(file), bytes).expect("the folder can be written");
        }
    }
    let config = folder.path().join("nats.conf");
    let config = config.to_str().expect("temporary folders have plain names");
    let server = e2e::servers::variable("TEST_NATS_SERVER");
    run(Path::new(&server), &["-t", "--config", config]);
}
