//! What the ops port tells of requests, calls and the edge itself.

use std::collections::{BTreeMap, BTreeSet};

use ops::{Catalogue, Seen, Source};
use tonic::Status;

use crate::descriptors::library;
use crate::fixture::{Fixture, shop};
use crate::program::{Folder, Program, config, get};
use crate::tls::Authority;
use crate::upstream::{Answer, Upstream};
use crate::waiting::eventually;

#[tokio::test]
async fn requests_are_measured_by_their_route() {
    let fixture = Fixture::start(shop).await;
    fixture
        .as_user("GET", "/v1/orders/o-1")
        .send()
        .await
        .unwrap();
    fixture
        .as_user("GET", "/v1/orders/o-2")
        .send()
        .await
        .unwrap();
    fixture.get("/v1/orders/o-3").await;
    let admin = fixture.token(&["user", "admin"]);
    let by_admin = fixture.request("GET", "/v1/orders/o-4").bearer_auth(admin);
    by_admin.send().await.unwrap();
    fixture.get("/nothing/o-3?ticket=secret").await;
    let counted =
        |labels: &[_]| fixture.metric("http_server_request_duration_seconds_count", labels);
    let (route, get) = (
        ("http_route", "/v1/orders/{order_id}"),
        ("http_request_method", "GET"),
    );
    let [ok, not_found] = ["200", "404"].map(|status| ("http_response_status_code", status));
    assert_eq!(counted(&[route, ok, get]), Some(3.0));
    let by = ["anonymous", "user", "admin"]
        .map(|class| fixture.metric("edge_api_requests_total", &[route, ("user_class", class)]));
    assert_eq!(by, [1.0, 2.0, 1.0].map(Some));
    assert_eq!(counted(&[not_found]), Some(1.0));
    let active = fixture.metric("http_server_active_requests", &[]);
    assert_eq!(active, Some(0.0));
    let metrics = fixture.node.telemetry.prometheus();
    assert!(!metrics.contains("o-1") && !metrics.contains("secret"));
}

/// Labels by the names of metrics.
type Metrics = BTreeMap<String, BTreeSet<String>>;

/// Those of Prometheus' text.
fn told(text: &str) -> Metrics {
    let mut metrics = BTreeMap::new();
    ops::read(text, &mut metrics);
    let labels = |seen: Seen| seen.labels.into_keys().collect();
    let metrics = metrics.into_iter();
    metrics.map(|(name, seen)| (name, labels(seen))).collect()
}

/// Those that the catalogue says of such a process.
fn listed(source: Source) -> Metrics {
    let metrics = Catalogue::tradewind().metrics.iter();
    let metrics = metrics.filter(|metric| metric.from.contains(&source));
    metrics
        .map(|metric| (metric.name.clone(), metric.labels.keys().cloned().collect()))
        .collect()
}

#[tokio::test]
async fn the_edge_has_the_metrics_that_the_list_names() {
    let upstream = Upstream::start(|_| Answer::Error(Status::internal("no"))).await;
    let folder = Folder::new();
    let keys = r#"{"keys": [{"kty": "RSA", "kid": "a", "n": "3q2-7w", "e": "AQAB"}]}"#;
    folder.write("keys.json", keys);
    let own = Authority::new().certifies("edge.test");
    folder.write("tls.crt", &own.certificate);
    folder.write("tls.key", &own.key);
    let more = "access-log: json\naccess-log-file: /dev/full\nupstream-health: ''\n\
                redis-url: redis://127.0.0.1:1\n\
                jwt: {issuer: till, jwks: keys.json, audience: shop}\n";
    folder.write("edge.yaml", &config(&upstream, more));
    let program = Program::start(&folder).await;
    assert_eq!(get(program.url("/v1/shelves/1/books/2")).await.0, 500);
    let changed = library(|text| text + "\nmessage More {}\n");
    std::fs::write(folder.path("library.binpb"), changed).unwrap();
    // A configuration that is read again reads the descriptors too, and then they have not changed.
    let renewed = async || {
        let (metrics, name) = (program.metrics().await, "edge_descriptor_reloads_total");
        ops::value(&metrics, name, &[("outcome", "applied")]) == Some(1.0)
    };
    eventually(renewed).await;
    let more = format!("{more}tls: {{certificate: tls.crt, key: tls.key}}\n");
    folder.write("edge.yaml", &config(&upstream, &more));

    let of_all = listed(Source::Process);
    let own = async || {
        let mut metrics = told(&program.metrics().await);
        metrics.retain(|name, _| !of_all.contains_key(name));
        metrics
    };
    let listed = listed(Source::Edge);
    eventually(async || own().await.len() >= listed.len()).await;
    assert_eq!(own().await, listed);
}
