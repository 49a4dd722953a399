//! `ops/metrics.yaml` and a mesh that works name the same metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use e2e::Mesh;
use e2e::condition::eventually;
use e2e::mesh::{Kind, Setup};
use e2e::shop::{self, Customer};
use ops::{Catalogue, Seen, Values};

/// Of all processes together, once they have started.
const MOST_SERIES: usize = 5000;
/// Values of a label that are not listed.
const MOST_VALUES: usize = 200;

crate::on_both_kinds!(the_metrics_of_a_mesh_are_those_that_the_file_names);

async fn the_metrics_of_a_mesh_are_those_that_the_file_names(kind: Kind) {
    let told = Catalogue::tradewind();
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
        check(told, &name, &seen);
    }
}

fn check(told: &Catalogue, name: &str, seen: &Seen) {
    let metric = told
        .find(name)
        .unwrap_or_else(|| panic!("ops/metrics.yaml does not name {name}"));
    let kinds = BTreeSet::from([metric.r#type.clone()]);
    assert_eq!(seen.kinds, kinds, "{name}");
    for (label, values) in &seen.labels {
        let told = told.values(metric, label);
        let told = told.unwrap_or_else(|| panic!("{name} is not told to have {label}"));
        match told {
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
        ops::read(&text.expect("metrics are text"), &mut all);
    }
    all
}
