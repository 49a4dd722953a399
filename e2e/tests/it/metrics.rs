//! `ops/metrics.yaml` and a mesh that works name the same metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use e2e::Mesh;
use e2e::condition::eventually;
use e2e::mesh::{Kind, Setup};
use e2e::shop::{self, Customer};
use serde::Deserialize;

/// Of all processes together, once they have started.
const MOST_SERIES: usize = 5000;
/// Values of a label that are not listed.
const MOST_VALUES: usize = 200;

/// `ops/metrics.yaml`.
#[derive(Deserialize)]
pub(crate) struct Told {
    labels: BTreeMap<String, Values>,
    metrics: Vec<Metric>,
}

#[derive(Deserialize)]
pub(crate) struct Metric {
    pub(crate) name: String,
    r#type: String,
    pub(crate) labels: BTreeMap<String, Values>,
    when: Option<String>,
}

/// What values a label has: these, or what is told for people; nothing where that stands elsewhere.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Values {
    Listed(Vec<String>),
    Told(Option<String>),
}

impl Told {
    pub(crate) fn read() -> Told {
        let told = include_str!("../../../ops/metrics.yaml");
        serde_saphyr::from_str(told).expect("ops/metrics.yaml makes sense")
    }

    /// Of this name, or that a series of this name is a part of.
    pub(crate) fn metric(&self, series: &str) -> Option<&Metric> {
        let parts = ["_bucket", "_sum", "_count"];
        let whole = parts.iter().find_map(|part| series.strip_suffix(part));
        self.metrics.iter().find(|it| match it.r#type.as_str() {
            "histogram" => whole == Some(&it.name),
            _ => it.name == series,
        })
    }

    /// What values a label of a metric has; nothing where it has no such label.
    pub(crate) fn values<'a>(&'a self, metric: &'a Metric, label: &str) -> Option<&'a Values> {
        match (metric.labels.get(label)?, self.labels.get(label)) {
            (Values::Told(None), Some(of_all)) => Some(of_all),
            (here, _) => Some(here),
        }
    }
}

#[derive(Debug, Default)]
struct Seen {
    kinds: BTreeSet<String>,
    labels: BTreeMap<String, BTreeSet<String>>,
    series: usize,
}

crate::on_both_kinds!(the_metrics_of_a_mesh_are_those_that_the_file_names);

async fn the_metrics_of_a_mesh_are_those_that_the_file_names(kind: Kind) {
    let told = Told::read();
    let mesh = Mesh::start(Setup::new(kind)).await;
    let mut wanted = told.metrics.iter().filter(|it| it.when.is_none());
    let at_rest = eventually(
        "all that is there at rest",
        Duration::from_secs(30),
        || async {
            let seen = scrape(&mesh).await;
            wanted
                .clone()
                .all(|it| seen.contains_key(&it.name))
                .then_some(seen)
        },
    );
    let at_rest = tokio::time::timeout(Duration::from_secs(25), at_rest).await;
    let Ok(at_rest) = at_rest else {
        let seen = scrape(&mesh).await;
        let missing = wanted.find(|it| !seen.contains_key(&it.name));
        panic!("missing: {:?}", missing.map(|it| &it.name));
    };
    let series: usize = at_rest.values().map(|seen| seen.series).sum();
    assert!(series <= MOST_SERIES, "{series} series at rest");

    let (admin, buyer) = (mesh.admin().await, Customer::register(&mesh).await);
    let sku = shop::product(&admin, 5).await;
    let order = shop::order(&[(&sku, 1)]);
    buyer.rest.post("/v1/orders", &order).await.expect(201);
    buyer.rest.get("/v1/orders/nothing").await.expect(400);
    mesh.rest().get("/v1/orders").await.expect(401);
    mesh.rest().get("/nothing").await.expect(404);
    for (name, seen) in scrape(&mesh).await {
        check(&told, &name, &seen);
    }
}

fn check(told: &Told, name: &str, seen: &Seen) {
    let metric = told.metrics.iter().find(|it| it.name == name);
    let metric = metric.unwrap_or_else(|| panic!("ops/metrics.yaml does not name {name}"));
    let kinds = BTreeSet::from([metric.r#type.clone()]);
    assert_eq!(seen.kinds, kinds, "{name}");
    for (label, values) in &seen.labels {
        let told = told.values(metric, label);
        match told.unwrap_or_else(|| panic!("{name} is not told to have {label}")) {
            Values::Listed(listed) => {
                let strange = values.iter().find(|value| !listed.contains(value));
                assert_eq!(strange, None, "{label} of {name}");
            }
            Values::Told(text) => {
                assert!(text.is_some(), "no word of the values of {label} of {name}");
                assert!(values.len() <= MOST_VALUES, "{label} of {name}: {values:?}");
            }
        }
    }
}

/// By name, what all processes tell.
async fn scrape(mesh: &Mesh) -> BTreeMap<String, Seen> {
    let mut all = BTreeMap::<String, Seen>::new();
    for ops in mesh.ops.values() {
        let reply = reqwest::get(format!("{ops}/metrics")).await;
        let text = reply.expect("the ops port answers").text().await;
        read(&text.expect("metrics are text"), &mut all);
    }
    all
}

/// Prometheus' text, whose `# TYPE` stands before the series.
fn read(text: &str, all: &mut BTreeMap<String, Seen>) {
    let mut current = String::new();
    for line in text.lines() {
        if let Some(told) = line.strip_prefix("# TYPE ") {
            let (name, kind) = told.split_once(' ').expect("a name and a type");
            name.clone_into(&mut current);
            let seen = all.entry(current.clone()).or_default();
            seen.kinds.insert(kind.to_owned());
        } else if !line.starts_with('#') {
            let seen = all.entry(current.clone()).or_default();
            seen.series += 1;
            for (label, value) in labels(line) {
                if !matches!(label, "le" | "otel_scope_name") {
                    let values = seen.labels.entry(label.to_owned()).or_default();
                    values.insert(value.to_owned());
                }
            }
        }
    }
}

/// Those of a series. No value of ours has a quote in it.
fn labels(line: &str) -> Vec<(&str, &str)> {
    let Some((_, rest)) = line.split_once('{') else {
        return Vec::new();
    };
    let Some((inside, _)) = rest.rsplit_once('}') else {
        return Vec::new();
    };
    let pairs = inside.trim_end_matches(',').split("\",");
    let pairs = pairs.filter_map(|pair| pair.split_once("=\""));
    pairs
        .map(|(name, value)| (name, value.trim_end_matches('"')))
        .collect()
}
