//! One request and its reply on an HTTP/2 connection.
//!
//! Directly over `h2`: hyper's client makes a task for each request and passes it and its reply
//! through two channels, which is a fifth of what an edge costs.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{Request, Response};
use http_body::{Body, Frame};
use http_body_util::BodyExt as _;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::request::RequestBody;

/// A reply's body as it comes. Whoever drops it before its end cancels the call.
pub(super) struct Incoming {
    stream: RecvStream,
    had_data: bool,
    /// Ends the stream of the request.
    _request: Option<DropGuard>,
}

/// Why there is no reply.
pub(super) enum NoReply {
    /// The request did not leave.
    Unsent(h2::Error),
    /// It did, as far as anybody knows.
    Sent(h2::Error),
}

/// Sends a request on a stream that is free, so that nothing has to be waited for; completes when the
/// headers of the reply are there.
pub(super) async fn send(
    mut requests: SendRequest<Bytes>,
    request: Request<RequestBody>,
) -> Result<Response<Incoming>, NoReply> {
    let (head, body) = request.into_parts();
    let (response, stream) = requests
        .send_request(Request::from_parts(head, ()), false)
        .map_err(NoReply::Unsent)?;
    drop(requests);
    reply(response, stream, body).await.map_err(NoReply::Sent)
}

/// Sends the body of a request whose headers are on their way, and awaits the reply. The reply may
/// come, and the stream end, before the body has left; then it is the reply that counts.
async fn reply(
    response: ResponseFuture,
    mut stream: SendStream<Bytes>,
    body: RequestBody,
) -> Result<Response<Incoming>, h2::Error> {
    let request = match body {
        RequestBody::Whole(bytes) => {
            // It fails for a stream that has ended; how, the reply tells.
            let _ = stream.send_data(bytes.unwrap_or_default(), true);
            None
        }
        RequestBody::Stream(body) => {
            let over = CancellationToken::new();
            let guard = over.clone().drop_guard();
            tokio::spawn(async move {
                let piped = over.run_until_cancelled(pipe(body, &mut stream)).await;
                if piped.is_none() {
                    stream.send_reset(Reason::CANCEL);
                }
            });
            Some(guard)
        }
    };
    let response = response.await?;
    Ok(response.map(|stream| Incoming {
        stream,
        had_data: false,
        _request: request,
    }))
}

/// Sends a body, taking the next piece of it when the peer has room for more.
async fn pipe(mut body: tonic::body::Body, stream: &mut SendStream<Bytes>) {
    loop {
        stream.reserve_capacity(1);
        let Some(Ok(room)) = poll_fn(|context| stream.poll_capacity(context)).await else {
            return;
        };
        if room == 0 {
            continue;
        }
        let next = tokio::select! {
            biased;
            _ = poll_fn(|context| stream.poll_reset(context)) => return,
            next = body.frame() => next,
        };
        let sent = match next {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => stream.send_data(data, false),
                // Clients have nothing to say in trailers.
                Err(_) => Ok(()),
            },
            Some(Err(_)) => return stream.send_reset(Reason::CANCEL),
            None => {
                // It fails if the peer is gone, of which the reply tells.
                let _ = stream.send_data(Bytes::new(), true);
                return;
            }
        };
        if sent.is_err() {
            return;
        }
    }
}

impl Body for Incoming {
    type Data = Bytes;
    type Error = h2::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, h2::Error>>> {
        if !self.had_data {
            match ready!(self.stream.poll_data(context)) {
                Some(Ok(data)) => {
                    // It fails for a stream that has ended, which needs no window.
                    let _ = self.stream.flow_control().release_capacity(data.len());
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                // A server that has said all does not want to hear the rest of the request.
                Some(Err(error)) if error.reason() == Some(Reason::NO_ERROR) => {
                    return Poll::Ready(None);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.had_data = true,
            }
        }
        let trailers = ready!(self.stream.poll_trailers(context)).transpose();
        Poll::Ready(trailers.map(|trailers| trailers.map(Frame::trailers)))
    }

    fn is_end_stream(&self) -> bool {
        self.stream.is_end_stream()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reply_before_the_body_has_left_is_the_reply() {
        let (ours, theirs) = tokio::io::duplex(4096);
        tokio::spawn(async move {
            let mut server = h2::server::handshake(theirs).await.expect("a preface");
            let accepted = server.accept().await.expect("a request");
            let (request, mut respond) = accepted.expect("it is one");
            let refused = Response::builder().status(401).body(());
            let refused = refused.expect("a response");
            respond.send_response(refused, true).expect("it is open");
            // Who drops a request unread says that it need not be sent.
            drop((request, respond));
            while server.accept().await.is_some() {}
        });
        let (mut requests, connection) = h2::client::handshake(ours).await.expect("a connection");
        tokio::spawn(connection);
        let request = Request::post("http://upstream/")
            .body(())
            .expect("a request");
        let (response, mut stream) = requests.send_request(request, false).expect("it is ready");
        let over = poll_fn(|context| stream.poll_reset(context)).await;
        assert_eq!(over.expect("the stream has ended"), Reason::NO_ERROR);

        let body = RequestBody::whole(Bytes::from_static(b"too late"));
        let reply = reply(response, stream, body)
            .await
            .expect("it was answered");
        assert_eq!(reply.status(), 401);
    }
}
