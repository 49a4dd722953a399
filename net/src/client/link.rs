//! The HTTP/2 connections to one address. There is one as long as its streams suffice: a further one
//! is opened before the last is full, and left when it is idle and not needed any more. They are made
//! again with growing pauses when they break.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use tokio::time::Instant;

use super::connection::{Connection, Flags, Stream};
use super::failure::Failure;
use super::target::Target;
use crate::backoff::Backoff;

/// More are not opened to one address. A peer that follows RFC 9113 (section 6.5.2) allows 100 streams
/// on each, ours 1024.
const MOST_CONNECTIONS: usize = 16;
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));

#[derive(Debug, Default)]
pub(super) struct Link {
    /// Requests under way or about to be, for the choice among endpoints.
    pub(super) pending: AtomicUsize,
    connections: Arc<Connections>,
}

#[derive(Debug, Default)]
struct Connections(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// In the order of their age. The oldest with a free stream is used, so that others fall idle.
    open: Vec<Connection>,
    opening: Option<Opening>,
    down: Option<Outage>,
}

/// One attempt to connect, for all who wait for it.
type Opening = Shared<BoxFuture<'static, Result<(), Failure>>>;

#[derive(Clone, Debug)]
struct Outage {
    since: Instant,
    until: Instant,
    backoff: Backoff,
    why: String,
}

impl Link {
    /// Whether connecting failed just now, and nothing else is connected.
    pub(super) fn is_down(&self) -> bool {
        let state = self.connections.state();
        state.open.is_empty() && state.pause().is_some()
    }

    /// Nobody else can be called: the shortest pause is enough.
    pub(super) fn hurry(&self) {
        let mut state = self.connections.state();
        if let Some(down) = &mut state.down {
            down.until = down.until.min(down.since + BACKOFF.after(0));
        }
    }

    /// Connects, beside whoever calls; whether it succeeds shows when it is needed.
    pub(super) fn connect(&self, target: &Target) {
        let _ = self.connections.opening(target);
    }

    /// A free stream, of a connection that is made for it if there is none. Fails at once if all are
    /// taken and no further connection may be opened, and while a pause lasts.
    pub(super) async fn stream(&self, target: &Target) -> Result<Stream, Failure> {
        let taken = self.connections.state().take();
        match taken {
            Some((stream, SpareStreams::Ample)) => Ok(stream),
            Some((stream, SpareStreams::Scarce)) => {
                self.connect(target);
                Ok(stream)
            }
            None => Box::pin(self.connections.stream_of_another(target)).await,
        }
    }
}

/// What is left besides a stream that was taken.
#[derive(Clone, Copy, PartialEq)]
enum SpareStreams {
    Ample,
    /// A further connection may be needed before long.
    Scarce,
}

impl Connections {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    async fn stream_of_another(self: &Arc<Self>, target: &Target) -> Result<Stream, Failure> {
        for _ in 0..MOST_CONNECTIONS {
            let opening = self.opening(target)?;
            opening.await?;
            // Others waited too, and may be more than it has streams.
            if let Some((stream, _)) = self.state().take() {
                return Ok(stream);
            }
        }
        Err(full(target))
    }

    /// The attempt to open a further connection; one at a time.
    fn opening(self: &Arc<Self>, target: &Target) -> Result<Opening, Failure> {
        let mut state = self.state();
        if let Some(opening) = &state.opening {
            return Ok(opening.clone());
        }
        if state.open.len() >= MOST_CONNECTIONS {
            return Err(full(target));
        }
        if let Some(down) = state.pause() {
            return Err(Failure::NotHandled(down.why.clone()));
        }
        // In a task of its own: whoever gives up waiting leaves the connection to the others.
        let task = tokio::spawn(self.clone().open(target.clone()));
        let (this, target) = (self.clone(), target.clone());
        let opened = task.map(move |opened| {
            opened.unwrap_or_else(|broken_off| {
                this.state().opening = None;
                Err(Failure::NotHandled(format!("{target}: {broken_off}")))
            })
        });
        let opening = opened.boxed().shared();
        state.opening = Some(opening.clone());
        Ok(opening)
    }

    async fn open(self: Arc<Self>, target: Target) -> Result<(), Failure> {
        let connections = Arc::downgrade(&self);
        let idle = move |flags: &_| {
            if let Some(connections) = connections.upgrade() {
                connections.state().leave(flags);
            }
        };
        let opened = Connection::open(&target, idle).await;
        let mut state = self.state();
        state.opening = None;
        match opened {
            Ok(connection) => {
                state.open.push(connection);
                state.down = None;
                Ok(())
            }
            Err(why) => {
                let why = format!("{target}: {why}");
                let mut backoff = state.down.take().map_or(BACKOFF, |down| down.backoff);
                let since = Instant::now();
                state.down = Some(Outage {
                    since,
                    until: since + backoff.pause(),
                    backoff,
                    why: why.clone(),
                });
                Err(Failure::NotHandled(why))
            }
        }
    }
}

impl State {
    /// Takes a free stream.
    fn take(&mut self) -> Option<(Stream, SpareStreams)> {
        self.open.retain(Connection::takes_requests);
        for connection in &self.open {
            let (allowed, taken) = (connection.allowed(), connection.taken());
            if taken < allowed {
                let is_scarce = taken >= allowed - allowed / 4 && self.is_scarce(allowed / 4);
                let room = if is_scarce {
                    SpareStreams::Scarce
                } else {
                    SpareStreams::Ample
                };
                return Some((connection.take(), room));
            }
        }
        None
    }

    /// Whether no more streams than these are free on all connections.
    fn is_scarce(&self, few: usize) -> bool {
        let free = |one: &Connection| one.allowed().saturating_sub(one.taken());
        self.open.iter().map(free).fold(0, usize::saturating_add) <= few
    }

    /// Leaves a connection that is idle if another one is at most half full.
    fn leave(&mut self, idle: &Arc<Flags>) {
        let is_half_full = |one: &Connection| one.taken() > one.allowed() / 2;
        let mut others = self.open.iter().filter(|one| !one.is(idle));
        if others.any(|other| other.takes_requests() && !is_half_full(other)) {
            // The last handle of it: h2 says goodbye.
            self.open.retain(|one| !one.is(idle) || one.taken() > 0);
        }
    }

    fn pause(&self) -> Option<&Outage> {
        self.down
            .as_ref()
            .filter(|down| down.until > Instant::now())
    }
}

fn full(target: &Target) -> Failure {
    Failure::NotHandled(format!(
        "{target}: every stream of {MOST_CONNECTIONS} connections is taken"
    ))
}
