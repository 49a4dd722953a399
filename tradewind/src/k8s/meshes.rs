//! Who may call which method, said to a service mesh: Linkerd's routes and authorizations, and Istio's
//! policies. What no rule names, its proxy refuses.

use serde_json::{Value, json};

use super::{
    Workload,
    calls::{Callers, Calls},
    needs::called,
};

/// Whoever calls a service may watch its health.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// How many matches a rule of a route has at the most (Gateway API, HTTPRouteRule).
const MATCHES: usize = 8;
const LINKERD: &str = "policy.linkerd.io";

/// Of one service: its port, and for each group of its callers the methods, and whether they are it.
pub(super) fn linkerd(service: &Workload, calls: &Calls) -> Vec<Value> {
    let name = service.name();
    let mut objects = vec![json!({
        "apiVersion": format!("{LINKERD}/v1beta3"),
        "kind": "Server",
        "metadata": {"name": name},
        "spec": {
            "podSelector": called(name),
            "port": service.port_name(),
            "proxyProtocol": "gRPC",
            "accessPolicy": "deny",
        },
    })];
    let everyone = [(calls.callers(name), vec![HEALTH])];
    let groups = calls.by_callers(name).into_iter().map(|(callers, paths)| {
        let group = callers.iter().map(|it| it.trim_start_matches("svc-"));
        (
            format!("{name}-for-{}", group.collect::<Vec<_>>().join("-")),
            callers,
            paths,
        )
    });
    let health = everyone.map(|(callers, paths)| (format!("{name}-health"), callers, paths));
    let groups = groups
        .chain(health)
        .filter(|(_, callers, _)| !callers.is_empty());
    objects.extend(groups.flat_map(|(group, callers, paths)| {
        [
            route(&group, name, &paths),
            authentication(&group, &callers),
            authorization(&group),
        ]
    }));
    objects
}

fn route(name: &str, server: &str, paths: &[&str]) -> Value {
    let matched = |path: &&str| {
        let kind = if path.ends_with('/') {
            "PathPrefix"
        } else {
            "Exact"
        };
        json!({"path": {"type": kind, "value": path}})
    };
    let rules = paths
        .chunks(MATCHES)
        .map(|paths| json!({"matches": paths.iter().map(matched).collect::<Value>()}));
    json!({
        "apiVersion": format!("{LINKERD}/v1beta3"),
        "kind": "HTTPRoute",
        "metadata": {"name": name},
        "spec": {
            "parentRefs": [{"group": LINKERD, "kind": "Server", "name": server}],
            "rules": rules.collect::<Value>(),
        },
    })
}

fn authentication(name: &str, callers: &Callers) -> Value {
    let accounts = callers
        .iter()
        .map(|it| json!({"kind": "ServiceAccount", "name": it}));
    json!({
        "apiVersion": format!("{LINKERD}/v1alpha1"),
        "kind": "MeshTLSAuthentication",
        "metadata": {"name": name},
        "spec": {"identityRefs": accounts.collect::<Value>()},
    })
}

fn authorization(name: &str) -> Value {
    json!({
        "apiVersion": format!("{LINKERD}/v1alpha1"),
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name},
        "spec": {
            "targetRef": {"group": LINKERD, "kind": "HTTPRoute", "name": name},
            "requiredAuthenticationRefs": [
                {"group": LINKERD, "kind": "MeshTLSAuthentication", "name": name},
            ],
        },
    })
}

/// Of one service: a rule for each group of its callers. To its health and metrics NetworkPolicies let
/// who may read them, who need not be of the mesh.
pub(super) fn istio(service: &Workload, calls: &Calls) -> Value {
    let name = service.name();
    let by = |callers: &Callers, paths: &[&str]| {
        json!({
            "from": [{"source": {"serviceAccounts": callers}}],
            "to": [{"operation": {"paths": paths}}],
        })
    };
    let groups = calls.by_callers(name).into_iter();
    let groups = groups.filter(|(callers, _)| !callers.is_empty());
    let mut rules: Vec<_> = groups
        .map(|(callers, paths)| by(&callers, &paths))
        .collect();
    rules.push(by(&calls.callers(name), &[format!("{HEALTH}*").as_str()]));
    rules.push(json!({
        "to": [{"operation": {"ports": [service.info.ops_port().to_string()]}}],
    }));
    json!({
        "apiVersion": "security.istio.io/v1",
        "kind": "AuthorizationPolicy",
        "metadata": {"name": name},
        "spec": {"selector": called(name), "action": "ALLOW", "rules": rules},
    })
}
