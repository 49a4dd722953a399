//! How many there are of each process: HorizontalPodAutoscalers and PodDisruptionBudgets.

use serde_json::{Value, json};

use super::{
    Workload,
    needs::{Needs, Replicas, called},
    yaml,
};

/// Percent of what is requested, beyond which there shall be more.
const CPU: u16 = 70;
/// Memory is not given back as fast as it was taken: more of it may be in use.
const MEMORY: u16 = 80;

pub(super) fn autoscaler(workload: &Workload, needs: &Needs) -> Value {
    let Replicas(least, most) = needs.replicas(workload.name());
    let metric = |name: &str, percent: u16| {
        json!({"type": "Resource", "resource": {
            "name": name,
            "target": {"type": "Utilization", "averageUtilization": percent},
        }})
    };
    json!({
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": workload.name()},
        "spec": {
            "scaleTargetRef": {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "name": workload.name(),
            },
            "minReplicas": least,
            "maxReplicas": most,
            "metrics": [metric("cpu", CPU), metric("memory", MEMORY)],
        },
    })
}

/// A component that gives the autoscalers as many as production has.
pub(super) fn production(mesh: &[Workload], needs: &Needs) -> Value {
    let patches = mesh.iter().map(|workload| {
        let Replicas(least, most) = needs.production_replicas(workload.name());
        let replace = |field: &str, value: u16| json!({"op": "replace", "path": format!("/spec/{field}"), "value": value});
        let changes = json!([replace("minReplicas", least), replace("maxReplicas", most)]);
        json!({
            "target": {"kind": "HorizontalPodAutoscaler", "name": workload.name()},
            "patch": yaml::document(&changes),
        })
    });
    json!({
        "apiVersion": "kustomize.config.k8s.io/v1alpha1",
        "kind": "Component",
        "patches": patches.collect::<Value>(),
    })
}

/// One at a time goes away, and one that does not work anyway keeps no node from being drained.
pub(super) fn disruption_budget(workload: &Workload) -> Value {
    json!({
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": workload.name()},
        "spec": {
            "maxUnavailable": 1,
            "selector": called(workload.name()),
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    })
}
