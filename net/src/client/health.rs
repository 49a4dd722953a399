//! How the endpoints of a service say that they are (`grpc.health.v1.Health/Check`): one that is not well
//! gets no new calls while another one is.

mod question;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::link::Link;
use super::target::Target;
use crate::readiness::Readiness;
use question::{Question, Unwell};

/// How the endpoints of one service are, for all channels to it. As long as nobody
/// [asks](super::Channel::ask_health), all are well.
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    /// Of endpoints that are named, or that a channel still has; by their targets.
    marks: Mutex<BTreeMap<String, Mark>>,
    well: AtomicUsize,
    unwell: AtomicUsize,
}

/// Whether one endpoint is unwell.
#[derive(Clone, Debug, Default)]
pub(super) struct Mark(Arc<AtomicBool>);

impl Mark {
    pub(super) fn is_unwell(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// How endpoints are asked.
#[derive(Clone, Debug)]
pub struct HealthChecks {
    /// The service that is asked for; the empty name is that of the whole server.
    pub service: String,
    /// Between two questions, and the time for an answer; more than nothing.
    pub interval: Duration,
    /// So many questions in a row without an answer make an endpoint unwell. Its own word counts at
    /// once.
    pub threshold: u32,
}

impl Health {
    /// How many endpoints are well and how many are not, as of the last questions.
    pub fn count(&self) -> (usize, usize) {
        let Known { well, unwell, .. } = &*self.0;
        (well.load(Ordering::Relaxed), unwell.load(Ordering::Relaxed))
    }

    pub(super) fn mark(&self, target: &Target) -> Mark {
        let mut marks = self.0.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.entry(target.to_string()).or_default().clone()
    }

    /// Asks every endpoint of a service, again and again, for ever.
    pub(super) async fn keep<F>(
        &self,
        service: &str,
        targets: impl Fn() -> F,
        checks: &HealthChecks,
        readiness: &Readiness,
    ) where
        F: Future<Output = Result<Vec<Target>, String>>,
    {
        let question = Question::new(service, &checks.service);
        let mut endpoints = BTreeMap::new();
        let mut ticks = interval(checks.interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let mut missing = Vec::new();
            match targets().await {
                Ok(targets) => self.follow(&mut endpoints, targets),
                Err(why) => missing.push(why),
            }
            let asked = endpoints.iter_mut().map(|(name, endpoint)| {
                let asked = endpoint.ask(&question, checks);
                async move { Some(format!("{name}: {}", asked.await?)) }
            });
            missing.extend(join_all(asked).await.into_iter().flatten());
            let is_unwell = |endpoint: &&Endpoint| endpoint.mark.is_unwell();
            let unwell = endpoints.values().filter(is_unwell).count();
            self.0.unwell.store(unwell, Ordering::Relaxed);
            self.0
                .well
                .store(endpoints.len() - unwell, Ordering::Relaxed);
            let missing = missing.join("; ");
            let missing = Some(&*missing).filter(|missing| !missing.is_empty());
            readiness.degraded(service, missing);
        }
    }

    /// Takes up what is named now, and forgets what is not.
    fn follow(&self, endpoints: &mut BTreeMap<String, Endpoint>, targets: Vec<Target>) {
        let named: BTreeSet<_> = targets.iter().map(Target::to_string).collect();
        endpoints.retain(|name, _| named.contains(name));
        for target in targets {
            let mark = self.mark(&target);
            let endpoint = endpoints.entry(target.to_string());
            endpoint.or_insert_with(|| Endpoint::new(target, mark));
        }
        let mut marks = self.0.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.retain(|name, Mark(mark)| {
            let is_named = named.contains(name);
            if !is_named {
                mark.store(false, Ordering::Relaxed);
            }
            is_named || Arc::strong_count(mark) > 1
        });
    }
}

/// One endpoint that is asked, over a connection of its own.
struct Endpoint {
    target: Target,
    link: Link,
    mark: Mark,
    unanswered: u32,
    why: Option<String>,
}

impl Endpoint {
    fn new(target: Target, mark: Mark) -> Endpoint {
        Endpoint {
            target,
            link: Link::default(),
            mark,
            unanswered: 0,
            why: None,
        }
    }

    /// Why it is unwell, if it is.
    async fn ask(&mut self, question: &Question, checks: &HealthChecks) -> Option<&str> {
        let asked = timeout(checks.interval, question.ask(&self.link, &self.target)).await;
        let why = match asked.unwrap_or_else(|_| Err(Unwell::Silent("no answer in time".into()))) {
            Ok(()) => {
                self.unanswered = 0;
                None
            }
            Err(Unwell::Said(why)) => Some(why),
            Err(Unwell::Silent(why)) => {
                self.unanswered = self.unanswered.saturating_add(1);
                let is_over = self.unanswered >= checks.threshold || self.why.is_some();
                is_over.then_some(why)
            }
        };
        let service = &question.upstream;
        match (&self.why, &why) {
            (None, Some(why)) => {
                tracing::warn!(service, endpoint = %self.target, why, "it is not well: calls go elsewhere, if they can");
            }
            (Some(_), None) => tracing::info!(service, endpoint = %self.target, "it is well again"),
            _ => {}
        }
        self.mark.0.store(why.is_some(), Ordering::Relaxed);
        self.why = why;
        self.why.as_deref()
    }
}
