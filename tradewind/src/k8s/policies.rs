//! NetworkPolicies: who may connect to whom follows from the contract and from k8s/needs.yaml.
//! Nothing else may, once the component that takes these in has denied all by default.

use serde_json::{Value, json};

use super::{
    Workload,
    calls::Calls,
    needs::{Needs, called, in_namespace, tcp},
};

/// A file for each of whom a policy is about.
pub(super) fn policies(mesh: &[Workload], calls: &Calls, needs: &Needs) -> Vec<(String, Value)> {
    let mut policies: Vec<_> = mesh
        .iter()
        .map(|workload| of_workload(workload, mesh, calls, needs))
        .collect();
    for (name, places) in needs.others(mesh) {
        let egress = places.iter().map(|place| place.way()).collect();
        policies.push(policy(name, None, Some(egress)));
    }
    let is_of_mesh = |pods: &str| mesh.iter().any(|it| it.name() == pods);
    for (_, place) in needs.places() {
        let Some(pods) = place.own_pods().filter(|pods| !is_of_mesh(pods)) else {
            continue;
        };
        let from: Value = needs
            .guests(pods, mesh)
            .into_iter()
            .map(pods_called)
            .collect();
        let ingress = json!([{"from": from, "ports": place.ports()}]);
        policies.push(policy(pods, Some(ingress), Some(json!([]))));
    }
    policies
}

fn of_workload(
    workload: &Workload,
    mesh: &[Workload],
    calls: &Calls,
    needs: &Needs,
) -> (String, Value) {
    let name = workload.name();
    let callers = calls.callers(name).into_iter();
    let guests = callers.chain(needs.guests(name, mesh));
    let mut guests: Vec<_> = guests.map(pods_called).collect();
    if workload.is_door() {
        guests.push(all_of(&needs.ingress));
    }
    let ingress = json!([
        {"from": guests, "ports": [tcp(workload.info.port)]},
        {"from": [all_of(&needs.scraping)], "ports": [tcp(workload.info.ops_port())]},
    ]);
    let callees = mesh
        .iter()
        .filter(|callee| calls.callers(callee.name()).contains(name));
    let to = |callee: &Workload| json!({"to": [pods_called(callee.name())], "ports": [tcp(callee.info.port)]});
    let needed = needs.of(workload).into_iter().map(|place| place.way());
    let egress = callees.map(to).chain(needed).collect();
    policy(name, Some(ingress), Some(egress))
}

/// Ways to what the mesh keeps outside of the cluster.
pub(super) fn outside(mesh: &[Workload], needs: &Needs) -> Vec<(String, Value)> {
    let outside = needs
        .places()
        .filter_map(|(name, place)| Some((name, place.own_pods()?, place.way_outside()?)));
    let policies = outside.map(|(name, pods, way)| {
        let names = needs.guests(pods, mesh);
        let selector = json!({"matchExpressions": [
            {"key": "app.kubernetes.io/name", "operator": "In", "values": names},
        ]});
        let name = format!("{name}-outside");
        let policy = object(&name, &selector, None, Some(json!([way])));
        (name, policy)
    });
    policies.collect()
}

fn policy(name: &str, ingress: Option<Value>, egress: Option<Value>) -> (String, Value) {
    let object = object(name, &called(name), ingress, egress);
    (name.to_owned(), object)
}

fn object(name: &str, pods: &Value, ingress: Option<Value>, egress: Option<Value>) -> Value {
    let mut object = json!({
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name},
        "spec": {"podSelector": pods, "policyTypes": []},
    });
    for (direction, rules) in [("Ingress", ingress), ("Egress", egress)] {
        let Some(rules) = rules else { continue };
        let types = object["spec"]["policyTypes"].as_array_mut();
        types.into_iter().for_each(|it| it.push(direction.into()));
        object["spec"][direction.to_lowercase()] = rules;
    }
    object
}

fn pods_called(name: &str) -> Value {
    json!({"podSelector": called(name)})
}

fn all_of(namespace: &str) -> Value {
    json!({"namespaceSelector": in_namespace(namespace)})
}
