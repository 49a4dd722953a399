//! Peers that take what they can: calls that never come to their end, streams by the thousand.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use futures::future::poll_fn;
use h2::client::{ResponseFuture, SendRequest};
use h2::{PingPong, Reason as Reset, SendStream};
use http::{Request, Response};
use net::telemetry::Telemetry;
use runtime::host::HostConfig;
use runtime::service::Service;
use runtime::status::Reason;
use runtime::testbed::{Testbed, patient};
use tokio::net::TcpSocket;
use tokio::time::timeout;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::dummy::{self, Reply, bearer, call, fine, frame};

const CREATE: &str = "/tradewind.orders.v1.OrdersService/CreateOrder";
const LIST: &str = "/tradewind.orders.v1.OrdersService/ListOrders";
const CHECK: &str = "/grpc.health.v1.Health/Check";
const WATCH_HEALTH: &str = "/grpc.health.v1.Health/Watch";
/// Only turns a hang into a failure.
const PATIENCE: Duration = Duration::from_secs(30);
const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Loopback is a whole network.
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

async fn orders(limit: impl FnOnce(&mut HostConfig)) -> Testbed {
    let mut config = patient(Telemetry::detached(), bus::Bus::in_process());
    limit(&mut config);
    let mut testbed = Testbed::with(config);
    let node = testbed.node("svc-orders").await;
    let service = Service::new(&node).with(dummy::Orders(fine()));
    testbed.serve(&node, service).unwrap();
    testbed.start().await;
    testbed
}

fn user(testbed: &Testbed) -> String {
    bearer(&testbed.access_token(Uuid::nil(), Uuid::nil(), &["user"]))
}

/// One HTTP/2 connection.
struct Peer {
    requests: SendRequest<Bytes>,
    pings: PingPong,
}

/// A call that can go on to send.
struct Open {
    response: ResponseFuture,
    body: SendStream<Bytes>,
}

impl Peer {
    async fn connect(testbed: &Testbed, from: Ipv4Addr) -> Result<Peer, h2::Error> {
        let address = testbed.mesh().address("svc-orders").unwrap().to_string();
        let address = address.strip_prefix("http://").unwrap();
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((from, 0))).unwrap();
        let stream = socket.connect(address.parse().unwrap()).await.unwrap();
        let (requests, mut connection) = h2::client::handshake(stream).await?;
        let pings = connection.ping_pong().unwrap();
        tokio::spawn(connection);
        let mut peer = Peer { requests, pings };
        peer.is_read().await?;
        Ok(peer)
    }

    /// Completes when the server has read everything that was sent.
    async fn is_read(&mut self) -> Result<(), h2::Error> {
        let pong = self.pings.ping(h2::Ping::opaque());
        timeout(PATIENCE, pong)
            .await
            .expect("it does not answer")
            .map(drop)
    }

    /// Begins a call, and ends it if there is a whole body.
    async fn begin(&mut self, path: &str, metadata: &[(&str, &str)], body: Option<Bytes>) -> Open {
        let mut request = Request::post(format!("http://svc-orders{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in metadata {
            request = request.header(*name, *value);
        }
        let ready = timeout(PATIENCE, self.requests.clone().ready());
        let mut requests = ready.await.expect("no stream is free").unwrap();
        let request = request.body(()).unwrap();
        let (response, mut stream) = requests.send_request(request, false).unwrap();
        if let Some(body) = body {
            stream.send_data(body, true).unwrap();
        }
        Open {
            response,
            body: stream,
        }
    }

    async fn begin_many(&mut self, path: &str, metadata: &[(&str, &str)]) -> Vec<Open> {
        let mut calls = Vec::new();
        for _ in 0..1000 {
            calls.push(self.begin(path, metadata, None).await);
        }
        self.is_read().await.unwrap();
        calls
    }
}

impl Open {
    async fn head(&mut self) -> Response<h2::RecvStream> {
        let head = timeout(PATIENCE, &mut self.response);
        head.await.expect("it is not answered").unwrap()
    }

