//! Endpoints that fail, in numbers: what callers see of them, with what the stack does about it and without.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use net::address::Address;
use net::client::{Call, Channel, Describe, EndpointConfig, Health, Lost, Unconnected};
use net::random::Random;
use net::telemetry::Telemetry;
use tokio::net::TcpListener;
use tonic::{Code, Status};

/// Nothing is done about endpoints that fail.
const NOTHING: EndpointConfig = EndpointConfig {
    endpoint_ejection: 0,
    endpoint_breaker: 0,
    endpoint_slow_start: Duration::ZERO,
};

/// What a server does with every call.
#[derive(Clone, Copy)]
enum Server {
    Well,
    /// It says UNAVAILABLE.
    Unavailable,
    /// It breaks the call off.
    Resets,
    /// It goes away, connection and all.
    Breaks,
}

/// Its address, and how many calls came.
async fn start(server: Server) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let count = count.clone();
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(stream).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    let code = match server {
                        Server::Well => Code::Ok,
                        Server::Unavailable => Code::Unavailable,
                        Server::Resets => {
                            respond.send_reset(h2::Reason::INTERNAL_ERROR);
                            continue;
                        }
                        Server::Breaks => return,
                    };
                    let response = Response::builder().header("grpc-status", code as i32);
                    let response = response.body(()).unwrap();
                    respond.send_response(response, true).unwrap();
                }
            });
        }
    });
    (address, came)
}

fn channel(addresses: &[&str], failing: EndpointConfig, telemetry: &Telemetry) -> Channel {
    channel_to(addresses.join(",").parse().unwrap(), failing, telemetry)
}

pub(crate) fn channel_to(
    address: Address,
    failing: EndpointConfig,
    telemetry: &Telemetry,
) -> Channel {
    let unconnected = Unconnected {
        service: "greeter".into(),
        caller: "test",
        credentials: None,
        describe: Describe::default(),
        tls: None,
        longest: Some(Duration::from_secs(20)),
        metrics: telemetry.client_metrics(),
        random: Random::seeded(1),
        health: Health::default(),
        failing,
    };
    unconnected.to(Some(address))
}

pub(crate) async fn say_hello(channel: &Channel) -> (Code, Option<Lost>) {
    let path = "/greeter.v1.Greeter/SayHello";
    let mut request = Request::new(Full::new(Bytes::from_static(&[0; 5])));
    *request.uri_mut() = path.parse().unwrap();
    let response = channel.send(request, Call::unary(path)).await;
    let status = Status::from_header_map(response.headers());
    let lost = response.extensions().get().copied();
    (status.map_or(Code::Ok, |status| status.code()), lost)
}

async fn failures(channel: &Channel, calls: usize) -> usize {
    let mut failures = 0;
    for _ in 0..calls {
        failures += usize::from(say_hello(channel).await.0 != Code::Ok);
    }
    failures
}

fn counted(telemetry: &Telemetry, metric: &str, label: (&str, &str)) -> f64 {
    let text = telemetry.prometheus();
    let value = ops::value(&text, metric, &[label]);
    value.unwrap_or_else(|| panic!("{metric} is missing: {text}"))
}

#[tokio::test]
async fn of_three_endpoints_one_that_fails_costs_five_calls_and_not_a_third_of_all() {
    const CALLS: usize = 600;
    let (well, also_well) = (start(Server::Well).await, start(Server::Well).await);
    for kind in [Server::Unavailable, Server::Resets, Server::Breaks] {
        let bad = start(kind).await;
        let addresses = [&*well.0, &*bad.0, &*also_well.0];
        let telemetry = Telemetry::detached();
        let guarded = channel(&addresses, EndpointConfig::default(), &telemetry);
        assert_eq!(failures(&guarded, CALLS).await, 5);
        let ejected = ["failed", "lost"]
            .map(|cause| counted(&telemetry, "rpc_client_ejections_total", ("cause", cause)));
        assert_eq!(ejected.iter().sum::<f64>(), 1.0);

        let unguarded = channel(&addresses, NOTHING, &telemetry);
        let failures = failures(&unguarded, CALLS).await;
        assert!((CALLS / 4..CALLS / 2).contains(&failures), "{failures}");
    }
}

#[tokio::test]
async fn if_all_fail_half_of_them_are_called_nevertheless() {
    let servers = [
        start(Server::Unavailable).await,
        start(Server::Unavailable).await,
        start(Server::Unavailable).await,
        start(Server::Unavailable).await,
    ];
    let addresses = servers.each_ref().map(|(address, _)| &**address);
    let telemetry = Telemetry::detached();
    let channel = channel(&addresses, EndpointConfig::default(), &telemetry);
    assert_eq!(failures(&channel, 100).await, 100);
    let came = || {
        servers
            .each_ref()
            .map(|(_, came)| came.load(Ordering::SeqCst))
    };
    let before = came();
    assert_eq!(failures(&channel, 40).await, 40);
    let after = came();
    let called = (0..4).filter(|at| after[*at] > before[*at]).count();
    assert_eq!(called, 2);
    // They said so themselves: nobody speaks for them.
    assert_eq!(after.iter().sum::<usize>(), 140);
}

#[tokio::test]
async fn one_that_answers_nothing_is_not_asked_again_and_again() {
    let (address, came) = start(Server::Breaks).await;
    let telemetry = Telemetry::detached();
    let guarded = channel(&[&address], EndpointConfig::default(), &telemetry);
    let mut tripped = 0;
    for _ in 0..50 {
        let (code, lost) = say_hello(&guarded).await;
        assert_eq!(code, Code::Unavailable);
        tripped += usize::from(lost == Some(Lost::Tripped));
    }
    // A slow machine may have time for one that tries it.
    let reached = came.load(Ordering::SeqCst);
    assert!((5..10).contains(&reached), "{reached}");
    assert_eq!(tripped, 50 - reached);
    let refused = counted(
        &telemetry,
        "rpc_client_refusals_total",
        ("upstream", "greeter"),
    );
    assert_eq!(refused, tripped as f64);
    let endpoints = ["in", "ejected", "open"]
        .map(|state| counted(&telemetry, "rpc_client_endpoints", ("state", state)));
    assert_eq!(endpoints, [0.0, 0.0, 1.0]);

    let (address, came) = start(Server::Breaks).await;
    let unguarded = channel(&[&address], NOTHING, &telemetry);
    assert_eq!(failures(&unguarded, 50).await, 50);
    assert_eq!(came.load(Ordering::SeqCst), 50);
}
