//! What a work group does with an event.

use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use net::{backoff::Backoff, tasks::panic_message};
use tokio::time::Instant;

use crate::{Event, Failure, WorkGroup, metrics::Metrics};

/// How long a handler may take before it is stopped and the event comes again.
pub(crate) const HANDLER_TIMEOUT: Duration = Duration::from_secs(60);

type Run = dyn Fn(Event) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync;

/// A work group's handler, measured, with its time bound and its panics caught.
#[derive(Clone)]
pub(crate) struct Handler {
    run: Arc<Run>,
    pub(crate) metrics: Metrics,
}

impl Handler {
    /// Of a group of the bus that is this `system`.
    pub(crate) fn new<F, Fut>(group: &WorkGroup, system: &'static str, handler: F) -> Self
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self {
            run: Arc::new(move |event| handler(event).boxed()),
            metrics: Metrics::new(group, system),
        }
    }

    pub(crate) async fn handle(&self, event: Event) -> Result<(), Failure> {
        let (began, subject) = (Instant::now(), event.subject.clone());
        let result = self.attempt(event).await;
        self.metrics.handled(subject, began.elapsed(), &result);
        result
    }

    async fn attempt(&self, event: Event) -> Result<(), Failure> {
        let run = AssertUnwindSafe(async { (self.run)(event).await }).catch_unwind();
        match tokio::time::timeout(HANDLER_TIMEOUT, run).await {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => Err(Failure::Permanent(format!(
                "panic: {}",
                panic_message(&*panic)
            ))),
            Err(_) => Err(Failure::Transient(format!(
                "not done after {HANDLER_TIMEOUT:?}"
            ))),
        }
    }
}

/// Pauses before an event comes again.
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30));

/// How long to wait before the next attempt, after `attempts` of them.
pub(crate) fn backoff(attempts: u32) -> Duration {
    BACKOFF.after(attempts.saturating_sub(1))
}
