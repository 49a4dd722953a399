//! When what was written to a connection has left this process.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// Counts how often a connection has sent everything that was written to it. hyper forgets what it has
/// not sent when a body ends in an error, so that a body which knows that it will waits for that first.
#[derive(Clone, Debug, Default)]
pub struct Flushes(Arc<State>);

#[derive(Debug, Default)]
struct State {
    count: AtomicUsize,
    further: Notify,
}

impl Flushes {
    /// How often until now.
    pub fn count(&self) -> usize {
        self.0.count.load(Ordering::Acquire)
    }

    /// Completes when the count is no longer this one.
    pub fn after(&self, count: usize) -> impl Future<Output = ()> + Send + use<> {
        let flushes = self.clone();
        async move {
            // Before the look at the count: what is told in between is heard.
            let further = flushes.0.further.notified();
            if flushes.count() == count {
                further.await;
            }
        }
    }

    pub(super) fn done(&self) {
        self.0.count.fetch_add(1, Ordering::Release);
        self.0.further.notify_waiters();
    }
}
