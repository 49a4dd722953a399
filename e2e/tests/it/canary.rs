//! scripts/canary, asked of a Prometheus with the rules of objectives, which scrapes what an edge would
//! tell.

use std::{
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use axum::{Router, routing::get};
use e2e::{condition::eventually, prometheus::Prometheus};
use tokio::{net::TcpListener, process::Command};

const PATIENCE: Duration = Duration::from_secs(60);
/// Of priority `high`, which may miss one call of a thousand.
const METHOD: &str = "tradewind.orders.v1.OrdersService/CreateOrder";

/// Calls that an edge has made, as it counts them.
#[derive(Default)]
struct Calls {
    good: AtomicU64,
    /// How many are bad of ten.
    bad_of_ten: AtomicU64,
    bad: AtomicU64,
}

impl Calls {
    /// Ten more with each look.
    fn tell(&self) -> String {
        let bad = self.bad_of_ten.load(Relaxed);
        let count = |code: &str, count: u64| {
            format!(
                "rpc_client_call_duration_seconds_count{{service_name=\"edge\",rpc_method=\"{METHOD}\",\
                 rpc_response_status_code=\"{code}\"}} {count}\n"
            )
        };
        let good = self.good.fetch_add(10 - bad, Relaxed);
        let bad = self.bad.fetch_add(bad, Relaxed);
        count("OK", good) + &count("UNAVAILABLE", bad)
    }
}

async fn canary(prometheus: &Prometheus, command: &str, calls: &str) -> Output {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts/canary");
    let mut canary = Command::new(script);
    canary.arg(command);
    canary.env("PROMETHEUS_URL", &prometheus.url);
    canary.env("CANARY_CALLS", calls);
    // Its second look is to follow at once.
    canary.env("CANARY_PAUSE", "0");
    canary.output().await.expect("it is a script")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_canary_that_misses_what_is_promised_is_taken_back() {
    let calls = Arc::new(Calls::default());
    let listener = TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    let told = calls.clone();
    let edge = Router::new().route("/metrics", get(move || std::future::ready(told.tell())));
    tokio::spawn(async move { axum::serve(listener, edge).await });
    let prometheus = Prometheus::of(&[], &[address]).await;

    // Nothing has been called, or not enough: nobody can say.
    let output = canary(&prometheus, "look", "1000000").await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("nothing to judge by"), "{told}");

    eventually("all is as promised", PATIENCE, || async {
        let output = canary(&prometheus, "look", "20").await;
        output.status.success().then_some(())
    })
    .await;

    calls.bad_of_ten.store(3, Relaxed);
    eventually("the budget burns", PATIENCE, || async {
        let output = canary(&prometheus, "look", "20").await;
        (output.status.code() == Some(1)).then_some(())
    })
    .await;
    // With two looks it is sure, long before its ten minutes are over.
    let output = canary(&prometheus, "watch", "20").await;
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("calls of priority high use up their budget of availability"),
        "{told}"
    );
}
