//! How users get in: REST and pages by one Ingress, and gRPC, which a proxy has to be told of, by
//! another, at the paths of the services that the edge calls for them.

use std::collections::BTreeSet;

use runtime::services::EDGE;
use serde_json::{Value, json};

use super::{Workload, calls::Calls, needs::Needs};

/// The Secret with the hosts' certificate.
const CERTIFICATE: &str = "edge-tls";

pub(super) fn objects(mesh: &[Workload], calls: &Calls, needs: &Needs) -> [Value; 2] {
    let of_service = |service: &Workload| {
        let methods = calls.by_callers(service.name()).into_iter();
        let open = methods.filter(|(callers, _)| callers.contains(EDGE.name));
        let paths = open.flat_map(|(_, paths)| paths);
        let services = paths.filter_map(|path| path.rsplit_once('/'));
        services
            .map(|(service, _)| service.to_owned())
            .collect::<BTreeSet<_>>()
    };
    let services: Vec<_> = mesh.iter().flat_map(of_service).collect();
    [
        // Of what is streamed nothing is held back, and a stream may be quiet for long.
        ingress(
            "edge",
            &["/".to_owned()],
            needs,
            &json!({
                "nginx.ingress.kubernetes.io/proxy-buffering": "off",
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
            }),
        ),
        ingress(
            "edge-grpc",
            &services,
            needs,
            &json!({
                "nginx.ingress.kubernetes.io/backend-protocol": "GRPC",
                "nginx.ingress.kubernetes.io/proxy-read-timeout": "3600",
            }),
        ),
    ]
}

fn ingress(name: &str, paths: &[String], needs: &Needs, annotations: &Value) -> Value {
    let path = |path: &String| {
        json!({
            "path": path,
            "pathType": "Prefix",
            "backend": {"service": {"name": name, "port": {"name": "http"}}},
        })
    };
    let paths: Value = paths.iter().map(path).collect();
    let rule = |host: &String| json!({"host": host, "http": {"paths": paths}});
    json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "annotations": annotations},
        "spec": {
            "tls": [{"hosts": needs.hosts, "secretName": CERTIFICATE}],
            "rules": needs.hosts.iter().map(rule).collect::<Value>(),
        },
    })
}
