//! The dashboards of ops/grafana: in front of meshes that work, none of their panels is empty.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use e2e::{
    Mesh, commands,
    condition::eventually,
    prometheus::{self, Prometheus},
    shop::{self, Customer},
};
use serde_json::{Value, json};
use tokio::{
    task::JoinSet,
    time::{Instant, interval, sleep, timeout_at},
};

/// Until all panels have data, on a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(180);

/// What a panel asks for.
struct Query {
    panel: String,
    text: String,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_panel_has_data() {
    let meshes = [crate::embedded().await, crate::real().await];
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let prometheus = Prometheus::of(&meshes, &[job(meshes[1], folder.path()).await]).await;
    let mut load = JoinSet::new();
    for mesh in meshes {
        load.spawn(trade(mesh));
    }
    let deadline = Instant::now() + PATIENCE;
    let mut empty = Vec::new();
    for query in queries() {
        let has_data = async || !prometheus.ask(&query.text).await.is_empty();
        let found = eventually(&query.panel, 2 * PATIENCE, || async {
            has_data().await.then_some(())
        });
        // Behind the deadline each is asked once.
        if timeout_at(deadline, found).await.is_err() && !has_data().await {
            empty.push(query.panel);
        }
    }
    assert!(empty.is_empty(), "no data: {empty:#?}");
    assert!(load.try_join_next().is_none(), "nobody trades any more");
}

/// What docs/dashboard-*.svg show: five minutes of two customers, for half of one of which Redis hangs.
#[ignore = "it takes so long, and writes them: make pictures"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures() {
    let mesh = crate::real().await;
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let prometheus = Prometheus::of(&[mesh], &[job(mesh, folder.path()).await]).await;
    let mut load = JoinSet::new();
    for _ in 0..2 {
        load.spawn(trade(mesh));
    }
    let redis = mesh.redis.as_ref().expect("the mesh is a real one");
    for (signal, seconds) in [("CONT", 150), ("STOP", 30), ("CONT", 120)] {
        redis.signal(signal);
        sleep(Duration::from_secs(seconds)).await;
    }
    for dashboard in dashboards() {
        let drawn = Command::new("python3")
            .args(["-B", "ops/check/draw.py"])
            .arg(&dashboard)
            .args([&prometheus.url, "300"])
            .current_dir(repository())
            .output()
            .expect("Python is there");
        let errors = String::from_utf8_lossy(&drawn.stderr);
        assert!(drawn.status.success(), "{errors}");
        let name = dashboard.file_stem().expect("a file has a name").display();
        let place = repository().join(format!("docs/dashboard-{name}.svg"));
        fs::write(place, drawn.stdout).expect("the repository can be written");
    }
}

/// Where it stands what a job found.
async fn job(mesh: &Mesh, folder: &Path) -> String {
    let file = folder.join("reconcile.prom");
    let name = file.to_str().expect("temporary folders have plain names");
    let (told, _) = commands::said(mesh, &["reconcile", "--metrics-file", name]).await;
    assert!(file.exists(), "{told}");
    prometheus::serve(file).await
}

/// Buys, looks, changes their mind and is sent the rest, without end, and leaves room for other tests.
async fn trade(mesh: &'static Mesh) {
    let (admin, buyer) = (mesh.admin().await, Customer::register(mesh).await);
    let sku = shop::product(&admin, 1_000_000).await;
    let mut pace = interval(Duration::from_millis(200));
    for number in 0_u64.. {
        pace.tick().await;
        let order = shop::order(&[(&sku, 1)]);
        let placed = buyer.rest.post("/v1/orders", &order).await;
        // Of what a busy machine refuses or is late with, other tests tell.
        if placed.status != 201 {
            continue;
        }
        let id = placed.text_at("/orderId");
        let path = format!("/v1/orders/{id}");
        buyer.rest.get(&path).await;
        buyer.rest.get("/v1/products").await;
        if number.is_multiple_of(2) {
            buyer.rest.post(&format!("{path}:cancel"), &json!({})).await;
            continue;
        }
        let made = || shop::shipment_of(&admin, &id);
        let shipment = eventually("a shipment is made", PATIENCE, made).await;
        let shipment = shipment["shipmentId"].as_str().expect("it has an id");
        let dispatch = json!({"carrier": "Blue Anchor", "trackingNumber": "BA-1"});
        let path = format!("/v1/shipments/{shipment}:dispatch");
        admin.post(&path, &dispatch).await;
    }
}

fn repository() -> &'static Path {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().expect("the crate is in the repository")
}

fn dashboards() -> Vec<PathBuf> {
    let files = fs::read_dir(repository().join("ops/grafana"));
    let files = files.expect("there are dashboards");
    let files = files.map(|file| file.expect("the folder can be read").path());
    let files = files.filter(|path| path.extension().is_some_and(|it| it == "json"));
    files.collect()
}

/// Those of all dashboards, as Grafana sends them where all values of the variables are chosen.
fn queries() -> Vec<Query> {
    let queries: Vec<_> = dashboards()
        .iter()
        .flat_map(|path| queries_of(path))
        .collect();
    assert!(!queries.is_empty(), "there are panels");
    queries
}

fn queries_of(path: &Path) -> Vec<Query> {
    let text = fs::read_to_string(path).expect("it can be read");
    let dashboard: Value = serde_json::from_str(&text).expect("it is JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let variables = list(&dashboard["templating"]["list"]);
    let replaced = |query: &str| {
        let mut query = query.replace("$__rate_interval", "30s");
        for variable in &variables {
            if let (Some(name), Some(all)) =
                (variable["name"].as_str(), variable["allValue"].as_str())
            {
                query = query.replace(&format!("${name}"), all);
            }
        }
        query
    };
    let queries_of_panel = |panel: &Value| {
        let name = format!("{}: {}", dashboard["title"], panel["title"]);
        list(&panel["targets"])
            .into_iter()
            .map(|target| Query {
                panel: format!("{name}, {}", target["legendFormat"]),
                text: replaced(target["expr"].as_str().expect("a target has a query")),
            })
            .collect::<Vec<_>>()
    };
    list(&dashboard["panels"])
        .iter()
        .flat_map(queries_of_panel)
        .collect()
}
