//! A stream of messages to the client, for as long as it may have them.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use runtime::status::Problem;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tonic::{Status, Streaming};
use transcoder::Route;

use crate::door::Door;
use crate::failure::Failure;
use crate::lifetime::Lifetime;
use crate::policy::Policy;

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
    upstream: Streaming<Bytes>,
    lifetime: Lifetime,
    heartbeat: Interval,
    first: Option<Result<Option<Bytes>, Status>>,
    ended: bool,
}

impl Live {
    /// Waits a moment for the first message, or for the error instead of it.
    pub(crate) async fn begin(
        door: Arc<Door>,
        route: Arc<Route>,
        framing: Framing,
        mut upstream: Streaming<Bytes>,
        lifetime: Lifetime,
    ) -> Result<Self, Failure> {
        let first = tokio::time::timeout(FIRST_MESSAGE, upstream.message())
            .await
            .ok();
        if let Some(Err(status)) = first {
            return Err(status.into());
        }
        let every = door.edge.settings.requests.heartbeat;
        let mut heartbeat = interval_at(Instant::now() + every, every);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            door,
            route,
            framing,
            upstream,
            lifetime,
            heartbeat,
            first,
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
            Some(first) => first,
            None => tokio::select! {
                biased;
                failure = self.lifetime.over() => {
                    return Some(self.error(&failure));
                }
                message = self.upstream.message() => message,
                _ = self.heartbeat.tick() => return Some(self.framing.heartbeat()),
            },
        };
        self.heartbeat.reset();
        match message {
            Ok(Some(message)) => Some(self.message(&message)),
            Ok(None) => {
                self.ended = true;
                self.framing.end()
            }
            Err(status) => Some(self.error(&status.into())),
        }
    }

    fn message(&mut self, message: &[u8]) -> Bytes {
        let policy: &Policy = self.door.edge.policies.of(&self.route);
        match self.route.response(message) {
            Ok(json) => self.framing.message(&json, policy.sequence.number(message)),
            Err(error) => self.error(&Problem::internal(&error).into()),
        }
    }

    fn error(&mut self, failure: &Failure) -> Bytes {
        self.ended = true;
        self.framing
            .error(&failure.json(&self.door.edge.transcoder).1)
    }
}
