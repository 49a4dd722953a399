//! The floor: no JSON, no routing, no timers, no limits.

use axum::{
    body::{Body, Bytes},
    http::{Method, Request, Response, header::CONTENT_TYPE},
};
use contracts::tradewind::orders::v1::{GetOrderRequest, WatchOrderRequest};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use prost::Message as _;

use super::per_core::{self, BoxError, answer};
use crate::contract;

type Upstream = per_core::Upstream<Full<Bytes>>;

pub(super) fn serve(address: &str, upstream: &str) {
    per_core::serve(address, upstream, |socket, upstream: Upstream| async move {
        let service = service_fn(|request| answer(pass(upstream.clone(), request)));
        let builder = hyper::server::conn::http1::Builder::new();
        // A client that goes away is none of its business.
        let _ = builder.serve_connection(socket, service).await;
    });
}

async fn pass(upstream: Upstream, request: Request<Incoming>) -> Result<Response<Body>, BoxError> {
    let Upstream {
        mut sender,
        authority,
    } = upstream;
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
