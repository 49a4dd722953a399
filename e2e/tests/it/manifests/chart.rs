//! The chart of Helm: what it renders is production as kustomize builds it.

use std::collections::BTreeMap;

use e2e::{grpc::tool, process::binary};
use serde_json::{Value, json};

use super::{built, pods, resources, run};

const PROD: &str = "k8s/overlays/prod";

#[test]
fn the_chart_is_what_the_generator_writes_of_production() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let rendered = folder.path().join("prod.yaml");
    std::fs::write(&rendered, built(PROD)).expect("the folder can be written");
    let rendered = rendered
        .to_str()
        .expect("temporary folders have plain names");
    let generate = ["k8s", "chart", rendered, "k8s/chart", "--check"];
    run(&binary("tradewind"), &generate);
}

/// Objects by kind and name.
fn by_name(objects: Vec<Value>) -> BTreeMap<String, Value> {
    let named = objects.into_iter().filter(|it| !it.is_null()).map(|it| {
        let name = format!("{} {}", it["kind"], it["metadata"]["name"]);
        (name, it)
    });
    named.collect()
}

#[test]
#[ignore = "needs helm: make test-k8s"]
fn with_the_same_values_the_chart_renders_production() {
    let built = resources(built(PROD));
    let images = pods(&built).map(|(_, pod)| pod["spec"]["containers"][0]["image"].clone());
    let digests = images.filter_map(|image| {
        let (image, digest) = image.as_str()?.split_once('@')?;
        Some((image.rsplit_once('/')?.1.to_owned(), digest.into()))
    });
    let values = json!({
        "digests": digests.collect::<serde_json::Map<_, _>>(),
        "components": {"namespace": true},
    });
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = folder.path().join("values.json");
    std::fs::write(&file, values.to_string()).expect("the folder can be written");
    let values = file.to_str().expect("temporary folders have plain names");
    let render = |more: &[&str]| {
        let words = [
            &[
                "template",
                "tradewind",
                "k8s/chart",
                "--namespace",
                "production",
            ],
            more,
        ];
        run(&tool("helm"), &words.concat())
    };
    let rendered = by_name(resources(&render(&["--values", values])));
    let built = by_name(built);
    assert_eq!(
        rendered.keys().collect::<Vec<_>>(),
        built.keys().collect::<Vec<_>>()
    );
    for (name, object) in &rendered {
        assert_eq!(*object, built[name], "{name}");
    }

    let without = render(&["--set", "components.monitoring=false"]);
    assert!(!without.contains("PodMonitor"), "it was left out");
    let wrong = std::process::Command::new(tool("helm"))
        .args([
            "template",
            "k8s/chart",
            "--set",
            "replicas.edge.minimum=none",
        ])
        .current_dir(super::repository())
        .output();
    let told = wrong.expect("helm is installed").stderr;
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("minimum"), "the schema refuses it: {told}");
}
