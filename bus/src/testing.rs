//! Buses that a test plays, under the contract of the real one: a stream keeps what was published, and
//! hands it to each work group at least once, in any order. Behind the feature `testing`.

use std::sync::Arc;

use futures::future::BoxFuture;
use futures::stream::BoxStream;

use crate::{BroadcastItem, Bus, Event, Failure, Kind, PublishError, WorkGroup};
use crate::{handler, subject};

/// A work group's handler.
#[derive(Clone)]
pub struct Handler(pub(crate) handler::Handler);

impl Handler {
    /// Handles an event once, within a minute. A panic is [`Failure::Permanent`].
    ///
    /// # Errors
    /// When it is not done.
    pub async fn handle(&self, event: Event) -> Result<(), Failure> {
        self.0.handle(event).await
    }
}

/// Whether `subject` is one of those that `pattern` stands for.
#[must_use]
pub fn matches(pattern: &str, subject: &str) -> bool {
    subject::matches(pattern, subject)
}

/// Keeps events and hands them out.
pub trait Broker: Send + Sync {
    /// Keeps an event; once this returns it is kept for good.
    ///
    /// # Errors
    /// When that is not known.
    fn publish<'e>(&'e self, event: &'e Event) -> BoxFuture<'e, Result<(), PublishError>>;

    /// A member joins when this is called, and is done when the future is. Its handler has its effect
    /// before it returns `Ok`.
    fn join(&self, group: WorkGroup, handler: Handler) -> BoxFuture<'static, ()>;

    /// What is published from now on, after a gap.
    fn listen(&self, subjects: Vec<String>) -> BoxStream<'static, BroadcastItem>;
}

impl Bus {
    /// A bus that a test plays.
    #[must_use]
    pub fn played(broker: Arc<dyn Broker>) -> Bus {
        Bus {
            kind: Kind::Played(broker),
        }
    }
}
