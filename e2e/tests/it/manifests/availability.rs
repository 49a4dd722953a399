//! How many replicas there are, and how they go.

use std::time::Duration;

use net::process::arguments::defaults;
use runtime::process::DrainConfig;
use serde_json::{Value, json};

use super::{built, list, named, of_kind, resources};

fn deployments(resources: &[Value]) -> impl Iterator<Item = (&Value, &Value)> {
    of_kind(resources, "Deployment").map(|it| (&it["metadata"]["name"], it))
}

#[test]
fn each_process_is_scaled_and_goes_one_at_a_time() {
    for (overlay, least) in [
        ("k8s/overlays/dev", 1),
        ("k8s/overlays/staging", 2),
        ("k8s/overlays/prod", 2),
    ] {
        let resources = resources(built(overlay));
        for (name, deployment) in deployments(&resources) {
            let spec = &deployment["spec"];
            assert!(
                spec["replicas"].is_null(),
                "{name}: what is applied would undo the autoscaler"
            );
            let autoscaler = &named(&resources, "HorizontalPodAutoscaler", name)["spec"];
            assert_eq!(autoscaler["scaleTargetRef"]["name"], *name);
            assert_eq!(autoscaler["minReplicas"], least, "{overlay}: {name}");
            assert!(
                autoscaler["maxReplicas"].as_u64() >= Some(3),
                "{overlay}: {name}"
            );
            let cpu = json!({"type": "Resource", "resource": {
                "name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70},
            }});
            assert!(list(&autoscaler["metrics"]).any(|it| *it == cpu), "{name}");
            let requests = &spec["template"]["spec"]["containers"][0]["resources"]["requests"];
            assert!(requests["cpu"].is_string(), "{name}: a share of nothing");

            let budget = &named(&resources, "PodDisruptionBudget", name)["spec"];
            let pods = &spec["selector"]["matchLabels"]["app.kubernetes.io/name"];
            assert_eq!(
                budget["selector"]["matchLabels"]["app.kubernetes.io/name"],
                *pods
            );
            assert_eq!(budget["maxUnavailable"], 1, "{name}");
            assert_eq!(
                budget["unhealthyPodEvictionPolicy"], "AlwaysAllow",
                "{name}"
            );
        }
    }
}

#[test]
fn a_process_has_time_to_drain_before_it_is_killed() {
    let resources = resources(built("k8s/overlays/prod"));
    let environment = &named(&resources, "ConfigMap", &json!("mesh"))["data"];
    let delay = environment["DRAIN_DELAY"]
        .as_str()
        .map(net::process::duration);
    let delay = delay.and_then(Result::ok).expect("it says how long");
    assert!(
        environment["DRAIN_TIMEOUT"].is_null(),
        "what follows is about the default"
    );
    let drain = delay + defaults::<DrainConfig>().drain_timeout;
    for (name, deployment) in deployments(&resources) {
        let grace = &deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"];
        let grace = Duration::from_secs(grace.as_u64().expect("it is said"));
        assert!(grace > drain, "{name}: {grace:?} are less than {drain:?}");
    }
}

/// A liveness probe that asks for dependencies restarts all that have one when it is away.
#[test]
fn what_a_process_depends_on_does_not_restart_it() {
    for (name, deployment) in deployments(&resources(built("k8s/overlays/prod"))) {
        let container = &deployment["spec"]["template"]["spec"]["containers"][0];
        let path = |probe: &str| container[probe]["httpGet"]["path"].clone();
        assert_eq!(path("startupProbe"), "/livez", "{name}");
        assert_eq!(path("livenessProbe"), "/livez", "{name}");
        assert_eq!(path("readinessProbe"), "/readyz", "{name}");
    }
}

#[test]
fn staging_and_production_run_images_by_digest() {
    for overlay in ["k8s/overlays/staging", "k8s/overlays/prod"] {
        let resources = resources(built(overlay));
        for (name, pod) in super::pods(&resources) {
            let image = pod["spec"]["containers"][0]["image"].as_str();
            let digest = image.and_then(|it| it.split_once("@sha256:"));
            let is_digest = digest.is_some_and(|(_, digest)| digest.len() == 64);
            assert!(is_digest, "{overlay}: {name} runs {image:?}");
        }
    }
}
