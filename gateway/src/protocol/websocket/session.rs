//! A WebSocket in progress: a call upstream, and frames both ways.

use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _};
use http::HeaderMap;
use http_body::{Body, Frame};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::Error;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tonic::Status;
use transcoder::Matched;

use super::close;
use super::metered::Metered;
use crate::access_log::Entry;
use crate::admitted::Admitted;
use crate::body::Allowance;
use crate::call::Owned;
use crate::call::codec::Codec;
use crate::call::replies::{Messages, Replies};
use crate::call::requests::{Refused, lock};
use crate::failure::{Failure, Problem};
use crate::lifetime::Lifetime;
use crate::routing::Routing;
use crate::wire::envelope;

/// Of what is read and written at once.
const BUFFER: usize = 16 << 10;
/// For the client to answer a close frame.
const GOODBYE: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<Metered<TokioIo<Upgraded>>>;

/// One call.
pub(super) struct Session {
    call: Owned,
    routing: Arc<Routing>,
    /// For the client to take a frame.
    send_timeout: Duration,
    /// Between two pings.
    heartbeat: Duration,
    matched: Matched,
    query: Option<String>,
    message_limit: usize,
    reply_limit: usize,
    /// Why no more is read of the client.
    refused: Refused,
    /// Its line of the access log.
    entry: Option<Arc<Entry>>,
}

impl Session {
    /// Of a caller who may. Nothing is called before the client is connected.
    pub(super) fn begin(
        admitted: &Admitted<'_>,
        headers: &HeaderMap,
        matched: Matched,
        query: Option<String>,
    ) -> Result<Self, Failure> {
        let settings = admitted.settings();
        Ok(Self {
            call: admitted.call(headers)?.owned(admitted.upstreams().clone()),
            routing: admitted.routing().clone(),
            send_timeout: settings.connections.send_timeout,
            heartbeat: settings.requests.heartbeat,
            message_limit: admitted.message_limit(Codec::Json),
            refused: Refused::default(),
            reply_limit: admitted.reply_limit(),
            entry: admitted.context.entry.clone(),
            matched,
            query,
        })
    }

