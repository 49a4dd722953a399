//! How the client stack shares the streams that a server allows on each connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use http::{Request, Response};
use http_body_util::Full;
use net::client::ResponseBody;
use runtime::client::Channel;
use runtime::status::{Reason, reason, retry_delay};
use tokio::net::{TcpListener, TcpStream};
use tonic::{Code, Status};

use crate::client::{GET, channel, get};
use crate::dummy::frame;

const WATCH: &str = "/tradewind.orders.v1.OrdersService/WatchOrder";
/// Connections of one kind to one endpoint.
const MOST_CONNECTIONS: usize = 16;

/// A server that allows so many streams on each connection. It answers calls, and begins a reply to
/// watches, and to calls too if it is slow, that it never ends.
struct Peer {
    address: SocketAddr,
    /// Connections that are open now, and that ever were.
    live: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
}

impl Peer {
    async fn start(streams: u32, is_slow: bool) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let peer = Peer {
            address: listener.local_addr().unwrap(),
            live: Arc::default(),
            accepted: Arc::default(),
        };
        let (live, accepted) = (peer.live.clone(), peer.accepted.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                accepted.fetch_add(1, Ordering::SeqCst);
                live.fetch_add(1, Ordering::SeqCst);
                let live = live.clone();
                tokio::spawn(async move {
                    serve(stream, streams, is_slow).await;
                    live.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        peer
    }

    fn channel(&self) -> Channel {
        channel(&format!("http://{}", self.address))
    }

    async fn has(&self, connections: usize) {
        let has = async {
            while self.live.load(Ordering::SeqCst) != connections {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let has = tokio::time::timeout(Duration::from_secs(30), has).await;
        has.unwrap_or_else(|_| panic!("{:?} connections, not {connections}", self.live));
    }
}

async fn serve(stream: TcpStream, streams: u32, is_slow: bool) {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(streams);
    let mut connection = builder.handshake::<_, bytes::Bytes>(stream).await.unwrap();
    let mut held = Vec::new();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let ends = request.uri().path() != WATCH && !is_slow;
        let response = Response::builder().header("content-type", "application/grpc");
        let response = match ends {
            true => response.header("grpc-status", "0"),
            false => response,
        };
        held.push(respond.send_response(response.body(()).unwrap(), ends));
    }
}

/// The beginning of a reply, which holds its stream.
async fn begin(channel: &Channel, path: &str) -> Result<Response<ResponseBody>, Status> {
    let mut request = Request::new(Full::new(frame(&[])));
    *request.uri_mut() = path.parse().unwrap();
    let patience = "300S".parse().unwrap();
    request.headers_mut().insert("grpc-timeout", patience);
    // Far less than the call itself has.
    let response = tokio::time::timeout(Duration::from_secs(60), channel.send(request, None)).await;
    let response = response.expect("it waits for a stream");
    match Status::from_header_map(response.headers()) {
        Some(status) if status.code() != Code::Ok => Err(status),
        _ => Ok(response),
    }
}

/// So many of them, one after the other.
async fn hold(channel: &Channel, path: &str, count: usize) -> Vec<Response<ResponseBody>> {
    let mut held = Vec::new();
    for number in 0..count {
        let begun = begin(channel, path).await;
        held.push(begun.unwrap_or_else(|status| panic!("{number}: {status:?}")));
    }
    held
}

#[tokio::test]
async fn streams_take_none_from_calls_and_are_refused_at_once_when_all_are_taken() {
    let peer = Peer::start(4, false).await;
    let channel = peer.channel();
    let mut watches = hold(&channel, WATCH, 4 * MOST_CONNECTIONS).await;
    let refused = begin(&channel, WATCH).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    assert_eq!(reason(&refused), Some(Reason::DependencyUnavailable));
    assert!(retry_delay(&refused).is_some());
    peer.has(MOST_CONNECTIONS).await;
    for _ in 0..20 {
        assert_eq!(get(&channel).await.code(), Code::Ok);
    }
    peer.has(MOST_CONNECTIONS + 1).await;

    watches.pop();
    watches.extend(hold(&channel, WATCH, 1).await);
    peer.has(MOST_CONNECTIONS + 1).await;
}

#[tokio::test]
async fn a_call_is_refused_at_once_when_every_stream_is_taken() {
    let peer = Peer::start(2, true).await;
    let channel = peer.channel();
    let calls = hold(&channel, GET, 2 * MOST_CONNECTIONS).await;
    let refused = begin(&channel, GET).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable);
    drop(calls);
    hold(&channel, GET, 2 * MOST_CONNECTIONS).await;
    assert_eq!(peer.accepted.load(Ordering::SeqCst), MOST_CONNECTIONS);
}

#[tokio::test]
async fn a_call_goes_to_another_endpoint_if_one_has_no_stream_free() {
    let (narrow, wide) = (Peer::start(1, true).await, Peer::start(1_000, true).await);
    let channel = channel(&format!(
        "http://{},http://{}",
        narrow.address, wide.address
    ));
    hold(&channel, GET, 200).await;
    assert_eq!(narrow.accepted.load(Ordering::SeqCst), MOST_CONNECTIONS);
}

#[tokio::test]
async fn a_further_connection_is_opened_before_one_is_full() {
    let peer = Peer::start(8, true).await;
    let channel = peer.channel();
    let mut calls = hold(&channel, GET, 6).await;
    peer.has(1).await;
    calls.extend(hold(&channel, GET, 1).await);
    peer.has(2).await;
    calls.extend(hold(&channel, GET, 7).await);
    peer.has(2).await;
}

#[tokio::test]
async fn a_burst_of_calls_opens_one_connection() {
    let peer = Peer::start(1_000, true).await;
    let channel = peer.channel();
    let calls = join_all((0..500).map(|_| begin(&channel, GET))).await;
    assert!(calls.iter().all(Result::is_ok));
    assert_eq!(peer.accepted.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn connections_that_are_not_needed_any_more_are_closed() {
    let peer = Peer::start(4, false).await;
    let channel = peer.channel();
    let watches = hold(&channel, WATCH, 20).await;
    assert!(peer.live.load(Ordering::SeqCst) >= 5);
    drop(watches);
    // In the first while replies came, in the second nothing did.
    tokio::time::pause();
    for _ in 0..2 {
        tokio::time::advance(Duration::from_secs(10)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    tokio::time::resume();
    peer.has(1).await;
    let accepted = peer.accepted.load(Ordering::SeqCst);
    hold(&channel, WATCH, 3).await;
    assert_eq!(peer.accepted.load(Ordering::SeqCst), accepted);
}
