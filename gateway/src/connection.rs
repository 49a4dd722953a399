//! One connection: HTTP/1.1 or HTTP/2 without TLS, within limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use http::{Request, StatusCode};
use hyper::body::Incoming;
use net::http::Limits;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::compression;
use crate::config::Connections;
use crate::entrance::Entrance;
use crate::pipeline;
use crate::protocol::websocket::Upgraded;

mod progress;

use progress::Progress;

/// Serves it to its end. After `shutdown` it takes no further requests.
pub(crate) async fn serve(
    entrance: Entrance,
    stream: TcpStream,
    peer: SocketAddr,
    shutdown: CancellationToken,
) {
    let (limits, idle_timeout, send_timeout) = {
        let door = entrance.door();
        let connections = &door.settings.connections;
        let (header, send) = (connections.header_timeout, connections.send_timeout);
        (limits(connections), header, send)
    };
    let progress = Progress::new();
    let stop = shutdown.child_token();
    let idle = async {
        progress.ended(idle_timeout, send_timeout).await;
        tracing::debug!(client.address = %peer.ip(), "nothing was asked for too long");
        // A client of HTTP/2 is told (GOAWAY), so that no request of its is lost in between.
        stop.cancel();
        tokio::time::sleep(idle_timeout).await;
    };
    let service = compression::wrap(tower::service_fn(move |request| {
        pipeline::answer(entrance.door(), peer.ip(), request)
    }));
    let begins = progress.clone();
    let switched = Arc::new(OnceLock::new());
    let switches = switched.clone();
    let watched = tower::service_fn(move |request: Request<Incoming>| {
        let (under_way, service) = (begins.begin(), service.clone());
        let switches = switches.clone();
        async move {
            let Ok(response) = service.oneshot(request).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS
                && let Some(upgraded) = response.extensions().get::<Upgraded>()
            {
                // HTTP ends with it: there is no second.
                let _ = switches.set(upgraded.clone());
            }
            Ok::<_, Infallible>(response.map(|body| under_way.reply(body)))
        }
    });
    tokio::select! {
        () = net::http::connection(stream, peer, watched, limits, stop.clone()) => {}
        () = idle => return,
    }
    if let Some(session) = switched.get().and_then(Upgraded::take) {
        session.await;
    }
}

fn limits(connections: &Connections) -> Limits {
    Limits {
        header_timeout: connections.header_timeout,
        max_headers: connections.max_headers,
        max_header_bytes: connections.max_header_bytes,
        max_concurrent_streams: connections.max_streams,
        stream_window: 1 << 20,
        connection_window: 8 << 20,
        ..Limits::default()
    }
}
