//! A proxy of HTTP/2 that knows nothing but HTTP/2: headers, frames and trailers pass as they are.

use axum::{
    body::Body,
    http::{Request, Response, Uri},
};
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::TokioExecutor;

use super::per_core::{self, BoxError, answer};

type Upstream = per_core::Upstream<Incoming>;

pub(super) fn serve(address: &str, upstream: &str) {
    per_core::serve(address, upstream, |socket, upstream: Upstream| async move {
        let service = service_fn(|request| answer(pass(upstream.clone(), request)));
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .initial_stream_window_size(1 << 20)
            .initial_connection_window_size(8 << 20);
        // A client that goes away is none of its business.
        let _ = builder.serve_connection(socket, service).await;
    });
}

async fn pass(
    upstream: Upstream,
    mut request: Request<Incoming>,
) -> Result<Response<Body>, BoxError> {
    let Upstream {
        mut sender,
        authority,
    } = upstream;
    let uri = Uri::builder().scheme("http").authority(authority);
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = uri.path_and_query(path.ok_or("no path")?).build()?;
    let reply = sender.send_request(request).await?;
    Ok(reply.map(Body::new))
}
