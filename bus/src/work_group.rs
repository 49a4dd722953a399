use std::{future::Future, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures::{FutureExt, future::BoxFuture};
use tokio_util::sync::CancellationToken;

use crate::Event;

/// How long a handler may take before it is stopped and the event comes again.
pub(crate) const HANDLER_TIMEOUT: Duration = Duration::from_secs(60);

/// Those that share the work on some events: each event is handled by one of them.
#[derive(Clone, Debug)]
pub struct WorkGroup {
    /// Named after the service, such as `svc-shipping`. Replicas use the same name.
    pub name: &'static str,
    /// Which events, such as `orders.v1.OrderConfirmed` or `catalog.v1.*`. Several groups of one
    /// name share the work on a subject that both list.
    pub subjects: Vec<&'static str>,
    /// Stops it.
    pub shutdown: CancellationToken,
}

/// Why a handler did not do its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Something that the handler needs is away: tried again without bound, with growing delay.
    #[error("{0}")]
    Transient(String),
    /// Trying again is unlikely to help: a dead letter after [`crate::ATTEMPTS`] attempts.
    #[error("{0}")]
    Permanent(String),
}

type Run = dyn Fn(Event) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync;

/// A work group's handler, with its time bound and its panics caught.
#[derive(Clone)]
pub(crate) struct Handler(Arc<Run>);

impl Handler {
    pub(crate) fn new<F, Fut>(handler: F) -> Self
    where
        F: Fn(Event) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self(Arc::new(move |event| handler(event).boxed()))
    }

    pub(crate) async fn handle(&self, event: Event) -> Result<(), Failure> {
        let run = AssertUnwindSafe(async { (self.0)(event).await }).catch_unwind();
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

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}

/// How long to wait before the next attempt, after `attempts` of them: from 100 ms, doubling,
/// up to 30 s.
pub(crate) fn backoff(attempts: u32) -> Duration {
    let doubled = Duration::from_millis(100) * 2_u32.saturating_pow(attempts.clamp(1, 10) - 1);
    doubled.min(Duration::from_secs(30))
}
