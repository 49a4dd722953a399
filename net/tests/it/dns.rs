//! Endpoints whose addresses change, as DNS tells of them, and as long as it tells nothing.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::Response;
use net::address::Address;
use net::client::{Channel, EndpointConfig};
use net::names::Names;
use net::telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::yield_now;
use tokio::time::{Instant, advance, pause, resume, timeout};
use tonic::Code;

use crate::endpoints::{channel_to, say_hello};

/// Turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(20);

/// What DNS has for the service.
#[derive(Clone)]
enum Answer {
    These(Vec<SocketAddr>),
    Failure,
    /// Not yet.
    Silence,
}

/// A DNS that answers what the test says.
struct Dns {
    answer: watch::Sender<Answer>,
    asked: Arc<AtomicUsize>,
    channel: Channel,
}

impl Dns {
    fn with(servers: &[&Server]) -> Dns {
        let answer = watch::Sender::new(these(servers));
        let asked = Arc::new(AtomicUsize::new(0));
        let (answers, count) = (answer.clone(), asked.clone());
        let names = Names::new(move |host, port| {
            assert_eq!((host, port), ("greeter", 4001));
            count.fetch_add(1, Ordering::SeqCst);
            let mut answers = answers.subscribe();
            Box::pin(async move {
                let answer = answers.wait_for(|answer| !matches!(answer, Answer::Silence));
                match &*answer.await.map_err(io::Error::other)? {
                    Answer::These(addresses) => Ok(addresses.clone()),
                    _ => Err(io::Error::other("SERVFAIL")),
                }
            })
        });
        let address: Address = "http://greeter:4001".parse().unwrap();
        let address = address.looked_up_by(names);
        Dns {
            answer,
            asked,
            channel: channel_to(address, EndpointConfig::default(), &Telemetry::detached()),
        }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// What goes on beside calls has its turn after each.
    async fn call(&self) -> Code {
        let code = say_hello(&self.channel).await.0;
        yield_now().await;
        code
    }

    /// Calls until that has come about.
    async fn calls_until(&self, has_come: impl Fn() -> bool) {
        let calls = async {
            while !has_come() {
                self.call().await;
            }
        };
        timeout(PATIENCE, calls).await.expect("it comes about");
    }
}

fn these(servers: &[&Server]) -> Answer {
    Answer::These(servers.iter().map(|server| server.address).collect())
}

/// A server that answers every call.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    calls: Arc<AtomicUsize>,
}

impl Server {
    async fn start() -> Server {
        Server::on(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn on(listener: TcpListener) -> Server {
        let server = Server {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            calls: Arc::default(),
        };
        let (connections, calls) = (server.connections.clone(), server.calls.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                let calls = calls.clone();
                tokio::spawn(async move {
                    let mut connection = h2::server::handshake(stream).await.unwrap();
                    while let Some(Ok((_, mut respond))) = connection.accept().await {
                        calls.fetch_add(1, Ordering::SeqCst);
                        let response = Response::builder().header("grpc-status", 0);
                        let response = response.body(()).unwrap();
                        respond.send_response(response, true).unwrap();
                    }
                });
            }
        });
        server
    }

