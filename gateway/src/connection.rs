//! One connection: HTTP/1.1 or HTTP/2, plain or in TLS, within limits.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::header::CONNECTION;
use http::{HeaderValue, Request, StatusCode, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use net::http::{Flushes, Limits};
use net::tls;
use net::tls::Stream;
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::access_log::Entry;
use crate::compression;
use crate::config::Connections;
use crate::entrance::Entrance;
use crate::peer::Peer;
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
    let (limits, idle_timeout, send_timeout, tls) = {
        let door = entrance.door();
        let connections = &door.settings.connections;
        let (header, send) = (connections.header_timeout, connections.send_timeout);
        (limits(connections), header, send, door.kept.tls.clone())
    };
    let stream = match tls {
        None => stream.into(),
        Some(tls) => {
            // In a box: it is over soon, and the connection is not.
            let shaken = Box::pin(shake_hands(&tls, stream, peer, limits.header_timeout));
            let Some(Some(stream)) = shutdown.run_until_cancelled(shaken).await else {
                return;
            };
            stream
        }
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
    let client = Peer::of(peer.ip(), &stream);
    let service = compression::wrap(tower::service_fn(move |request| {
        // In a box, since each service around it moves it, and HTTP/1.1 keeps room for it.
        Box::pin(pipeline::answer(entrance.door(), client.clone(), request))
    }));
    let (begins, flushes) = (progress.clone(), Flushes::default());
    let sent = flushes.clone();
    let switched = Arc::new(OnceLock::new());
    let switches = switched.clone();
    let watched = tower::service_fn(move |request: Request<Incoming>| {
        let (under_way, service) = (begins.begin(), service.clone());
        let version = request.version();
        let (switches, sent) = (switches.clone(), sent.clone());
        async move {
            let Ok(mut response) = service.oneshot(request).await;
            if response.status() == StatusCode::SWITCHING_PROTOCOLS
                && let Some(upgraded) = response.extensions().get::<Upgraded>()
            {
                // HTTP ends with it: there is no second.
                let _ = switches.set(upgraded.clone());
            }
            // The end of the connection is the only one that such a body has (RFC 9112, section 6.3).
            let is_endless = response.body().size_hint().exact().is_none();
            if version == Version::HTTP_10
                && (is_endless || response.headers().contains_key(CONNECTION))
            {
                let close = HeaderValue::from_static("close");
                response.headers_mut().insert(CONNECTION, close);
                // Otherwise hyper adds that it goes on, if the client would like that.
                *response.version_mut() = version;
            }
            // What goes on afterwards has its own.
            let entry = response.extensions_mut().remove::<Arc<Entry>>();
            let entry = entry.filter(|_| response.status() != StatusCode::SWITCHING_PROTOCOLS);
            Ok::<_, Infallible>(response.map(|body| under_way.reply(body, sent, entry)))
        }
    });
    let served = net::http::connection(stream, peer, watched, limits, flushes, stop.clone());
    tokio::select! {
        () = served => {}
        () = idle => return,
    }
    if let Some(session) = switched.get().and_then(Upgraded::take) {
        session.await;
    }
}

/// The connection in TLS, unless the client takes too long or does not want it so.
async fn shake_hands(
    tls: &tls::Server,
    stream: TcpStream,
    peer: SocketAddr,
    within: Duration,
) -> Option<Stream> {
    let why = match tokio::time::timeout(within, tls.accept(stream)).await {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    tracing::debug!(client.address = %peer.ip(), why, "no handshake of TLS");
    None
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
