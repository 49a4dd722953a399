//! The floor: no JSON, no routing, no timers, no limits. A current-thread runtime per core that
//! listens for itself (SO_REUSEPORT), and hyper's HTTP/2 connection directly.

use std::{convert::Infallible, net::SocketAddr, thread};

use axum::{
    body::{Body, Bytes},
    http::{Method, Request, Response, StatusCode, header::CONTENT_TYPE},
};
use contracts::tradewind::orders::v1::{GetOrderRequest, WatchOrderRequest};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, client::conn::http2::SendRequest, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use prost::Message as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::contract;

type Sender = SendRequest<Full<Bytes>>;

pub(super) fn serve(address: &str, upstream: &str) {
    let address: SocketAddr = address.parse().expect("it is an address");
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                let mut builder = tokio::runtime::Builder::new_current_thread();
                let runtime = builder.enable_all().build();
                let runtime = runtime.expect("a runtime can be made");
                runtime.block_on(one(address, upstream));
            });
        }
    });
}

fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// Serves on the thread that calls it.
async fn one(address: SocketAddr, upstream: &str) {
    let stream = TcpStream::connect(upstream).await.expect("the stub is up");
    stream.set_nodelay(true).expect("it is a TCP socket");
    let mut builder = hyper::client::conn::http2::Builder::new(TokioExecutor::new());
    builder
        .timer(TokioTimer::new())
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(4 << 20);
    let made = builder.handshake::<_, Full<Bytes>>(TokioIo::new(stream));
    let (sender, connection) = made.await.expect("the stub speaks HTTP/2");
    tokio::spawn(connection);
    let authority = upstream.to_owned();
    let listener = listen(address).expect("it can listen");
    loop {
        let (socket, _) = listener.accept().await.expect("it can accept");
        socket.set_nodelay(true).expect("it is a TCP socket");
        let (sender, authority) = (sender.clone(), authority.clone());
        tokio::spawn(async move {
            let service = service_fn(|request| answer(sender.clone(), &authority, request));
            let builder = hyper::server::conn::http1::Builder::new();
            // A client that goes away is none of its business.
            let _ = builder
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

async fn answer(
    sender: Sender,
    authority: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let reply = pass(sender, authority, request).await;
    Ok(reply.unwrap_or_else(|_| {
        let mut reply = Response::new(Body::empty());
        *reply.status_mut() = StatusCode::BAD_GATEWAY;
        reply
    }))
}

async fn pass(
    mut sender: Sender,
    authority: &str,
    request: Request<Incoming>,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let path = request.uri().path().to_owned();
    let order_id = path.rsplit('/').next().unwrap_or_default();
    let (method, message) = if request.method() == Method::POST {
        let message = request.into_body().collect().await?.to_bytes();
        ("CreateOrder", contract::framed(&message))
    } else if let Some(order_id) = order_id.strip_suffix(":watch") {
        let order_id = order_id.to_owned();
        let message = WatchOrderRequest {
            order_id,
            after_sequence: 0,
        };
        ("WatchOrder", contract::framed(&message.encode_to_vec()))
    } else if order_id == "orders" {
        ("ListOrders", contract::framed(b""))
    } else {
        let message = GetOrderRequest {
            order_id: order_id.to_owned(),
        };
        ("GetOrder", contract::framed(&message.encode_to_vec()))
    };
    let service = contract::SERVICE;
    let call = Request::post(format!("http://{authority}/{service}/{method}"))
        .header(CONTENT_TYPE, "application/grpc")
        .header("te", "trailers")
        .body(Full::new(message))?;
    let reply = sender.send_request(call).await?;
    if method == "WatchOrder" {
        return Ok(Response::new(Body::new(reply.into_body())));
    }
    let mut message = reply.into_body().collect().await?.to_bytes();
    // The five bytes before a message.
    Ok(Response::new(Body::from(
        message.split_off(message.len().min(5)),
    )))
}
