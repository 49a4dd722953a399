//! A server of orders that always returns the same bytes: it must not be what is measured.

use std::{convert::Infallible, sync::Arc};

use axum::{
    body::Bytes,
    http::{HeaderMap, HeaderValue, Request, Response},
};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::contract;

type Frames = futures::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>;

/// What each method returns, ready for the wire.
struct Replies {
    order: Bytes,
    large: Bytes,
    list: Bytes,
    events: Vec<Bytes>,
}

pub(super) async fn serve(address: &str) {
    let replies = Arc::new(Replies {
        order: contract::framed(&contract::reply(&contract::order(3))),
        large: contract::framed(&contract::reply(&contract::large_order())),
        list: contract::framed(&contract::list()),
        events: contract::events(),
    });
    let listener = tokio::net::TcpListener::bind(address).await;
    let listener = listener.expect("it can listen");
    loop {
        let (socket, _) = listener.accept().await.expect("it can accept");
        socket.set_nodelay(true).expect("it is a TCP socket");
        let replies = Arc::clone(&replies);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&replies), request));
            let mut builder = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            builder
                .initial_stream_window_size(1 << 20)
                .initial_connection_window_size(4 << 20)
                .max_concurrent_streams(1000);
            // Whoever was called notices it when a connection breaks.
            let _ = builder
                .serve_connection(TokioIo::new(socket), service)
                .await;
        });
    }
}

async fn answer(
    replies: Arc<Replies>,
    request: Request<Incoming>,
) -> Result<Response<StreamBody<Frames>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let size = body.collect().await?.to_bytes().len();
    let method = head.uri.path().rsplit('/').next().unwrap_or_default();
    let (data, status) = match method {
        "CreateOrder" if size > 1000 => (vec![replies.large.clone()], "0"),
        "CreateOrder" | "GetOrder" if size > 5 => (vec![replies.order.clone()], "0"),
        "ListOrders" => (vec![replies.list.clone()], "0"),
        "WatchOrder" => (replies.events.clone(), "0"),
        // Of traces.
        "Export" => (vec![contract::framed(b"")], "0"),
        _ => (Vec::new(), "12"),
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let data = data.into_iter().map(Frame::data);
    let frames: Vec<_> = data.chain([Frame::trailers(trailers)]).map(Ok).collect();
    let mut reply = Response::new(StreamBody::new(futures::stream::iter(frames)));
    let kind = HeaderValue::from_static("application/grpc");
    reply.headers_mut().insert("content-type", kind);
    Ok(reply)
}
