//! Reads that go on while their service is away, and what does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use reqwest::Response;
use serde_json::Value;
use tonic::Status;

use crate::fixture::{Fixture, an_order, refusal, refused, settings, shop};
use crate::upstream::Answer;

/// A shop whose services go away when the test says so.
async fn going_away(settings: edge::Settings) -> (Fixture, Arc<AtomicBool>) {
    let away = Arc::new(AtomicBool::new(false));
    let is_away = away.clone();
    let fixture = Fixture::with(settings, move |seen| match is_away.load(Ordering::SeqCst) {
        true => Answer::Error(Status::unavailable("away")),
        false => shop(seen),
    });
    (fixture.await, away)
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    response.headers().get(name)?.to_str().ok()
}

#[tokio::test]
async fn browsing_goes_on_from_the_last_good_answer_and_says_that_it_is_stale() {
    let (fixture, away) = going_away(settings()).await;
    let fresh = fixture.get("/v1/products/A%201").await;
    assert_eq!(header(&fresh, "cache-status"), None);
    let (etag, fresh) = (
        header(&fresh, "etag").map(str::to_owned),
        fresh.json().await,
    );
    let fresh: Value = fresh.unwrap();
    away.store(true, Ordering::SeqCst);

    let stale = fixture.get("/v1/products/A%201").await;
    assert_eq!(stale.status(), 200);
    let how = "edge; fwd=stale; fwd-status=503; detail=stale-if-error";
    assert_eq!(header(&stale, "cache-status"), Some(how));
    assert_eq!(
        header(&stale, "warning"),
        Some("111 - \"Revalidation Failed\"")
    );
    let age = header(&stale, "age").and_then(|age| age.parse::<u64>().ok());
    assert!(age.is_some_and(|age| age < 60), "{age:?}");
    assert_eq!(header(&stale, "etag").map(str::to_owned), etag);
    assert_eq!(stale.json::<Value>().await.unwrap(), fresh);
    let labels = [("upstream", "svc-catalog")];
    let told = fixture.metric("edge_stale_replies_total", &labels);
    assert_eq!(told, Some(1.0));

    // What nobody has asked before, what is of one user, and what changes something.
    let unavailable = || refused(503, "UNAVAILABLE", "DEPENDENCY_UNAVAILABLE");
    assert_eq!(
        refusal(fixture.get("/v1/products/B").await).await,
        unavailable()
    );
    for request in [
        fixture.as_user("GET", "/v1/orders/o-1"),
        fixture.as_user("POST", "/v1/orders").json(&an_order()),
    ] {
        let refusal = refusal(request.send().await.unwrap()).await;
        assert_eq!(refusal, unavailable());
    }
    away.store(false, Ordering::SeqCst);
    let fresh = fixture.get("/v1/products/A%201").await;
    assert_eq!(
        (fresh.status().as_u16(), header(&fresh, "cache-status")),
        (200, None)
    );
}

#[tokio::test]
async fn what_a_service_says_is_told_and_not_what_it_said_before() {
    let gone = Arc::new(AtomicBool::new(false));
    let is_gone = gone.clone();
    let fixture = Fixture::start(move |seen| match is_gone.load(Ordering::SeqCst) {
        true => Answer::Error(Status::not_found("it was archived")),
        false => shop(seen),
    });
    let fixture = fixture.await;
    assert_eq!(fixture.get("/v1/products/A%201").await.status(), 200);
    gone.store(true, Ordering::SeqCst);
    assert_eq!(fixture.get("/v1/products/A%201").await.status(), 404);
}

#[tokio::test]
async fn it_can_be_turned_off() {
    let mut settings = settings();
    settings.stale.stale_if_error = Duration::ZERO;
    let (fixture, away) = going_away(settings).await;
    assert_eq!(fixture.get("/v1/products/A%201").await.status(), 200);
    away.store(true, Ordering::SeqCst);
    assert_eq!(fixture.get("/v1/products/A%201").await.status(), 503);
}
