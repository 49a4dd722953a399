//! A current-thread runtime per core that listens for itself (SO_REUSEPORT), each with hyper's HTTP/2
//! connection to the server behind: no timers, no limits, nothing shared.

use std::{convert::Infallible, future::Future, io, net::SocketAddr, thread};

use axum::{
    body::{Body, Bytes},
    http::{Response, StatusCode},
};
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The way to the server behind, and its name.
pub(super) struct Upstream<B> {
    pub(super) sender: SendRequest<B>,
    pub(super) authority: String,
}

// Derived, it would ask for bodies that can be cloned.
impl<B> Clone for Upstream<B> {
    fn clone(&self) -> Upstream<B> {
        Upstream {
            sender: self.sender.clone(),
            authority: self.authority.clone(),
        }
    }
}

/// Serves every connection with `each`, for ever.
pub(super) fn serve<B, F>(
    address: &str,
    upstream: &str,
    each: impl Fn(TokioIo<TcpStream>, Upstream<B>) -> F + Sync,
) where
    B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let address: SocketAddr = address.parse().expect("it is an address");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                let runtime = builder.enable_all().build();
                let runtime = runtime.expect("a runtime can be made");
                runtime.block_on(one(address, upstream, &each));
            });
        }
    });
}

/// Serves on the thread that calls it.
async fn one<B, F>(
    address: SocketAddr,
    upstream: &str,
    each: &impl Fn(TokioIo<TcpStream>, Upstream<B>) -> F,
) where
    B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let upstream = connect(upstream).await;
    let listener = listen(address).expect("it can listen");
    loop {
        let (socket, _) = listener.accept().await.expect("it can accept");
        socket.set_nodelay(true).expect("it is a TCP socket");
        tokio::spawn(each(TokioIo::new(socket), upstream.clone()));
    }
}

async fn connect<B>(address: &str) -> Upstream<B>
where
    B: hyper::body::Body<Data = Bytes, Error: Into<BoxError>> + Unpin + Send + 'static,
{
    let stream = TcpStream::connect(address).await.expect("the stub is up");
    stream.set_nodelay(true).expect("it is a TCP socket");
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    let made = builder.handshake(TokioIo::new(stream)).await;
    let (sender, connection) = made.expect("the stub speaks HTTP/2");
    tokio::spawn(connection);
    Upstream {
        sender,
        authority: address.to_owned(),
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// The reply, or what is told of a call that came to nothing.
pub(super) async fn answer(
    reply: impl Future<Output = Result<Response<Body>, BoxError>>,
) -> Result<Response<Body>, Infallible> {
    Ok(reply.await.unwrap_or_else(|_| {
        let mut reply = Response::new(Body::empty());
        *reply.status_mut() = StatusCode::BAD_GATEWAY;
        reply
    }))
}
