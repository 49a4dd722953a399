//! What holds of each pod: what it may do, whose account and secrets it has, and where it runs.

use std::collections::{BTreeMap, BTreeSet};

use runtime::services::SERVICES;
use serde_json::{Value, json};

use super::{built, dev, environments, list, named, of_kind, pods, resources};

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
