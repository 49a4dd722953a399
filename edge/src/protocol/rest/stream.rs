//! A stream of messages to the client, for as long as it may have them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use runtime::status::Problem;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use transcoder::Route;

use crate::door::Door;
use crate::failure::Failure;
use crate::policy::Policy;
use crate::protocol::upstream::Messages;

mod framing;

pub(super) use framing::{Framing, last_event_id};

/// How long a stream's first message may take before the reply's headers go out without it. An
/// error that comes before still sets the HTTP status.
const FIRST_MESSAGE: Duration = Duration::from_millis(250);

/// A stream in progress. It reads from upstream when the client takes, so nothing piles up here, and
/// ends upstream when the client goes away.
pub(crate) struct Live {
    door: Arc<Door>,
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
        door: Arc<Door>,
        route: Arc<Route>,
        framing: Framing,
        mut upstream: Messages,
    ) -> Result<Self, Failure> {
        let first = tokio::time::timeout(FIRST_MESSAGE, upstream.next()).await;
        let first = first.ok().transpose()?;
        let every = door.edge.settings.requests.heartbeat;
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            door,
            route,
            framing,
            upstream,
            heartbeat,
            first,
            is_fresh: true,
            ended: false,
        })
    }

    /// The frames.
    pub(crate) fn frames(self) -> impl futures::Stream<Item = Bytes> + Send {
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
                _ = self.heartbeat.tick() => return Some(self.framing.heartbeat()),
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
            let error = failure.json(&self.door.edge.transcoder);
            Some(self.framing.error(&error, is_first))
        })
    }

    fn message(&self, message: &[u8], is_first: bool) -> Result<Bytes, Failure> {
        let policy: &Policy = self.door.edge.policies.of(&self.route);
        let json = self.route.response(message);
        let json = json.map_err(|error| Problem::internal(&error))?;
        let number = policy.sequence.number(message);
        Ok(self.framing.message(&json, number, is_first))
    }
}