    /// From the first frame to the last.
    pub(super) async fn run(
        self,
        upgraded: Upgraded,
        mut lifetime: Lifetime,
        allowance: Allowance,
    ) {
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0)
            .max_message_size(Some(self.message_limit))
            .max_frame_size(Some(self.message_limit));
        let (stream, refused) = (TokioIo::new(upgraded), self.refused.clone());
        let metered = Metered::of(stream, allowance, refused, self.entry.clone());
        let mut socket =
            WebSocketStream::from_raw_socket(metered, Role::Server, Some(config)).await;
        let patience = self.send_timeout;
        let end = self.talk(&mut socket, &mut lifetime, patience).await;
        if let (Some(entry), Some(_)) = (&self.entry, &end) {
            entry.completes();
        }
        if let Some(frame) = end {
            let goodbye = async {
                if socket.close(Some(frame)).await.is_ok() {
                    while let Some(Ok(_)) = socket.next().await {}
                }
            };
            let _ = timeout(patience.min(GOODBYE), goodbye).await;
        }
    }

    /// Until one side is done: how to close, or nothing if the client has gone.
    async fn talk(
        &self,
        socket: &mut Socket,
        lifetime: &mut Lifetime,
        patience: Duration,
    ) -> Option<CloseFrame> {
        let mut heartbeat = interval_at(Instant::now() + self.heartbeat, self.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (sender, receiver) = mpsc::channel(1);
        let mut sending = Some(sender);
        if !self.takes_messages() {
            match (self.request(""), sending.take()) {
                (Ok(frame), Some(sender)) => sender.try_send(UpstreamMessage::Last(frame)).ok()?,
                (Err(failure), _) => return Some(self.failed(&failure)),
                (Ok(_), None) => {}
            }
        }
        let replies = self.replies(Requests(Some(receiver)));
        let mut replies = std::pin::pin!(replies);
        // Whether anything came since the last ping.
        let mut is_alive = true;
        loop {
            // A message is read when there is room for it upstream.
            let room = async {
                match &sending {
                    Some(sender) => sender.clone().reserve_owned().await.ok(),
                    None => None,
                }
            };
            let received = async {
                let room = room.await;
                (socket.next().await, room)
            };
            tokio::select! {
                biased;
                failure = lifetime.over() => return Some(self.failed(&failure)),
                reply = replies.next() => match reply {
                    Some(Ok(json)) => {
                        let sent = socket.send(Message::text(json));
                        timeout(patience, sent).await.ok()?.ok()?;
                    }
                    Some(Err(failure)) => return Some(self.failed(&failure)),
                    None => return Some(close::done()),
                },
                (message, room) = received => {
                    is_alive = true;
                    match self.message(message, room, sending.is_some()) {
                        ControlFlow::Continue(FrameOutcome::Message) => {}
                        ControlFlow::Continue(FrameOutcome::Last) => sending = None,
                        ControlFlow::Break(end) => return end,
                    }
                }
                _ = heartbeat.tick() => {
                    if !is_alive && sending.as_ref().is_none_or(|sender| sender.capacity() > 0) {
                        return None;
                    }
                    is_alive = false;
                    let ping = socket.send(Message::Ping(Bytes::new()));
                    timeout(patience, ping).await.ok()?.ok()?;
                }
            }
        }
    }

    /// Whether the call needs something of the client beyond its path and query.
    fn takes_messages(&self) -> bool {
        let route = self.matched.route();
        route.is_client_streaming() || !matches!(route.body(), transcoder::Body::None)
    }

    fn failed(&self, failure: &Failure) -> CloseFrame {
        if let Some(entry) = &self.entry {
            entry.came_to(failure.code());
        }
        close::failed(failure, &self.routing.voice)
    }

    /// What came from the client goes upstream.
    fn message(
        &self,
        received: Option<Result<Message, Error>>,
        room: Option<mpsc::OwnedPermit<UpstreamMessage>>,
        is_open: bool,
    ) -> ControlFlow<Option<CloseFrame>, FrameOutcome> {
        let text = match received {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Binary(_))) => return ControlFlow::Break(Some(close::unsupported())),
            Some(Ok(Message::Close(_))) | None => return ControlFlow::Break(None),
            Some(Ok(_)) => return ControlFlow::Continue(FrameOutcome::Message),
            Some(Err(error)) => {
                let refused = lock(&self.refused).take();
                let refused = refused.map(|failure| self.failed(&failure));
                return ControlFlow::Break(refused.or_else(|| close::unreadable(&error)));
            }
        };
        let Some(room) = room else {
            // The upstream may have heard enough; it will say so.
            if is_open || text.is_empty() {
                return ControlFlow::Continue(FrameOutcome::Message);
            }
            let failure = Failure::malformed("no further message is expected");
            return ControlFlow::Break(Some(self.failed(&failure)));
        };
        if text.is_empty() && self.matched.route().is_client_streaming() {
            room.send(UpstreamMessage::End);
            return ControlFlow::Continue(FrameOutcome::Last);
        }
        match self.request(text.as_str()) {
            Ok(frame) if self.matched.route().is_client_streaming() => {
                room.send(UpstreamMessage::Message(frame));
                ControlFlow::Continue(FrameOutcome::Message)
            }
            Ok(frame) => {
                room.send(UpstreamMessage::Last(frame));
                ControlFlow::Continue(FrameOutcome::Last)
            }
            Err(failure) => ControlFlow::Break(Some(self.failed(&failure))),
        }
    }

    fn request(&self, json: &str) -> Result<Bytes, Failure> {
        let message = self.matched.request(self.query.as_deref(), json.as_bytes());
        let message = message.map_err(|error| Failure::unfit(error, self.matched.route()))?;
        Ok(envelope::write(0, &message))
    }

    /// What comes back, in JSON.
    fn replies(
        &self,
        requests: Requests,
    ) -> impl futures::Stream<Item = Result<String, Failure>> + '_ {
        let opened = async move {
            let policy = self.routing.policies.of(self.matched.route());
            let call = self.call.call(policy);
            let reply = call.stream(requests).await?;
            let (_, replies) = Replies::of(reply, None, Refused::default(), self.entry.clone());
            Ok::<_, Failure>(Messages::of_at_most(self.reply_limit, replies))
        };
        let opened = futures::stream::once(opened);
        opened.flat_map(|opened| {
            futures::stream::unfold(Some(opened), async |state| match state? {
                Err(failure) => Some((Err(failure), None)),
                Ok(mut messages) => match messages.next().await {
                    Ok(Some(message)) => match self.reply(&message) {
                        Ok(json) => Some((Ok(json), Some(Ok(messages)))),
                        Err(failure) => Some((Err(failure), None)),
                    },
                    Ok(None) => None,
                    Err(failure) => Some((Err(failure), None)),
                },
            })
        })
    }

    fn reply(&self, message: &[u8]) -> Result<String, Failure> {
        let json = self.matched.route().response(message);
        let json = json.map_err(|error| Problem::internal(&error))?;
        String::from_utf8(json).map_err(|error| Problem::internal(&error).into())
    }
}

/// What became of a client's frame.
enum FrameOutcome {
    Message,
    /// No more will be sent upstream.
    Last,
}

/// What goes upstream.
enum UpstreamMessage {
    Message(Bytes),
    /// The only message.
    Last(Bytes),
    End,
}

/// The body of the call upstream: one message waits at most. If it is dropped before its end, the call
/// was broken off.
struct Requests(Option<mpsc::Receiver<UpstreamMessage>>);

impl Body for Requests {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(receiver) = &mut self.0 else {
            return Poll::Ready(None);
        };
        let sent = ready!(receiver.poll_recv(context));
        if !matches!(sent, Some(UpstreamMessage::Message(_))) {
            self.0 = None;
        }
        Poll::Ready(match sent {
            Some(UpstreamMessage::Message(frame) | UpstreamMessage::Last(frame)) => {
                Some(Ok(Frame::data(frame)))
            }
            Some(UpstreamMessage::End) => None,
            None => Some(Err(Status::cancelled("the client went away"))),
        })
    }
}
