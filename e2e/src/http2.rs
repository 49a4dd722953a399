//! A client of HTTP/2 that begins more than it ends.

use std::future::poll_fn;

use h2::{Ping, PingPong, SendStream, client::SendRequest};
use http::{HeaderMap, Request, Response};
use prost::bytes::Bytes;
use tokio::{net::TcpStream, task::JoinHandle};

/// One connection. What was begun on it is held until it is dropped.
pub struct Http2 {
    requests: SendRequest<Bytes>,
    authority: String,
    pings: PingPong,
    driver: JoinHandle<()>,
    held: Vec<SendStream<Bytes>>,
}

/// What is sent of a body.
#[derive(Clone)]
pub enum Body {
    /// All of it; nothing, if it is empty.
    Whole(Bytes),
    /// The beginning, as far as the server's windows allow.
    Begun(Bytes),
}

impl Http2 {
    /// Connects to `host:port`.
    pub async fn connect(address: &str) -> Http2 {
        let stream = TcpStream::connect(address)
            .await
            .unwrap_or_else(|error| panic!("{address}: {error}"));
        let (requests, mut connection) = h2::client::handshake(stream)
            .await
            .unwrap_or_else(|error| panic!("{address}: {error}"));
        let pings = connection
            .ping_pong()
            .expect("nobody has taken them before");
        let driver = tokio::spawn(async move {
            // The server may end it: what it said is what the requests hear.
            let _ = connection.await;
        });
        Http2 {
            requests,
            authority: address.to_owned(),
            pings,
            driver,
            held: Vec::new(),
        }
    }

    /// Sends a request, and keeps it open. The reply's head comes when the server has one, beside
    /// what is sent next; `None` once the server takes no more requests.
    pub async fn begin(
        &mut self,
        method: &str,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> Option<h2::client::ResponseFuture> {
        let uri = format!("http://{}{path}", self.authority);
        let mut request = Request::builder().method(method).uri(uri);
        *request.headers_mut().expect("method and URI are valid") = headers;
        let request = request.body(()).expect("method and URI are valid");
        poll_fn(|context| self.requests.poll_ready(context))
            .await
            .ok()?;
        let is_empty = matches!(&body, Body::Whole(bytes) if bytes.is_empty());
        let (reply, mut stream) = self.requests.send_request(request, is_empty).ok()?;
        if !is_empty {
            let (bytes, ends) = match body {
                Body::Whole(bytes) => (bytes, true),
                Body::Begun(bytes) => (bytes, false),
            };
            // The server may have refused it already.
            let _ = stream.send_data(bytes, ends);
            self.held.push(stream);
        }
        Some(reply)
    }

    /// Waits until the server has read what was sent, or has ended the connection.
    pub async fn read(&mut self) {
        let _ = self.pings.ping(Ping::opaque()).await;
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// The status that came back, or none if the server ended the stream without one. An error of gRPC is
/// 200 for HTTP, and here the number of its code.
pub fn status(reply: &Result<Response<h2::RecvStream>, h2::Error>) -> Option<u16> {
    let reply = reply.as_ref().ok()?;
    let code = reply.headers().get("grpc-status");
    let code = code.and_then(|code| code.to_str().ok()?.parse().ok());
    code.or(Some(reply.status().as_u16()))
}
