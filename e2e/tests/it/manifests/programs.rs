//! What the programs are given is what they take.

use std::{collections::BTreeSet, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use e2e::process::binary;
use runtime::services::{self, SERVICES};
use serde_json::{Value, json};

use super::{built, dev, list, named, of_kind, pods, resources, run};

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
            "svc-notify" => &[
                "DATABASE_URL_FILE",
                "WORKLOAD_KEY_FILE",
                "NATS_URL_FILE",
                "SMTP_URL_FILE",
                "WEBHOOK_SECRET_ENCRYPTION_KEY_FILE",
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
