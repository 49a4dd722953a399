//! One connection: HTTP/1.1 or HTTP/2 without TLS, within limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use runtime::http::Limits;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::compression;
use crate::config::Connections;
use crate::door::Door;
use crate::pipeline;

/// Serves it to its end. After `shutdown` it takes no further requests.
pub(crate) async fn serve(
    door: Arc<Door>,
    stream: TcpStream,
    peer: SocketAddr,
    shutdown: CancellationToken,
) {
    let limits = limits(&door.edge.settings.connections);
    let asked = Arc::new(AtomicBool::new(false));
    let silence = silence(asked.clone(), limits.header_timeout);
    let service = tower::service_fn(move |request| {
        asked.store(true, Ordering::Relaxed);
        pipeline::answer(door.clone(), peer.ip(), request)
    });
    let service = compression::wrap(service);
    tokio::select! {
        () = runtime::http::connection(stream, peer, service, limits, shutdown) => {}
        () = silence => tracing::debug!(client.address = %peer.ip(), "connected and asked nothing"),
    }
}

/// Completes if there was no request in time. The timeout for headers starts when the protocol is
/// known; a client that sends half of HTTP/2's preface never gets that far.
async fn silence(asked: Arc<AtomicBool>, patience: Duration) {
    tokio::time::sleep(patience).await;
    if asked.load(Ordering::Relaxed) {
        std::future::pending().await
    }
}

fn limits(connections: &Connections) -> Limits {
    Limits {
        max_connections: connections.max_connections,
        header_timeout: connections.header_timeout,
        max_headers: connections.max_headers,
        max_header_bytes: connections.max_header_bytes,
        max_concurrent_streams: connections.max_streams,
        ..Limits::default()
    }
}
