//! A proxy of gRPC in front of a service, at which a call can be stopped: before the service hears of
//! it, or after it has done it and before the caller hears so.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http2 as client;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Where a call is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The service has not heard of it.
    Request,
    /// The service has done it, and the caller does not know.
    Reply,
}

/// Where the next call of a method stops.
#[derive(Clone, Debug)]
struct Stop {
    method: String,
    side: Side,
}

/// The proxy.
#[derive(Clone)]
pub struct Checkpoint {
    /// Where callers find it: `http://host:port`.
    pub url: String,
    upstreams: Arc<[String]>,
    stop: Arc<Mutex<Option<Stop>>>,
    /// How many calls it has stopped, and how many of them it has let go again, by an error.
    stopped: watch::Sender<(u64, u64)>,
}

impl Checkpoint {
    /// In front of the replicas of a service, of which the first that answers is asked.
    ///
    /// # Panics
    /// When loopback has no port left.
    pub async fn before(upstreams: &[String]) -> Checkpoint {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.expect("loopback has a free port");
        let address = listener.local_addr().expect("it is bound");
        let checkpoint = Checkpoint {
            url: format!("http://{address}"),
            upstreams: upstreams.into(),
            stop: Arc::default(),
            stopped: watch::Sender::new((0, 0)),
        };
        let proxy = checkpoint.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let proxy = proxy.clone();
                tokio::spawn(async move {
                    let answer = service_fn(move |request| {
                        let proxy = proxy.clone();
                        async move { proxy.answer(request).await }
                    });
                    let connection = Builder::new(TokioExecutor::new());
                    // A caller that is killed is none of its business.
                    let _ = connection
                        .serve_connection(TokioIo::new(socket), answer)
                        .await;
                });
            }
        });
        checkpoint
    }

    /// Stops the next call of a method.
    pub fn stop(&self, method: &str, side: Side) {
        let method = method.to_owned();
        *self.lock() = Some(Stop { method, side });
    }

    /// Completes once a call has been stopped.
    ///
    /// # Panics
    /// Never: the proxy keeps what it watches.
    pub async fn stopped(&self) {
        let mut stopped = self.stopped.subscribe();
        let reached = stopped
            .wait_for(|(stopped, released)| stopped > released)
            .await;
        reached.expect("the proxy keeps it");
    }

    /// Lets calls through again; what is stopped ends in an error.
    pub fn release(&self) {
        *self.lock() = None;
        self.stopped
            .send_modify(|(stopped, released)| *released = *stopped);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Stop>> {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
        let path = request.uri().path().to_owned();
        if self.is_stopped(&path, Side::Request) {
            return Ok(self.held().await);
        }
        let Some(reply) = self.pass(request).await else {
            return Ok(unavailable());
        };
        if self.is_stopped(&path, Side::Reply) {
            // All of it is here, so it is done.
            let _ = reply.into_body().collect().await;
            return Ok(self.held().await);
        }
        Ok(reply.map(Body::new))
    }

    /// Whether this call stops here; no other one does then.
    fn is_stopped(&self, path: &str, side: Side) -> bool {
        let mut stop = self.lock();
        let meant = stop
            .as_ref()
            .is_some_and(|stop| stop.side == side && path.ends_with(&format!("/{}", stop.method)));
        if meant {
            *stop = None;
        }
        meant
    }

    async fn held(&self) -> Response<Body> {
        self.stopped.send_modify(|(stopped, _)| *stopped += 1);
        let mut released = self.stopped.subscribe();
        let _ = released
            .wait_for(|(stopped, released)| released == stopped)
            .await;
        unavailable()
    }

    async fn pass(&self, mut request: Request<Incoming>) -> Option<Response<Incoming>> {
        for upstream in self.upstreams.iter() {
            let Ok(socket) = TcpStream::connect(upstream).await else {
                continue;
            };
            let io = TokioIo::new(socket);
            let (mut sender, connection) =
                client::handshake(TokioExecutor::new(), io).await.ok()?;
            tokio::spawn(connection);
            let path = request.uri().path_and_query()?.clone();
            let uri = Uri::builder().scheme("http").authority(upstream.as_str());
            *request.uri_mut() = uri.path_and_query(path).build().ok()?;
            return sender.send_request(request).await.ok();
        }
        None
    }
}

/// UNAVAILABLE, as gRPC says it without a message.
fn unavailable() -> Response<Body> {
    let reply = Response::builder()
        .header("content-type", "application/grpc")
        .header("grpc-status", "14")
        .body(Body::empty());
    reply.expect("these are headers")
}
