//! A stream of messages to the client, for as long as it may have them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue, Response};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use transcoder::Route;

use super::error;
use crate::call::replies::Messages;
use crate::failure::{Failure, Problem};
use crate::reply::{self, Body};
use crate::routing::Routing;
use crate::wire::framing::Framing;

mod packing;

/// How long a stream's first message may take before the reply's headers go out without it. An
/// error that comes before still sets the HTTP status.
const FIRST_MESSAGE: Duration = Duration::from_millis(250);

/// A stream in progress. It reads from upstream when the client takes, so nothing piles up here, and
/// ends upstream when the client goes away.
pub(crate) struct Live {
    routing: Arc<Routing>,
    route: Arc<Route>,
    framing: Framing,
    upstream: Messages,
    heartbeat: Interval,
    first: Option<Option<Bytes>>,
    /// Nothing but heartbeats was sent.
    is_fresh: bool,
    ended: bool,
}

impl Live {
    /// Waits a moment for the first message, or for the error instead of it.
    pub(crate) async fn begin(
        routing: Arc<Routing>,
        route: Arc<Route>,
        framing: Framing,
        every: Duration,
        mut upstream: Messages,
    ) -> Result<Self, Failure> {
        let first = match framing.waits() {
            true => Some(upstream.next().await?),
            false => {
                let first = tokio::time::timeout(FIRST_MESSAGE, upstream.next()).await;
                first.ok().transpose()?
            }
        };
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            routing,
            route,
            framing,
            upstream,
            heartbeat,
            first,
            is_fresh: true,
            ended: false,
        })
    }

    /// Whether there is nothing, and nothing will come.
    pub(crate) fn is_over(&self) -> bool {
        self.first == Some(None)
    }

    /// The reply that the frames are, packed if the client likes. Events are not: what stands
    /// between an EventSource and its server often waits for more of what is packed.
    pub(crate) fn reply(self, headers: &HeaderMap) -> Response<Body> {
        let content_type = self.framing.content_type();
        let is_packable = self.framing != Framing::ServerSentEvents;
        let coding = packing::wanted(headers).filter(|_| is_packable);
        let mut response = match coding {
            None => reply::stream(content_type, self.frames()),
            Some(coding) => reply::stream(content_type, packing::packed(self.frames(), coding)),
        };
        let headers = response.headers_mut();
        if let Some(coding) = coding {
            let name = HeaderValue::from_static(coding.name());
            headers.insert(CONTENT_ENCODING, name);
        }
        headers.insert(VARY, HeaderValue::from_static("accept, accept-encoding"));
        response
    }

    /// The frames.
    fn frames(self) -> impl futures::Stream<Item = Bytes> + Send {
        futures::stream::unfold(self, |mut live| async move {
            live.next().await.map(|frame| (frame, live))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        let message = match self.first.take() {
            Some(first) => Ok(first),
            None => tokio::select! {
                biased;
                message = self.upstream.next() => message,
                _ = self.heartbeat.tick(), if self.framing.has_heartbeats() => {
                    return Some(self.framing.heartbeat());
                }
            },
        };
        self.heartbeat.reset();
        let is_first = std::mem::take(&mut self.is_fresh);
        let frame = message.and_then(|message| match message {
            Some(message) => self.message(&message, is_first).map(Some),
            None => {
                self.ended = true;
                Ok(self.framing.end(is_first))
            }
        });
        frame.unwrap_or_else(|failure| {
            self.ended = true;
            let error = error::text(&failure, &self.routing);
            Some(self.framing.error(&error, is_first))
        })
    }

    fn message(&self, message: &[u8], is_first: bool) -> Result<Bytes, Failure> {
        let policy = self.routing.policies.of(&self.route);
        let json = self.route.response(message);
        let json = json.map_err(|error| Problem::internal(&error))?;
        let number = policy.sequence.number(message);
        Ok(self.framing.message(&json, number, is_first))
    }
}
