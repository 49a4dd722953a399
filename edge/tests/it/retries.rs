//! Calls that are made once more: when, and how many of them, in numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use http::HeaderValue;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::fixture::{Fixture, an_order, error, reason, settings, shop};
use crate::upstream::Answer;

/// UNAVAILABLE, and what the server says of another try.
fn busy(pushback: Option<&'static str>) -> Answer {
    let mut metadata = MetadataMap::new();
    if let Some(pushback) = pushback {
        let name = "grpc-retry-pushback-ms";
        metadata.insert(name, MetadataValue::from_static(pushback));
    }
    Answer::Error(Status::with_metadata(Code::Unavailable, "busy", metadata))
}

#[tokio::test]
async fn what_a_server_wants_later_comes_later_and_what_it_does_not_want_does_not() {
    for (pushback, status, calls) in [
        (Some("0"), 200, 2),
        (Some("40"), 200, 2),
        (Some("-1"), 503, 1),
        (Some("soon"), 503, 1),
        // Longer than the client waits.
        (Some("60000"), 503, 1),
        (None, 503, 1),
    ] {
        let came = AtomicUsize::new(0);
        let fixture = Fixture::start(move |seen| match came.fetch_add(1, Ordering::SeqCst) {
            0 => busy(pushback),
            _ => shop(seen),
        })
        .await;
        let response = fixture
            .as_user("GET", "/v1/orders/o-1")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{pushback:?}");
        let told = response.headers().get("grpc-retry-pushback-ms");
        assert_eq!(
            told, None::<&HeaderValue>,
            "it is between the edge and the server"
        );
        assert_eq!(fixture.upstream.calls().len(), calls, "{pushback:?}");
    }
}

#[tokio::test]
async fn a_change_is_made_once_more_with_the_same_key_alone() {
    let came = AtomicUsize::new(0);
    let fixture = Fixture::start(move |seen| match came.fetch_add(1, Ordering::SeqCst) {
        0 => busy(Some("0")),
        _ => shop(seen),
    })
    .await;
    let order = fixture.as_user("POST", "/v1/orders").json(&an_order());
    assert_eq!(order.send().await.unwrap().status(), 201);
    let calls = fixture.upstream.calls();
    let keys: Vec<_> = calls
        .iter()
        .map(|call| call.metadata("idempotency-key"))
        .collect();
    assert!(
        keys.len() == 2 && keys[0].is_some() && keys[0] == keys[1],
        "{keys:?}"
    );
}

/// How many calls come of so many requests, all of which the server wants again.
async fn calls_of(requests: usize, percent: u16, per_second: u16) -> (usize, [Option<f64>; 2]) {
    let mut settings = settings();
    settings.throttling.throttle = false;
    settings.retries.retry_percent = percent;
    settings.retries.retries_per_second = per_second;
    let fixture = Fixture::with(settings, |_| busy(Some("0"))).await;
    let all = (0..requests).map(|_| async {
        let request = fixture.as_user("GET", "/v1/orders/o-1");
        let response = request
            .timeout(Duration::from_secs(60))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 503);
    });
    futures::future::join_all(all).await;
    let calls = fixture.upstream.calls().len();
    let told = |outcome| {
        let labels = [("outcome", outcome), ("upstream", "svc-orders")];
        fixture.metric("edge_retries_total", &labels)
    };
    (calls, ["made", "over_budget"].map(told))
}

#[tokio::test]
async fn retries_are_a_fifth_of_the_calls_and_ten_a_second_at_most() {
    const REQUESTS: usize = 600;
    let (calls, metrics) = calls_of(REQUESTS, 20, 10).await;
    let retries = calls - REQUESTS;
    // What may be saved up: ten a second for ten seconds.
    assert!(retries <= REQUESTS / 5 + 100, "{retries}");
    assert!(retries >= REQUESTS / 5, "{retries}");
    let told = [retries, REQUESTS - retries].map(|number| Some(number as f64));
    assert_eq!(metrics, told, "made, and over budget");
    // Without a budget, a server that has no time has twice as many calls.
    let (calls, _) = calls_of(REQUESTS, 1000, 1000).await;
    assert_eq!(calls, 2 * REQUESTS);
    let (calls, _) = calls_of(REQUESTS, 0, 0).await;
    assert_eq!(calls, REQUESTS);
}

/// Calls that were not sent to svc-orders, as it has no time.
fn spared(fixture: &Fixture) -> usize {
    let upstream = [("upstream", "svc-orders")];
    let spared = fixture.metric("edge_throttled_total", &upstream);
    spared.unwrap_or(0.0) as usize
}

/// Asks again and again, some at once, until it is enough; how many were refused by the edge itself.
async fn ask(fixture: &Fixture, is_enough: impl Fn() -> bool) -> usize {
    let mut refused = 0;
    while !is_enough() {
        let some = (0..20).map(|_| fixture.as_user("GET", "/v1/orders/o-1").send());
        for response in futures::future::join_all(some).await {
            let response = response.unwrap();
            if response.status() != 200 {
                assert_eq!(response.status(), 503);
                let again = response.headers().contains_key("retry-after");
                let error = error(response).await;
                refused += usize::from(reason(&error) == "OVERLOADED" && again);
            }
        }
    }
    refused
}

#[tokio::test]
async fn a_server_that_has_no_time_is_spared_what_it_would_refuse_until_it_has_some_again() {
    let has_time = Arc::new(AtomicBool::new(false));
    let answers = has_time.clone();
    let fixture = Fixture::start(move |seen| match answers.load(Ordering::SeqCst) {
        true => shop(seen),
        false => busy(Some("-1")),
    })
    .await;
    let (spared, came) = (|| spared(&fixture), || fixture.upstream.calls().len());
    let refused = ask(&fixture, || spared() >= 200).await;
    assert_eq!(refused, spared());
    assert!(came() < spared(), "{} came", came());
    has_time.store(true, Ordering::SeqCst);
    let (calls, before) = (came(), spared());
    ask(&fixture, || came() - calls > 200 + 2 * (spared() - before)).await;
}

#[tokio::test]
async fn without_throttling_a_server_that_has_no_time_refuses_all_of_it() {
    let mut settings = settings();
    settings.throttling.throttle = false;
    let fixture = Fixture::with(settings, |_| busy(Some("-1"))).await;
    ask(&fixture, || fixture.upstream.calls().len() >= 300).await;
    assert_eq!(spared(&fixture), 0);
}
