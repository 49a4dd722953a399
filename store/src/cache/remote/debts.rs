//! What Redis must forget before it is read again: what it could not be told in time.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicBool, Ordering},
};

use redis::RedisResult;
use tokio::sync::Mutex;

/// More keys than these are too many to remember one by one: then everything goes.
const MOST_KEYS: usize = 10_000;
/// How many keys are told in one step.
const STEP: usize = 500;

/// Invalidations that Redis has not heard of.
#[derive(Default)]
pub(super) struct Debts {
    /// Whether there are any.
    exist: AtomicBool,
    owed: Mutex<Owed>,
}

#[derive(Default)]
struct Owed {
    /// From which version on a key is good.
    keys: HashMap<String, i64>,
    /// Everything goes.
    everything: bool,
}

impl Debts {
    pub(super) async fn add(&self, key: &str, min_version: i64) {
        let mut owed = self.owed.lock().await;
        if owed.keys.len() >= MOST_KEYS {
            owed.add_everything();
        } else {
            let version = owed.keys.entry(key.to_owned()).or_insert(min_version);
            *version = min_version.max(*version);
        }
        self.exist.store(true, Ordering::Release);
    }

    pub(super) async fn add_everything(&self) {
        self.owed.lock().await.add_everything();
        self.exist.store(true, Ordering::Release);
    }

    pub(super) fn exist(&self) -> bool {
        self.exist.load(Ordering::Acquire)
    }

    /// Pays a part of them, if nobody else does. Says whether none are left.
    pub(super) async fn pay<Fut>(
        &self,
        forget: impl Future<Output = RedisResult<()>>,
        tell: impl Fn(String, i64) -> Fut,
    ) -> RedisResult<bool>
    where
        Fut: Future<Output = RedisResult<()>>,
    {
        let Ok(mut owed) = self.owed.try_lock() else {
            return Ok(false);
        };
        if owed.everything {
            forget.await?;
            owed.everything = false;
        } else {
            let some = owed.keys.iter().take(STEP);
            let some: Vec<_> = some.map(|(key, version)| (key.clone(), *version)).collect();
            let told: Vec<_> = some
                .iter()
                .map(|(key, version)| tell(key.clone(), *version))
                .collect();
            futures::future::try_join_all(told).await?;
            for (key, _) in some {
                owed.keys.remove(&key);
            }
        }
        let is_paid = owed.keys.is_empty();
        if is_paid {
            self.exist.store(false, Ordering::Release);
        }
        Ok(is_paid)
    }
}

impl Owed {
    fn add_everything(&mut self) {
        self.everything = true;
        self.keys.clear();
    }
}
