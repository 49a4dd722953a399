//! A process whose code panics with what somebody sent.

use std::convert::Infallible;
use std::future::Ready;
use std::task::{Context, Poll};

use bus::Bus;
use contracts::tradewind::auth::v1::LoginRequest;
use contracts::tradewind::auth::v1::auth_service_client::AuthServiceClient;
use e2e::otlp::Sink;
use e2e::process::Process;
use net::StartError;
use net::process::in_runtime;
use net::telemetry::{Exporter, Telemetry, TelemetryConfig};
use runtime::service::Service;
use runtime::testbed::{Testbed, patient};
use tonic::body::Body;
use tonic::{Code, Request};

use super::flock::{Flock, Kind, Outlet};
use super::{STOP, wrong};

const CANARIES: &str = "CANARIES";
const ENDPOINT: &str = "ENDPOINT";
const HEADER: &str = "x-canary";

#[tokio::test]
async fn no_secret_comes_out_of_a_panic() {
    let (sink, flock) = (Sink::start().await, Flock::new());
    let told = &[Outlet::Log, Outlet::Telemetry];
    let canaries = ["a handler", "a thread"]
        .map(|place| Kind::ALL.map(|kind| flock.text(kind, &format!("a panic of {place}"), told)));
    let canaries = serde_json::to_string(&canaries).expect("they are texts");
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let variables = [
        (CANARIES, canaries),
        (ENDPOINT, sink.endpoint.clone()),
        ("RUST_BACKTRACE", "1".to_owned()),
    ];
    let mut process = Process::start(
        "panics",
        &std::env::current_exe().expect("a running program has a path"),
        [
            "canaries::panics::it_panics",
            "--exact",
            "--ignored",
            "--nocapture",
        ],
        variables,
        &folder.path().join("log"),
    );
    let (status, log) = (process.end(STOP).await, process.output());
    assert!(status.success(), "{log}");
    let told = [
        (Outlet::Log, "panics".to_owned(), log),
        (Outlet::Telemetry, "OTLP".to_owned(), sink.everything()),
    ];
    let wrong = wrong(flock, &told);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
#[ignore = "it is the process of the test above"]
fn it_panics() {
    let variable = |name| std::env::var(name).expect("it is a process of a test");
    let canaries = serde_json::from_str(&variable(CANARIES)).expect("they are texts");
    let config = TelemetryConfig {
        log: "debug".to_owned(),
        otlp_endpoint: Some(variable(ENDPOINT)),
        metrics_exporter: Exporter::Otlp,
        logs_exporter: Exporter::Otlp,
        ..TelemetryConfig::default()
    };
    let run = async |telemetry| panic(telemetry, canaries).await;
    let code = in_runtime("panics", &config, run);
    assert_eq!(code, std::process::ExitCode::SUCCESS);
}

async fn panic(
    telemetry: Telemetry,
    [of_handlers, of_threads]: [Vec<String>; 2],
) -> Result<(), StartError> {
    let mut testbed = Testbed::with(patient(telemetry, Bus::in_process()));
    let node = testbed.node("svc-auth").await;
    testbed.serve(&node, Service::new(&node).with(Panics))?;
    testbed.start().await;
    let mut client = AuthServiceClient::new(testbed.channel("svc-auth"));
    for canary in of_handlers {
        let mut request = Request::new(LoginRequest {
            email: "ada@example.com".to_owned(),
            password: "correct horse".to_owned(),
        });
        let value = canary.parse().expect("it is ASCII");
        request.metadata_mut().insert(HEADER, value);
        let status = client.login(request).await.expect_err("it panics");
        assert_eq!(status.code(), Code::Internal, "{status:?}");
        assert!(!format!("{status:?}").contains(&canary), "{status:?}");
    }
    for canary in of_threads {
        let thread = std::thread::spawn(move || panic!("who is {canary}?"));
        assert!(thread.join().is_err());
    }
    testbed.stop().await;
    Ok(())
}

/// Logs in nobody.
#[derive(Clone)]
struct Panics;

impl tonic::server::NamedService for Panics {
    const NAME: &'static str = "tradewind.auth.v1.AuthService";
}

impl tower::Service<http::Request<Body>> for Panics {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        panic!("{:?} is nobody", request.headers()[HEADER]);
    }
}
