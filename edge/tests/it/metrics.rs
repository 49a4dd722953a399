//! What the ops port tells of requests, calls and the edge itself.

use std::collections::{BTreeMap, BTreeSet};

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
    fixture.get("/nothing/o-3?ticket=secret").await;
    let metrics = fixture.node.telemetry.prometheus();
    let counted = |parts: &[&str]| {
        let mut lines = metrics
            .lines()
            .filter(|line| line.starts_with("http_server_request_duration_seconds_count"));
        let line = lines.find(|line| parts.iter().all(|part| line.contains(part)));
        line.and_then(|line| line.rsplit_once(' '))
            .map(|(_, count)| count.to_owned())
    };
    let route = r#"http_route="/v1/orders/{order_id}""#;
    let status = r#"http_response_status_code="200""#;
    assert_eq!(
        counted(&[route, status, r#"http_request_method="GET""#]).as_deref(),
        Some("2"),
        "{metrics}"
    );
    assert_eq!(
        counted(&[r#"http_response_status_code="404""#]).as_deref(),
        Some("1")
    );
    let active = metrics
        .lines()
        .find(|line| line.starts_with("http_server_active_requests{"));
    assert!(
        active.is_some_and(|line| line.ends_with(" 0")),
        "{active:?}"
    );
    assert!(!metrics.contains("o-1") && !metrics.contains("secret"));
}

/// Labels by the names of metrics.
type Metrics = BTreeMap<String, BTreeSet<String>>;

/// Those of Prometheus' text.
fn told(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let (name, rest) = line.split_once('{').unwrap_or((line, ""));
        let of_histogram = ["_bucket", "_sum", "_count"];
        let mut parts = of_histogram.iter().filter_map(|end| name.strip_suffix(end));
        let name = parts.next().unwrap_or(name);
        let is_of_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let before = rest
            .split("=\"")
            .map(|part| part.rsplit(|it| !is_of_name(it)).next());
        let labels = before.map(|label| label.unwrap_or_default().to_owned());
        let mut labels: BTreeSet<_> = labels.collect();
        // What stands behind the last label, the parts of histograms, and who has all of them.
        for other in ["", "le", "otel_scope_name"] {
            labels.remove(other);
        }
        labels.retain(|label| !label.chars().all(|it| it.is_ascii_digit()));
        metrics.entry(name.to_owned()).or_default().extend(labels);
    }
    metrics.remove("target_info");
    metrics
}

/// Those of the page.
fn documented() -> Metrics {
    let page = include_str!("../../../docs/OPERATIONS.md");
    let (_, section) = page.split_once("\n## The edge's metrics\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| `"));
    let row = |line: &str| {
        let mut cells = line.split('|').skip(1);
        let mut names = || {
            let cell = cells.next().unwrap().split('`').skip(1).step_by(2);
            cell.map(str::to_owned).collect::<Vec<_>>()
        };
        (names().concat(), names().into_iter().collect())
    };
    rows.map(row).collect()
}

#[tokio::test]
async fn the_list_of_metrics_is_that_of_the_page() {
    let upstream = Upstream::start(|_| Answer::Error(Status::internal("no"))).await;
    let folder = Folder::new();
    let keys = r#"{"keys": [{"kty": "RSA", "kid": "a", "n": "3q2-7w", "e": "AQAB"}]}"#;
    folder.write("keys.json", keys);
    let own = Authority::new().certifies("edge.test");
    folder.write("tls.crt", &own.certificate);
    folder.write("tls.key", &own.key);
    let more = "access-log: json\naccess-log-file: /dev/full\nupstream-health: ''\n\
                jwt: {issuer: till, jwks: keys.json, audience: shop}\n";
    folder.write("edge.yaml", &config(&upstream, more));
    let program = Program::start(&folder).await;
    assert_eq!(get(program.url("/v1/shelves/1/books/2")).await.0, 500);
    let changed = library(|text| text + "\nmessage More {}\n");
    std::fs::write(folder.path("library.binpb"), changed).unwrap();
    // A configuration that is read again reads the descriptors too, and then they have not changed.
    let renewed = "edge_descriptor_reloads_total";
    eventually(async || program.metrics().await.contains(renewed)).await;
    let more = format!("{more}tls: {{certificate: tls.crt, key: tls.key}}\n");
    folder.write("edge.yaml", &config(&upstream, &more));

    let documented = documented();
    let all = async || told(&program.metrics().await).len() >= documented.len();
    eventually(all).await;
    assert_eq!(told(&program.metrics().await), documented);
}
