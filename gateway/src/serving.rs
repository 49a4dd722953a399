//! Sockets: one acceptor, and one single-threaded runtime per core that serves what it is handed.
//!
//! Threads share nothing on the way of a request, so none waits for another. The kernel's own way to
//! share a port between threads (SO_REUSEPORT) deals connections out by a hash, and a few busy ones may
//! meet on one core; an acceptor gives each to whoever has the fewest.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use net::http::accept;
use net::room::{Full, Most, Room, Share};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client_address::limited_as;
use crate::config::Settings;
use crate::connection;
use crate::entrance::Entrance;
use crate::gateway::Gateway;

/// A connection on its way to the thread that serves it.
struct Socket {
    stream: std::net::TcpStream,
    peer: SocketAddr,
    _open: OwnedSemaphorePermit,
    _place: Share<IpAddr>,
    _load: Load,
}

/// Counts one connection of a worker.
struct Load(Arc<AtomicUsize>);

impl Load {
    fn on(connections: &Arc<AtomicUsize>) -> Self {
        connections.fetch_add(1, Ordering::Relaxed);
        Self(connections.clone())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Worker {
    connections: Arc<AtomicUsize>,
    sockets: mpsc::UnboundedSender<Socket>,
    ended: oneshot::Receiver<()>,
}

impl Gateway {
    /// Serves until `shutdown`, then lets requests in progress end, for up to
    /// [`crate::Surroundings::drain_timeout`]. Streams end at once, with a last frame that says why. It returns before only if it cannot go on, which is in the log.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: CancellationToken) {
        if let Err(error) = serve(self, listener, shutdown).await {
            tracing::error!(%error, "connections can no longer be served");
        }
    }
}

/// Serves until `shutdown`, then lets the requests in progress end.
async fn serve(
    gateway: Arc<Gateway>,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let limit = gateway
        .settings
        .connections
        .max_connections
        .clamp(1, Semaphore::MAX_PERMITS);
    let open = Arc::new(Semaphore::new(limit));
    let crowd = Room::new();
    let workers = start(&gateway, &shutdown)?;
    measure(&gateway, &workers);
    while let Some(accepted) = shutdown.run_until_cancelled(accept(&listener, &open)).await {
        let (stream, peer, permit) = accepted;
        let Ok(place) = admit(&crowd, peer.ip(), &gateway.newest().settings) else {
            tracing::debug!(client.address = %peer.ip(), "too many connections of one address");
            continue;
        };
        let idlest = workers
            .iter()
            .min_by_key(|worker| worker.connections.load(Ordering::Relaxed));
        let worker = idlest.expect("there is at least one");
        // Its thread has a runtime of its own.
        let stream = match stream.into_std() {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection could not be handed on");
                continue;
            }
        };
        let load = Load::on(&worker.connections);
        let socket = Socket {
            stream,
            peer,
            _open: permit,
            _place: place,
            _load: load,
        };
        if worker.sockets.send(socket).is_err() {
            return Err(io::Error::other(
                "a thread that serves connections has died",
            ));
        }
    }
    // The port is free for a successor while the last requests end.
    drop(listener);
    for Worker { sockets, ended, .. } in workers {
        drop(sockets);
        // The other end is dropped, also in a panic, when the thread is done.
        let _ = ended.await;
    }
    Ok(())
}

/// Tells how many connections are open.
fn measure(gateway: &Gateway, workers: &[Worker]) {
    let counts: Vec<_> = workers
        .iter()
        .map(|worker| worker.connections.clone())
        .collect();
    let about = [
        "edge.open_connections",
        "{connection}",
        "Connections of clients that are open",
    ];
    gateway.surroundings.telemetry.gauge(about, move |gauge| {
        let open: usize = counts.iter().map(|it| it.load(Ordering::Relaxed)).sum();
        gauge.observe(open as u64, &[]);
    });
}

/// A connection's place; a trusted proxy may have any number, for it speaks for many.
fn admit(crowd: &Room<IpAddr>, peer: IpAddr, settings: &Settings) -> Result<Share<IpAddr>, Full> {
    let is_one = !settings.web.is_trusted(peer);
    let most = Most {
        total: usize::MAX,
        each: settings.connections.max_connections_per_address.max(1),
    };
    let whose = is_one.then(|| limited_as(peer.to_canonical()));
    let mut place = crowd.share(whose, most);
    place.set(1)?;
    Ok(place)
}

fn start(gateway: &Arc<Gateway>, shutdown: &CancellationToken) -> io::Result<Vec<Worker>> {
    let threads = match gateway.settings.connections.edge_threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let start = |index: usize| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let telemetry = &gateway.surroundings.telemetry;
        telemetry.measure_runtime("edge", runtime.handle());
        let (sockets, handed) = mpsc::unbounded_channel();
        let (end, ended) = oneshot::channel();
        let (gateway, shutdown) = (gateway.clone(), shutdown.clone());
        thread::Builder::new()
            .name(format!("edge-{index}"))
            .spawn(move || {
                runtime.block_on(work(gateway, handed, shutdown));
                drop(end);
            })?;
        Ok(Worker {
            connections: Arc::default(),
            sockets,
            ended,
        })
    };
    (0..threads).map(start).collect()
}

/// One thread's life.
async fn work(
    gateway: Arc<Gateway>,
    mut handed: mpsc::UnboundedReceiver<Socket>,
    shutdown: CancellationToken,
) {
    let entrance = Entrance::open(&gateway, shutdown.clone());
    let connections = TaskTracker::new();
    let take = async {
        while let Some(socket) = handed.recv().await {
            let (entrance, shutdown) = (entrance.clone(), shutdown.clone());
            connections.spawn(async move {
                let Socket {
                    stream,
                    peer,
                    _open,
                    _place,
                    _load,
                } = socket;
                match TcpStream::from_std(stream) {
                    Ok(stream) => connection::serve(entrance, stream, peer, shutdown).await,
                    Err(error) => tracing::warn!(%error, "cannot serve a connection"),
                }
            });
        }
    };
    tokio::select! {
        () = take => {}
        never = entrance.renew() => match never {},
    }
    connections.close();
    let drained = tokio::time::timeout(gateway.surroundings.drain_timeout, connections.wait());
    if drained.await.is_err() {
        tracing::warn!(
            open = connections.len(),
            "connections were cut at the end of the shutdown"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_places_than_one_address_may() {
        let mut settings = Settings::default();
        settings.connections.max_connections_per_address = 2;
        settings.web.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let crowd = Room::new();
        let admit = |peer: &str| admit(&crowd, peer.parse().unwrap(), &settings);
        let first = admit("203.0.113.7");
        let second = admit("::ffff:203.0.113.7");
        assert!(first.is_ok() && second.is_ok());
        assert!(admit("203.0.113.7").is_err());
        assert!(admit("203.0.113.8").is_ok());
        drop(first);
        let third = admit("203.0.113.7");
        assert!(third.is_ok());

        let proxy: Vec<_> = (0..3).map(|_| admit("10.1.2.3")).collect();
        assert!(proxy.iter().all(Result::is_ok));
        drop((second, third, proxy));
        assert_eq!(crowd.total(), 0);
    }
}