    /// What it is refused with, if it is.
    async fn status(&mut self) -> Option<Status> {
        Status::from_header_map(self.head().await.headers())
    }

    async fn is_answered(&mut self) -> bool {
        futures::poll!(&mut self.response).is_ready()
    }
}

fn assert_refused(status: &Status, code: Code, reason: Reason) {
    assert_eq!(status.code(), code, "{status:?}");
    assert_eq!(runtime::status::reason(status), Some(reason), "{status:?}");
}

async fn list(testbed: &Testbed) -> Reply {
    let (channel, user) = (testbed.channel("svc-orders"), user(testbed));
    let metadata = [("authorization", &*user)];
    let reply = call(&channel, LIST, &[], &metadata);
    timeout(PATIENCE, reply).await.expect("it is not answered")
}

#[tokio::test]
async fn calls_that_do_not_come_to_their_end_take_nobodys_place() {
    let testbed = orders(|_| {}).await;
    let mut strangers = Peer::connect(&testbed, HERE).await.unwrap();
    let mut users = Peer::connect(&testbed, HERE).await.unwrap();
    let token = user(&testbed);
    let mut open = strangers.begin_many(CHECK, &[]).await;
    open.extend(users.begin_many(LIST, &[("authorization", &token)]).await);

    let reply = list(&testbed).await;
    assert_eq!(reply.code(), Code::Ok, "{reply:?}");
    for call in &mut open {
        assert!(!call.is_answered().await);
    }
    // They are calls like others, if they come to their end after all.
    for which in [0, 1999] {
        let call = &mut open[which];
        call.body.send_data(frame(&[]), true).unwrap();
        assert_eq!(call.status().await.map(|status| status.code()), None);
    }
}

#[tokio::test]
async fn whoever_may_not_call_is_told_so_before_a_message_comes() {
    let testbed = orders(|_| {}).await;
    let mut strangers = Peer::connect(&testbed, HERE).await.unwrap();
    for mut call in strangers.begin_many(LIST, &[]).await {
        let status = call.status().await.expect("it is refused");
        assert_refused(&status, Code::Unauthenticated, Reason::TokenMissing);
    }
    assert_eq!(list(&testbed).await.code(), Code::Ok);
}

#[tokio::test]
async fn who_watches_health_by_the_thousand_takes_nobodys_place() {
    let testbed = orders(|_| {}).await;
    let mut rude = [
        Peer::connect(&testbed, HERE).await.unwrap(),
        Peer::connect(&testbed, HERE).await.unwrap(),
    ];
    let mut watches = Vec::new();
    for peer in &mut rude {
        for _ in 0..1000 {
            let ask = Some(frame(&[]));
            watches.push(peer.begin(WATCH_HEALTH, &[], ask).await);
        }
    }
    let (mut open, mut refused) = (0, 0);
    for watch in &mut watches {
        match watch.status().await {
            None => open += 1,
            Some(status) => {
                assert_refused(&status, Code::ResourceExhausted, Reason::TooManyStreams);
                refused += 1;
            }
        }
    }
    assert_eq!((open, refused), (100, 1900));
    assert_eq!(list(&testbed).await.code(), Code::Ok);
    let mut other = Peer::connect(&testbed, ELSEWHERE).await.unwrap();
    let mut watch = other.begin(WATCH_HEALTH, &[], Some(frame(&[]))).await;
    assert_eq!(watch.status().await.map(|status| status.code()), None);

    drop((watches, rude));
    let again = async {
        let mut peer = Peer::connect(&testbed, HERE).await.unwrap();
        let mut watch = peer.begin(WATCH_HEALTH, &[], Some(frame(&[]))).await;
        while watch.status().await.is_some() {
            watch = peer.begin(WATCH_HEALTH, &[], Some(frame(&[]))).await;
        }
    };
    timeout(PATIENCE, again)
        .await
        .expect("no place is given back");
}

