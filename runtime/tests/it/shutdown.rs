use std::sync::Arc;
use std::time::Duration;

use net::StartError;
use net::random::Random;
use net::readiness::Report;
use net::telemetry::Telemetry;
use runtime::host::{Host, HostConfig};
use runtime::identity::{AccessClaims, Signer};
use runtime::service::Service;
use runtime::testbed::Testbed;
use tokio::sync::{Notify, mpsc, oneshot};
use tonic::Code;
use uuid::Uuid;

use crate::dummy::{self, bearer, call, fine, handler};

const CANCEL: &str = "/tradewind.orders.v1.OrdersService/CancelOrder";

#[tokio::test]
async fn a_call_that_was_accepted_is_answered_and_its_steps_finish() {
    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    let release = Arc::new(Notify::new());
    let (entered, mut entries) = mpsc::unbounded_channel();
    let (stepped, mut steps) = mpsc::unbounded_channel();
    let gate = release.clone();
    let saga = handler(move |_| {
        let (gate, entered, stepped) = (gate.clone(), entered.clone(), stepped.clone());
        async move {
            entered.send(()).unwrap();
            gate.notified().await;
            stepped.send(()).unwrap();
            Ok(Vec::new())
        }
    });
    let service = Service::new(&node).with(dummy::Orders(saga));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
    let channel = testbed.channel("svc-orders");
    let cancel = || {
        let (channel, user) = (channel.clone(), user.clone());
        let order = one_order();
        tokio::spawn(
            async move { call(&channel, CANCEL, &order, &[("authorization", &user)]).await },
        )
    };
    let (stays, hangs_up) = (cancel(), cancel());
    entries.recv().await.unwrap();
    entries.recv().await.unwrap();
    hangs_up.abort();
    let readiness = testbed.host().readiness().clone();
    let stopping = tokio::spawn(testbed.stop());
    let mut changes = readiness.changes();
    changes
        .wait_for(|state| state.report() == Report::Draining)
        .await
        .unwrap();
    release.notify_waiters();
    assert_eq!(stays.await.unwrap().code(), Code::Ok);
    stopping.await.unwrap();
    assert!(
        steps.try_recv().is_ok() && steps.try_recv().is_ok(),
        "a step was lost"
    );
    // Nobody listens any more.
    let user = user.clone();
    let late = call(&channel, CANCEL, &one_order(), &[("authorization", &user)]).await;
    assert_eq!(late.code(), Code::Unavailable);
}

/// Steps that change something run to their end, as the contract says which do. Who only reads, and
/// has nobody left to tell, stops.
#[tokio::test]
async fn a_call_that_only_reads_ends_with_its_client() {
    const LIST: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
    let mut testbed = Testbed::new();
    let node = testbed.node("svc-orders").await;
    let (told, mut news) = mpsc::unbounded_channel();
    let list = handler(move |_| {
        let told = told.clone();
        async move {
            told.send(true).unwrap();
            // Told when it is dropped.
            let _last = scopeguard(move || told.send(false).unwrap());
            std::future::pending().await
        }
    });
    let service = Service::new(&node).with(dummy::Orders(list));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    let user = bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]));
    let channel = testbed.channel("svc-orders");
    let client =
        tokio::spawn(async move { call(&channel, LIST, &[], &[("authorization", &user)]).await });
    assert_eq!(news.recv().await, Some(true));
    client.abort();
    let end = tokio::time::timeout(Duration::from_secs(10), news.recv());
    assert_eq!(end.await, Ok(Some(false)));
}

fn one_order() -> Vec<u8> {
    let request = contracts::tradewind::orders::v1::CancelOrderRequest {
        order_id: Uuid::nil().to_string(),
        reason: String::new(),
    };
    prost::Message::encode_to_vec(&request)
}

/// Calls `end` when it is dropped.
fn scopeguard(end: impl FnMut()) -> impl Drop {
    struct Guard<F: FnMut()>(F);
    impl<F: FnMut()> Drop for Guard<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    Guard(end)
}

