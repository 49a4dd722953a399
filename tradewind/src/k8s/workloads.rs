//! What runs each process of the mesh, and where it is found. What holds for all of them alike is
//! written by hand, in k8s/base/patches.

use runtime::services::AUTHORITY;
use serde_json::{Value, json};

use super::{Workload, needs::Needs};

/// Where its secrets are, a file each.
const SECRETS: &str = "/etc/tradewind/secrets";
/// Where svc-auth finds the others' public keys.
const PUBLIC_KEYS: &str = "/etc/tradewind/workloads";
/// The Secret that they are in.
pub(super) const PUBLIC_KEYS_SECRET: &str = "workload-public-keys";
/// Read by the pod's group alone (fsGroup): 0440.
const MODE: u16 = 0o440;

pub(super) fn objects(workload: &Workload, needs: &Needs) -> [Value; 3] {
    [
        account(workload),
        deployment(workload, needs),
        service(workload),
    ]
}

/// Its identity in a service mesh. It has no token, for no process talks to the cluster's API.
fn account(workload: &Workload) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(workload),
        "automountServiceAccountToken": false,
    })
}

fn deployment(workload: &Workload, needs: &Needs) -> Value {
    let name = workload.name();
    let mut env: Vec<_> = workload
        .secrets()
        .map(|(variable, key)| json!({"name": variable, "value": format!("{SECRETS}/{key}")}))
        .collect();
    let mut mounts = vec![mount("secrets", SECRETS)];
    let mut volumes = vec![volume("secrets", name)];
    if name == AUTHORITY {
        env.push(json!({"name": "WORKLOAD_KEYS_DIR", "value": PUBLIC_KEYS}));
        mounts.push(mount("workloads", PUBLIC_KEYS));
        volumes.push(volume("workloads", PUBLIC_KEYS_SECRET));
    }
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(workload),
        "spec": {
            "selector": {"matchLabels": labels(workload)},
            "template": {
                "metadata": {"labels": labels(workload)},
                "spec": {
                    "serviceAccountName": name,
                    "containers": [{
                        "name": "main",
                        "image": format!("tradewind/{name}"),
                        "env": env,
                        "ports": [
                            {"name": workload.port_name(), "containerPort": workload.info.port},
                            {"name": "ops", "containerPort": workload.info.ops_port()},
                        ],
                        "resources": needs.resources(name),
                        "volumeMounts": mounts,
                    }],
                    "volumes": volumes,
                },
            },
        },
    })
}

/// A service's is headless: clients choose among the pods themselves, by pending requests.
fn service(workload: &Workload) -> Value {
    let port_name = workload.port_name();
    let (mut spec, port) = match workload.is_door() {
        true => (
            json!({}),
            json!({"name": port_name, "port": 80, "targetPort": port_name}),
        ),
        false => (
            json!({"clusterIP": "None"}),
            json!({
                "name": port_name,
                "port": workload.info.port,
                "targetPort": port_name,
                "appProtocol": "kubernetes.io/h2c",
            }),
        ),
    };
    spec["selector"] = labels(workload);
    spec["ports"] = json!([port]);
    json!({"apiVersion": "v1", "kind": "Service", "metadata": metadata(workload), "spec": spec})
}

/// Where each service is, for all.
pub(super) fn addresses(services: &[Workload]) -> Value {
    let address = |service: &Workload| {
        let (name, port) = (service.name(), service.info.port);
        (
            service.info.url_variable(),
            format!("http://{name}:{port}").into(),
        )
    };
    let data: serde_json::Map<_, _> = services.iter().map(address).collect();
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "addresses"},
        "data": data,
    })
}

fn metadata(workload: &Workload) -> Value {
    json!({"name": workload.name(), "labels": labels(workload)})
}

fn labels(workload: &Workload) -> Value {
    json!({"app.kubernetes.io/name": workload.name()})
}

fn mount(name: &str, path: &str) -> Value {
    json!({"name": name, "mountPath": path, "readOnly": true})
}

fn volume(name: &str, secret: &str) -> Value {
    json!({"name": name, "secret": {"secretName": secret, "defaultMode": MODE}})
}
