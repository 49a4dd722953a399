//! Serves HTTP/1.1 and HTTP/2 on one port: gRPC, the edge and the ops port alike.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt as _};

use crate::room::{Most, Room};
use crate::tls::Stream;

mod flushes;
mod lines;
mod opening;

pub use flushes::Flushes;
use lines::{Lines, ProtocolSwitch};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What a port bears.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// Connections at once; more wait to be accepted.
    pub max_connections: usize,
    /// Those of one address (of IPv6, one /64 network); more are closed at once.
    pub max_connections_per_address: usize,
    /// Time for the first byte, and for the headers of an HTTP/1.1 request.
    pub header_timeout: Duration,
    /// Number of headers of an HTTP/1.1 request.
    pub max_headers: usize,
    /// Bytes of the headers of an HTTP/2 request, and of an HTTP/1.1 request's buffer.
    pub max_header_bytes: u32,
    /// Requests at once on one HTTP/2 connection.
    pub max_concurrent_streams: u32,
    /// Bytes of the body of an HTTP/2 request that may come before they are read.
    pub stream_window: u32,
    /// The same of all requests on one connection.
    pub connection_window: u32,
    /// Requests at once that an HTTP/2 peer takes back before they are looked at; with more, the
    /// connection ends (CVE-2023-44487).
    pub max_pending_resets: usize,
    /// Requests that have to be reset for what the peer does, in the life of a connection; with more,
    /// it ends (CVE-2025-8671).
    pub max_error_resets: usize,
    /// Pause after which an HTTP/2 peer is asked whether it is still there.
    pub keep_alive_interval: Duration,
    /// Time to answer that.
    pub keep_alive_timeout: Duration,
    /// Time for what is under way when the shutdown begins.
    pub drain_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_connections: 10_000,
            max_connections_per_address: 2000,
            header_timeout: Duration::from_secs(10),
            max_headers: 100,
            max_header_bytes: 32 * 1024,
            max_concurrent_streams: 1024,
            stream_window: 256 * 1024,
            connection_window: 1024 * 1024,
            max_pending_resets: 20,
            max_error_resets: 1024,
            keep_alive_interval: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(10),
            drain_timeout: Duration::from_secs(25),
        }
    }
}

/// The other end of a connection: in the extensions of each request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

impl Peer {
    /// What is counted together: an IPv4 address, or the /64 network that one IPv6 customer has.
    pub fn network(self) -> IpAddr {
        match self.0.ip().to_canonical() {
            IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
            v4 => v4,
        }
    }
}

/// When a request's headers had come: in its extensions. It is looked at when a thread has time.
#[derive(Clone, Copy, Debug)]
pub struct Arrived(pub Instant);

/// Serves until `shutdown`, then lets what is under way finish, for up to `drain_timeout`.
pub async fn serve<S, B>(
    listener: TcpListener,
    service: S,
    limits: Limits,
    shutdown: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let connections = TaskTracker::new();
    let abort = CancellationToken::new();
    let room = Arc::new(Semaphore::new(limits.max_connections));
    let by_address = Room::new();
    let most = Most {
        total: usize::MAX,
        each: limits.max_connections_per_address,
    };
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener, &room) => accepted,
            () = shutdown.cancelled() => break,
        };
        let (stream, peer, permit) = accepted;
        let mut place = by_address.share(Some(Peer(peer).network()), most);
        if place.set(1).is_err() {
            tracing::debug!(%peer, "the address has too many connections");
            continue;
        }
        let connection = connection(
            stream.into(),
            peer,
            service.clone(),
            limits.clone(),
            Flushes::default(),
            shutdown.clone(),
        );
        let abort = abort.clone();
        connections.spawn(async move {
            let _places = (permit, place);
            abort.run_until_cancelled(connection).await;
        });
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain_timeout, connections.wait())
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "cut off after the drain timeout"
        );
        abort.cancel();
        connections.wait().await;
    }
}

/// The next connection, for which there is a permit. What may go wrong passes: it is told and waited out.
pub async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, OwnedSemaphorePermit) {
    loop {
        let permit = room
            .clone()
            .acquire_owned()
            .await
            .expect("nobody closes the semaphore");
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, permit),
            // The peer was faster to go than we to accept.
            Err(error) if is_of_one_connection(&error) => {}
            // No descriptors, as a rule: some will be free again.
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Serves one connection, on the current Tokio runtime, until it ends or, after `shutdown`, until
/// its requests are answered. `flushes` are counted for those who want to know.
pub async fn connection<S, B>(
    mut stream: Stream,
    peer: SocketAddr,
    service: S,
    limits: Limits,
    flushes: Flushes,
    shutdown: CancellationToken,
) where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    // Without it small replies wait for acknowledgements; it can only be slower.
    let _ = stream.set_nodelay();
    if !opening::is_http(&mut stream, limits.header_timeout, &shutdown).await {
        return;
    }
    let switch = ProtocolSwitch::default();
    let stream = Lines::of(stream, http1_buffer(&limits), switch.clone(), flushes);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.extensions_mut().insert(Arrived(Instant::now()));
        let (answer, switch) = (service.clone().oneshot(request), switch.clone());
        async move {
            let response = answer.await?;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS {
                switch.on();
            }
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(&limits);
    let mut connection =
        pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = shutdown.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, %peer, "connection ended");
    }
}

/// Bytes of an HTTP/1.1 request's headers, and of what of its body is read at once.
fn http1_buffer(limits: &Limits) -> usize {
    (limits.max_header_bytes as usize).max(8192)
}

fn builder(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_headers(limits.max_headers)
        .max_buf_size(http1_buffer(limits));
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(limits.max_header_bytes)
        .max_concurrent_streams(limits.max_concurrent_streams)
        .keep_alive_interval(limits.keep_alive_interval)
        .keep_alive_timeout(limits.keep_alive_timeout)
        .max_pending_accept_reset_streams(limits.max_pending_resets)
        .max_local_error_reset_streams(limits.max_error_resets)
        .initial_stream_window_size(limits.stream_window)
        .initial_connection_window_size(limits.connection_window);
    builder
}