#[tokio::test]
async fn a_loop_that_dies_takes_the_process_down() {
    let mut host = Host::new(HostConfig::new(
        Telemetry::detached(),
        bus::Bus::in_process(),
    ));
    let listener = host
        .bind("svc-orders", "127.0.0.1:0".parse().unwrap(), "")
        .await
        .unwrap();
    let node = host.node("svc-orders", None);
    let service = Service::new(&node).with(dummy::Orders(fine()));
    host.serve(&node, service, listener).unwrap();
    node.tasks.spawn("recovery", |_| async {});
    let run = host.run(std::future::pending());
    let error = tokio::time::timeout(Duration::from_secs(5), run)
        .await
        .unwrap()
        .unwrap_err();
    assert!(
        matches!(&error, StartError::TaskDied { task, .. } if task == "recovery"),
        "{error}"
    );
    assert_eq!(error.exit_code(), 1);
}

#[tokio::test]
async fn callers_stop_before_callees_and_relays_last() {
    let mut host = Host::new(HostConfig::new(
        Telemetry::detached(),
        bus::Bus::in_process(),
    ));
    let (told, mut news) = mpsc::unbounded_channel();
    let node = host.node("svc-orders", None);
    for name in ["callee", "caller"] {
        let told = told.clone();
        host.add(name, move |drain| async move {
            drain.cancelled().await;
            told.send(name).unwrap();
        });
    }
    let tell = told.clone();
    let (relaying, relays) = oneshot::channel();
    node.tasks.spawn_relay("relay", |stop| async move {
        relaying.send(()).unwrap();
        stop.cancelled().await;
        tell.send("relay").unwrap();
    });
    node.tasks.spawn("loop", |stop| async move {
        stop.cancelled().await;
        told.send("loop").unwrap();
    });
    host.run(async { relays.await.unwrap() }).await.unwrap();
    let mut order = Vec::new();
    while let Ok(name) = news.try_recv() {
        order.push(name);
    }
    assert_eq!(order, ["caller", "callee", "loop", "relay"]);
}

#[tokio::test]
async fn the_ops_port_says_what_is_awaited() {
    let mut host = Host::new(HostConfig::new(
        Telemetry::detached(),
        bus::Bus::in_process(),
    ));
    let listener = host
        .bind("ops", "127.0.0.1:0".parse().unwrap(), "")
        .await
        .unwrap();
    let address = listener.local_addr().unwrap();
    host.serve_ops(listener);
    let node = host.node("svc-orders", None);
    let gate = node.readiness.waits_for("postgres");
    gate.set("connection refused");
    let get = async |path: &str| http_get(address, path).await;
    assert!(get("/livez").await.starts_with("HTTP/1.1 200"));
    let waiting = get("/readyz").await;
    assert!(waiting.starts_with("HTTP/1.1 503"), "{waiting}");
    assert!(
        waiting.contains("postgres") && waiting.contains("connection refused"),
        "{waiting}"
    );
    drop(gate);
    host.start();
    host.readiness().ready().await;
    node.readiness.degraded("nats", Some("connection refused"));
    let degraded = get("/ready").await;
    assert!(degraded.starts_with("HTTP/1.1 200"), "{degraded}");
    assert!(
        degraded.contains("degraded") && degraded.contains("nats"),
        "{degraded}"
    );
    assert!(get("/metrics").await.contains("target_info"));
    assert!(get("/nothing").await.starts_with("HTTP/1.1 404"));
}

async fn http_get(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: ops\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).await.unwrap();
    reply
}

#[test]
fn tokens_of_a_test_are_signed_like_any_other() {
    let signer = Signer::generate("test", &Random::seeded(1));
    let claims = AccessClaims {
        iss: "a".into(),
        aud: "b".into(),
        sub: Uuid::nil(),
        sid: Uuid::nil(),
        roles: vec![],
        iat: 0,
        exp: 10,
        jti: Uuid::nil(),
        pat: false,
    };
    let keys = runtime::identity::VerifyingKeys::new(&[signer.jwk()]).unwrap();
    let verified: AccessClaims = keys
        .verify(&signer.sign(&claims), Some("a"), "b", 9)
        .unwrap();
    assert_eq!(verified, claims);
}