#[tokio::test]
async fn a_body_that_does_not_come_on_ends_with_a_status_and_its_stream_is_reset() {
    let short = Duration::from_millis(50);
    let testbed = orders(|config| config.server.request_body_timeout = short).await;
    let token = user(&testbed);
    let mut peer = Peer::connect(&testbed, HERE).await.unwrap();
    for begun in [Bytes::new(), frame(&[0; 100]).slice(..50)] {
        let metadata = [("authorization", &*token)];
        let mut call = peer.begin(LIST, &metadata, None).await;
        call.body.send_data(begun, false).unwrap();
        let status = call.status().await.expect("it is refused");
        assert_refused(&status, Code::DeadlineExceeded, Reason::RequestTooSlow);
        let reset = timeout(PATIENCE, poll_fn(|context| call.body.poll_reset(context)));
        // The answer is whole; nothing more is wanted (RFC 9113, section 8.1).
        let reset = reset.await.expect("the server still wants it");
        assert_eq!(reset.unwrap(), Reset::NO_ERROR);
    }
}

#[tokio::test]
async fn requests_on_their_way_have_so_much_memory_and_the_mesh_its_own() {
    let testbed = orders(|config| {
        config.server.request_body_memory = 120 * 1024;
        config.server.request_body_memory_per_address = 30 * 1024;
    })
    .await;
    let (token, edge) = (user(&testbed), bearer(&testbed.workload_token("edge")));
    let user = [("authorization", &*token)];
    let mesh = [user[0], ("x-workload-authorization", &*edge)];
    let part = frame(&[0; 30 * 1024]).slice(..16 * 1024);
    let mut peers = Vec::new();
    let mut held = Vec::new();
    // An address is refused its second one, and all strangers together what is over half of it.
    for (address, metadata, refusal) in [
        (1, &user[..], None),
        (1, &user[..], Some("of this address")),
        (1, &mesh[..], None),
        (2, &user[..], None),
        (3, &user[..], Some("too many requests are")),
        (3, &mesh[..], None),
    ] {
        let from = Ipv4Addr::new(127, 0, 0, address);
        let mut peer = Peer::connect(&testbed, from).await.unwrap();
        let mut call = peer.begin(CREATE, metadata, None).await;
        call.body.send_data(part.clone(), false).unwrap();
        peer.is_read().await.unwrap();
        match refusal {
            None => assert!(!call.is_answered().await, "{address}"),
            Some(words) => {
                let status = call.status().await.expect("it is refused");
                assert_refused(&status, Code::Unavailable, Reason::Overloaded);
                assert!(status.message().contains(words), "{status:?}");
                assert!(runtime::status::retry_delay(&status).is_some());
            }
        }
        held.push(call);
        peers.push(peer);
    }
    // What is there as a whole waits for nothing, and needs none of it.
    assert_eq!(list(&testbed).await.code(), Code::Ok);

    drop((held, peers));
    let again = async {
        loop {
            let mut peer = Peer::connect(&testbed, HERE).await.unwrap();
            let mut call = peer.begin(CREATE, &user, None).await;
            call.body.send_data(part.clone(), false).unwrap();
            peer.is_read().await.unwrap();
            if !call.is_answered().await {
                return;
            }
        }
    };
    timeout(PATIENCE, again)
        .await
        .expect("nothing is given back");
}

#[tokio::test]
async fn an_address_has_so_many_connections_and_others_have_theirs() {
    let testbed = orders(|config| config.http.max_connections_per_address = 2).await;
    let first = Peer::connect(&testbed, HERE).await.unwrap();
    let _second = Peer::connect(&testbed, HERE).await.unwrap();
    assert!(Peer::connect(&testbed, HERE).await.is_err());
    assert!(Peer::connect(&testbed, ELSEWHERE).await.is_ok());
    drop(first);
    let again = async { while Peer::connect(&testbed, HERE).await.is_err() {} };
    timeout(PATIENCE, again)
        .await
        .expect("no place is given back");
}
