//! One issuer, and its keys, which are kept up to date for as long as they are needed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use net::backoff::Backoff;
use net::readiness::{Gate, Readiness};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use reqwest::Client;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::config::Named;
use super::keys::Keys;
use super::source::Source;

/// Tokens of unknown keys make the keys be fetched at most this often.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// So long a token of an unknown key waits for them.
const PATIENCE: Duration = Duration::from_secs(5);
const BACKOFF: Backoff = Backoff::new(Duration::from_millis(250), Duration::from_secs(30));

/// One issuer.
pub(super) struct Issuer {
    pub(super) name: Arc<str>,
    /// `None` if tokens may be for anybody.
    pub(super) audiences: Option<HashSet<String>>,
    source: Source,
    refresh: Duration,
    client: Client,
    /// The last good ones.
    keys: ArcSwapOption<Keys>,
    fetches: watch::Sender<Fetches>,
    wanted: Notify,
}

/// How fetching goes.
#[derive(Clone, Debug, Default)]
struct Fetches {
    is_under_way: bool,
    ended: u64,
    /// Why the last one that has ended brought nothing, if it did not.
    failure: Option<String>,
    /// When a token last made it begin.
    asked: Option<Instant>,
}

impl Issuer {
    pub(super) fn new(named: Named, refresh: Duration, client: Client) -> Self {
        let Named {
            name,
            audiences,
            source,
        } = named;
        Self {
            name,
            audiences,
            source,
            refresh,
            client,
            keys: ArcSwapOption::empty(),
            fetches: watch::channel(Fetches::default()).0,
            wanted: Notify::new(),
        }
    }

    /// The keys, once there were any.
    pub(super) fn keys(&self) -> Option<Arc<Keys>> {
        self.keys.load_full()
    }

    /// Completes when there are keys, or could not be.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn fetched(&self) -> Result<(), String> {
        let mut fetches = self.fetches.subscribe();
        let ended = fetches.wait_for(|now| now.ended > 0).await;
        // It cannot fail to wait: `self` keeps the sender.
        let failure = ended.ok().and_then(|now| now.failure.clone());
        match failure.filter(|_| self.keys.load().is_none()) {
            None => Ok(()),
            Some(why) => Err(format!("{} could not be fetched: {why}", self.dependency())),
        }
    }

    /// Looks whether there are newer keys, unless that was asked for just now. Whether that could be
    /// seen.
    pub(super) async fn look_again(&self) -> bool {
        let mut before = Fetches::default();
        let begins = |fetches: &mut Fetches| {
            let is_new = fetches
                .asked
                .is_none_or(|last| last.elapsed() >= ASKED_AGAIN_AFTER);
            let begins = is_new && !fetches.is_under_way;
            if begins {
                fetches.is_under_way = true;
                fetches.asked = Some(Instant::now());
            }
            before = fetches.clone();
            begins
        };
        if self.fetches.send_if_modified(begins) {
            self.wanted.notify_one();
        }
        if before.is_under_way {
            let mut fetches = self.fetches.subscribe();
            let over = fetches.wait_for(|now| now.ended > before.ended);
            let in_time = tokio::time::timeout(PATIENCE, over).await;
            return matches!(in_time, Ok(Ok(now)) if now.failure.is_none());
        }
        before.failure.is_none()
    }

    /// Fetches the keys, again and again. The last good ones stay while there are no others.
    pub(super) async fn follow(
        &self,
        mut gate: Option<Gate>,
        readiness: &Readiness,
        fetched: &Counter<u64>,
    ) {
        let mut backoff = BACKOFF;
        let mut last = Vec::new();
        loop {
            self.fetches
                .send_modify(|fetches| fetches.is_under_way = true);
            let outcome = self.fetch(&mut last).await;
            let failure = outcome.as_ref().err().cloned();
            self.fetches.send_modify(|fetches| {
                (fetches.is_under_way, fetches.failure) = (false, failure);
                fetches.ended += 1;
            });
            let issuer = KeyValue::new("issuer", self.name.clone());
            let count = |outcome| fetched.add(1, &[issuer, KeyValue::new("outcome", outcome)]);
            let pause = match outcome {
                Ok(()) => {
                    gate = None;
                    backoff.reset();
                    readiness.degraded(&self.dependency(), None);
                    count("ok");
                    self.refresh
                }
                Err(why) => {
                    tracing::warn!(issuer = &*self.name, why, "keys could not be fetched");
                    match &gate {
                        Some(gate) => gate.set(&why),
                        None => readiness.degraded(&self.dependency(), Some(&why)),
                    }
                    count("failed");
                    backoff.pause().min(self.refresh)
                }
            };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.wanted.notified() => {}
            }
        }
    }

    /// What a process lacks without it.
    pub(super) fn dependency(&self) -> String {
        format!("the keys of {}", self.name)
    }

    async fn fetch(&self, last: &mut Vec<u8>) -> Result<(), String> {
        let set = self.source.read(&self.client, &self.name).await?;
        if self.keys.load().is_none() || set != *last {
            self.keys.store(Some(Arc::new(Keys::read(&set)?)));
            *last = set;
        }
        Ok(())
    }
}