    /// One that nobody can connect to.
    async fn gone() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Server {
            address: listener.local_addr().unwrap(),
            connections: Arc::default(),
            calls: Arc::default(),
        }
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// So much time passes, and nothing happens in it: sockets would not keep up with a clock that stands still.
async fn pass(time: Duration) {
    pause();
    advance(time).await;
    resume();
}

#[tokio::test]
async fn dns_is_asked_every_five_seconds_and_no_call_but_the_first_waits_for_it() {
    let (server, began) = (Server::start().await, Instant::now());
    let dns = Dns::with(&[&server]);
    for calls in 1..=20 {
        assert_eq!(dns.call().await, Code::Ok);
        assert_eq!(server.calls(), calls);
    }
    assert!(dns.asked() <= 1 + began.elapsed().as_secs() as usize / 5);
    let asked = dns.asked();
    dns.answer.send_replace(Answer::Silence);
    pass(Duration::from_secs(5)).await;
    dns.calls_until(|| dns.asked() > asked).await;
    assert_eq!(dns.call().await, Code::Ok);
    assert_eq!(dns.asked(), asked + 1, "one question at a time");
    dns.answer.send_replace(these(&[&server]));
    assert_eq!(dns.call().await, Code::Ok);
    pass(Duration::from_secs(5)).await;
    dns.calls_until(|| dns.asked() > asked + 1).await;
    assert_eq!(server.connections(), 1, "it is still named");
}

#[tokio::test]
async fn the_last_addresses_stay_when_dns_does_not_answer() {
    let (one, other) = (Server::start().await, Server::start().await);
    let dns = Dns::with(&[&one]);
    assert_eq!(dns.call().await, Code::Ok);
    for asked in 1..4 {
        dns.answer.send_replace(Answer::Failure);
        pass(Duration::from_secs(5)).await;
        dns.calls_until(|| dns.asked() > asked).await;
        assert_eq!(dns.call().await, Code::Ok);
    }
    dns.answer.send_replace(these(&[&other]));
    pass(Duration::from_secs(5)).await;
    dns.calls_until(|| other.calls() > 0).await;
    let before = one.calls();
    assert_eq!(dns.call().await, Code::Ok);
    assert_eq!(one.calls(), before, "it is not named any more");
}

#[tokio::test]
async fn dns_is_asked_after_a_second_already_when_nobody_can_be_called() {
    let (gone, also_gone) = (Server::gone().await, Server::gone().await);
    for known in [&[&gone][..], &[&gone, &also_gone]] {
        let (server, began) = (Server::start().await, Instant::now());
        let dns = Dns::with(known);
        for _ in 0..20 {
            assert_eq!(dns.call().await, Code::Unavailable);
        }
        let asked = dns.asked();
        assert!(asked <= 1 + began.elapsed().as_secs() as usize);
        dns.answer.send_replace(these(&[&server]));
        pass(Duration::from_secs(1)).await;
        // Few enough that five seconds do not pass over them.
        for _ in 0..20 {
            dns.call().await;
        }
        assert!(dns.asked() > asked);
        dns.calls_until(|| server.calls() > 0).await;
    }
}

/// As when the second replica is replaced right after the first.
#[tokio::test]
async fn whoever_is_back_is_called_at_once_when_everybody_else_is_gone() {
    let replaced = Server::gone().await;
    let dns = Dns::with(&[&replaced]);
    // The pauses between attempts grow to a second.
    for _ in 0..10 {
        assert_eq!(dns.call().await, Code::Unavailable);
        pass(Duration::from_secs(1)).await;
    }
    assert_eq!(dns.call().await, Code::Unavailable);
    let listener = TcpListener::bind(replaced.address).await.unwrap();
    let back = Server::on(listener);
    pass(Duration::from_millis(20)).await;
    assert_eq!(dns.call().await, Code::Ok);
    assert_eq!(back.calls(), 1);
}

#[tokio::test]
async fn a_new_endpoint_is_connected_before_its_first_call() {
    let (old, new) = (Server::start().await, Server::start().await);
    let dns = Dns::with(&[&old]);
    assert_eq!(dns.call().await, Code::Ok);
    dns.answer.send_replace(these(&[&old, &new]));
    pass(Duration::from_secs(5)).await;
    // It is still for the one that is known.
    assert_eq!(dns.call().await, Code::Ok);
    let connected = async {
        while new.connections() == 0 {
            yield_now().await;
        }
    };
    timeout(PATIENCE, connected).await.expect("it is connected");
    assert_eq!(new.calls(), 0);
    dns.calls_until(|| new.calls() > 0).await;
    assert_eq!((old.connections(), new.connections()), (1, 1));
}
