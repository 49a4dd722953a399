//! Calls of gRPC over HTTP/2: one at a time on each connection, all of them on one thread.

use std::{
    future::poll_fn,
    io, thread,
    time::{Duration, Instant},
};

use axum::{
    body::Bytes,
    http::{
        Request,
        header::{AUTHORIZATION, CONTENT_TYPE},
    },
};
use futures::future::join_all;
use h2::client::SendRequest;
use tokio::net::TcpStream;

use super::Outcome;

/// A unary call.
pub(crate) struct Call {
    /// `/package.Service/Method`.
    pub(crate) path: String,
    /// May be empty.
    pub(crate) token: String,
    /// The message in its frame.
    pub(crate) frame: Bytes,
}

/// Runs so many clients, each on a connection of its own to `address`, in a closed loop.
pub(crate) fn run(address: &str, call: &Call, clients: usize, length: Duration) -> Outcome {
    let start = Instant::now();
    let all = || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let each = (0..clients).map(|_| one(address, call, start + length));
        runtime.block_on(join_all(each))
    };
    // On a thread of its own: who asks may be within another runtime.
    let all = thread::scope(|scope| scope.spawn(all).join());
    let mut total = Outcome::default();
    for outcome in all.expect("the clients' thread does not panic") {
        total.add(outcome);
    }
    total.seconds = start.elapsed().as_secs_f64();
    total.latencies.sort_unstable();
    total
}

async fn one(address: &str, call: &Call, end: Instant) -> Outcome {
    let mut outcome = Outcome::default();
    let mut requests = match connect(address).await {
        Ok(requests) => requests,
        Err(error) => {
            outcome.failed(error.to_string());
            return outcome;
        }
    };
    loop {
        let began = Instant::now();
        if began >= end {
            return outcome;
        }
        match exchange(&mut requests, address, call).await {
            Ok(status) if status == "0" => outcome.answered(began.elapsed()),
            Ok(status) => outcome.failed(format!("grpc-status {status}")),
            Err(error) => {
                outcome.failed(error.to_string());
                return outcome;
            }
        }
    }
}

async fn connect(address: &str) -> io::Result<SendRequest<Bytes>> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let made = h2::client::handshake(stream).await;
    let (requests, connection) = made.map_err(io::Error::other)?;
    // How it ended is what the calls hear.
    tokio::spawn(async { connection.await.ok() });
    Ok(requests)
}

/// Its `grpc-status`.
async fn exchange(
    requests: &mut SendRequest<Bytes>,
    address: &str,
    call: &Call,
) -> io::Result<String> {
    let mut request = Request::post(format!("http://{address}{}", call.path))
        .header(CONTENT_TYPE, "application/grpc")
        .header("te", "trailers");
    if !call.token.is_empty() {
        request = request.header(AUTHORIZATION, format!("Bearer {}", call.token));
    }
    let request = request.body(()).map_err(io::Error::other)?;
    let ready = poll_fn(|context| requests.poll_ready(context));
    ready.await.map_err(io::Error::other)?;
    let sent = requests.send_request(request, false);
    let (reply, mut stream) = sent.map_err(io::Error::other)?;
    let sent = stream.send_data(call.frame.clone(), true);
    sent.map_err(io::Error::other)?;
    let (head, mut body) = reply.await.map_err(io::Error::other)?.into_parts();
    while let Some(data) = body.data().await {
        let read = data.map_err(io::Error::other)?.len();
        let released = body.flow_control().release_capacity(read);
        released.map_err(io::Error::other)?;
    }
    let trailers = body.trailers().await.map_err(io::Error::other)?;
    let status = trailers
        .as_ref()
        .unwrap_or(&head.headers)
        .get("grpc-status");
    let status = status.and_then(|status| status.to_str().ok());
    Ok(status.unwrap_or("none").to_owned())
}
