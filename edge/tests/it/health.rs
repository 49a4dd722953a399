//! Upstreams that say how they are, behind one name.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use edge::generic::Tls;
use net::readiness::Report;
use serde_json::Value;
use tonic::Status;
use tonic_health::pb::HealthCheckResponse;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::fixture::{Fixture, settings};
use crate::generic::of_library;
use crate::tls::upstreams::{HOST, terminate, tls};
use crate::tls::{Authority, Folder};
use crate::upstream::{Answer, Upstream};

const BOOK: &str = "/v1/shelves/1/books/2";
const CHECK: &str = "/grpc.health.v1.Health/Check";

/// How a server answers the question how it is.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(u8)]
enum State {
    Serving,
    NotServing,
    Silent,
    Unimplemented,
    Unknown,
}

/// A server whose state the test sets.
struct Server {
    upstream: Upstream,
    state: Arc<AtomicU8>,
}

impl Server {
    async fn start(state: State) -> Self {
        let state = Arc::new(AtomicU8::new(state as u8));
        let now = state.clone();
        let upstream = Upstream::start(move |seen| match seen.path.as_str() {
            CHECK => answer(now.load(Ordering::Relaxed)),
            _ => Answer::Message(Vec::new()),
        });
        let upstream = upstream.await;
        Self { upstream, state }
    }

    fn calls(&self) -> usize {
        calls(&self.upstream)
    }
}

/// The calls that were no questions.
fn calls(upstream: &Upstream) -> usize {
    let calls = upstream.calls();
    calls.iter().filter(|call| call.path != CHECK).count()
}

fn answer(state: u8) -> Answer {
    let status = |status: ServingStatus| {
        let status = status as i32;
        Answer::message(&HealthCheckResponse { status })
    };
    match state {
        s if s == State::Serving as u8 => status(ServingStatus::Serving),
        s if s == State::NotServing as u8 => status(ServingStatus::NotServing),
        s if s == State::Silent as u8 => Answer::Silence,
        s if s == State::Unimplemented as u8 => Answer::Error(Status::unimplemented("no")),
        _ => Answer::Error(Status::not_found("who is that")),
    }
}

/// In front of two servers of one name, the first of which is the fixture's.
async fn before(one: Server, other: &Server) -> (Fixture, Arc<AtomicU8>) {
    let (first, second) = (one.upstream.address, other.upstream.address);
    let addresses = format!("http://{first},http://{second}");
    at(&addresses, one, Tls::default()).await
}

/// The same, at these addresses.
async fn at(addresses: &str, one: Server, tls: Tls) -> (Fixture, Arc<AtomicU8>) {
    let address = format!("library.v1.Library={addresses}");
    let fixture = of_library(one.upstream, settings(), |config| {
        config.servers.upstream = vec![address.parse().unwrap()];
        config.servers.tls = tls;
        let health = &mut config.servers.health;
        health.upstream_health = Some(String::new());
        health.upstream_health_interval = Duration::from_millis(50);
    });
    let mut fixture = fixture.await;
    fixture.mesh.start().await;
    (fixture, one.state)
}

/// Waits until so many endpoints are missing, and gives what is said of them.
async fn missing(fixture: &Fixture, count: usize) -> String {
    let mut changes = fixture.node.readiness.changes();
    let why = |report: Report| match report {
        Report::Degraded { missing } => missing[0].why.clone(),
        report => {
            assert!(report.is_ready(), "{report:?}");
            String::new()
        }
    };
    let is_so = |why: &str| why.split("; ").filter(|one| !one.is_empty()).count() == count;
    let changed = changes.wait_for(|state| is_so(&why(state.report())));
    let changed = tokio::time::timeout(Duration::from_secs(20), changed).await;
    why(changed.expect("it is told in time").unwrap().report())
}

/// Makes calls, all of which succeed; how many each server got.
async fn call(fixture: &Fixture, other: &Server) -> (usize, usize) {
    let before = (calls(&fixture.upstream), other.calls());
    for _ in 0..40 {
        assert_eq!(fixture.get(BOOK).await.status(), 200);
    }
    let after = (calls(&fixture.upstream), other.calls());
    (after.0 - before.0, after.1 - before.1)
}

#[tokio::test]
async fn an_endpoint_that_is_not_well_gets_no_calls_until_it_is() {
    let other = Server::start(State::Serving).await;
    let (fixture, state) = before(Server::start(State::Serving).await, &other).await;
    let is = |now: State| state.store(now as u8, Ordering::Relaxed);
    for (unwell, said) in [
        (State::NotServing, "it is NOT_SERVING"),
        (State::Silent, "no answer in time"),
        (State::Unknown, "it knows no service"),
    ] {
        is(unwell);
        let why = missing(&fixture, 1).await;
        let address = fixture.upstream.address;
        assert!(why.starts_with(&format!("{address}: {said}")), "{why}");
        assert_eq!(call(&fixture, &other).await, (0, 40), "{unwell:?}");
        // A server without the health service answers, and so is well.
        is(State::Unimplemented);
        missing(&fixture, 0).await;
        let (first, second) = call(&fixture, &other).await;
        assert!(first > 0 && second > 0, "{first}, {second}");
    }
}

#[tokio::test]
async fn endpoints_in_tls_are_asked_in_tls() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let ca = folder.put("ca.crt", &authority.pem());
    let own = authority.certifies(HOST);
    let one = Server::start(State::NotServing).await;
    let other = Server::start(State::Serving).await;
    let first = terminate(&own, None, one.upstream.address).await;
    let second = terminate(&own, None, other.upstream.address).await;
    let addresses = format!("https://{first},https://{second}");
    let (fixture, state) = at(&addresses, one, tls(&ca, None)).await;
    let why = missing(&fixture, 1).await;
    assert_eq!(why, format!("{first}: it is NOT_SERVING"));
    assert_eq!(call(&fixture, &other).await, (0, 40));
    state.store(State::Serving as u8, Ordering::Relaxed);
    missing(&fixture, 0).await;
    let (first, second) = call(&fixture, &other).await;
    assert!(first > 0 && second > 0, "{first}, {second}");
}

#[tokio::test]
async fn if_no_endpoint_is_well_all_are_tried() {
    let other = Server::start(State::NotServing).await;
    let (fixture, _) = before(Server::start(State::NotServing).await, &other).await;
    missing(&fixture, 2).await;
    let (first, second) = call(&fixture, &other).await;
    assert!(first > 0 && second > 0, "{first}, {second}");
}

#[tokio::test]
async fn what_is_missing_is_told_and_does_not_make_the_gateway_unready() {
    let other = Server::start(State::NotServing).await;
    let (fixture, _) = before(Server::start(State::Serving).await, &other).await;
    missing(&fixture, 1).await;
    let response = fixture.get("/readyz").await;
    assert_eq!(response.status(), 200);
    let report: Value = response.json().await.unwrap();
    assert_eq!(report["status"], "degraded");
    assert_eq!(report["missing"][0]["dependency"], "library.v1.Library");
    for state in ["well", "unwell"] {
        let labels = [("state", state), ("upstream", "library.v1.Library")];
        let counted = fixture.metric("edge_upstream_endpoints", &labels);
        assert_eq!(counted, Some(1.0), "{state}");
    }
}
