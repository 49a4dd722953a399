//! Waiting for a condition.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// How often a condition is looked at.
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `look` returns something, and returns that.
///
/// # Panics
/// When it has not after `patience`, naming what was awaited.
pub async fn eventually<T, F>(what: &str, patience: Duration, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}");
        sleep(INTERVAL).await;
    }
}
