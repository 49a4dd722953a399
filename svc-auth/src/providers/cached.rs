//! What a provider publishes, kept for a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

/// How long what was found counts as new.
pub(super) const LIFETIME: Duration = Duration::from_secs(60 * 60);
/// How soon it is looked for again because of a token whose key is not known.
pub(super) const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How soon, where nothing was found yet.
const RETRY: Duration = Duration::from_secs(2);

/// Something that is fetched; the last good one stays while there is no other.
pub(super) struct Cached<T> {
    value: Option<Arc<T>>,
    looked: Option<Instant>,
    /// Why the last look brought nothing.
    failure: String,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self {
            value: None,
            looked: None,
            failure: String::new(),
        }
    }
}

impl<T> Cached<T> {
    /// What is there; looked for anew if the last look is so long ago.
    ///
    /// # Errors
    /// Why there is nothing.
    pub(super) async fn get(
        &mut self,
        max_age: Duration,
        fetch: impl Future<Output = Result<T, String>>,
    ) -> Result<Arc<T>, String> {
        let pause = match self.value {
            Some(_) => max_age,
            None => RETRY,
        };
        if self.looked.is_none_or(|last| last.elapsed() >= pause) {
            match fetch.await {
                Ok(value) => self.value = Some(Arc::new(value)),
                Err(why) => {
                    tracing::warn!(why, "an identity provider does not tell of itself");
                    self.failure = why;
                }
            }
            self.looked = Some(Instant::now());
        }
        self.value.clone().ok_or_else(|| self.failure.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_there_is_not_looked_for_again_and_survives_a_failure() {
        let mut cached = Cached::<u8>::default();
        let away = async || Err("away".to_owned());
        assert_eq!(cached.get(LIFETIME, away()).await, Err("away".to_owned()));
        // Too soon.
        assert_eq!(
            cached.get(LIFETIME, async { Ok(1) }).await,
            Err("away".to_owned())
        );
        cached.looked = None;
        let found = cached.get(LIFETIME, async { Ok(1) }).await;
        assert_eq!(found.as_deref(), Ok(&1));
        let kept = cached.get(LIFETIME, async { Ok(2) }).await;
        assert_eq!(kept.as_deref(), Ok(&1));
        let newer = cached.get(Duration::ZERO, async { Ok(2) }).await;
        assert_eq!(newer.as_deref(), Ok(&2));
        let kept = cached.get(Duration::ZERO, away()).await;
        assert_eq!(kept.as_deref(), Ok(&2));
    }
}
