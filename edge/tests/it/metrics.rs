//! What the ops port will tell about requests.

use crate::fixture::{Fixture, shop};

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
