//! What a process still waits for, and what it does without.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::watch;

/// Says whether a process can serve. Every service of a process shares one.
#[derive(Clone, Debug)]
pub struct Readiness {
    owner: Arc<str>,
    state: watch::Sender<State>,
}

/// A snapshot of what is awaited and what is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    waits: BTreeMap<u64, Condition>,
    degraded: BTreeMap<(String, String), String>,
    draining: bool,
    next: u64,
}

/// A dependency and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Condition {
    /// The service that needs it.
    pub service: String,
    /// What it needs, such as `postgres`.
    pub dependency: String,
    /// What is known of it; empty if nothing was said.
    pub why: String,
}

/// The answer of the ops port.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "status", rename_all = "lowercase")]
pub enum Report {
    /// All is there.
    Ready,
    /// It serves, without something that it can do without for a time.
    Degraded {
        /// What is missing.
        missing: Vec<Condition>,
    },
    /// It does not serve yet.
    Waiting {
        /// What it waits for.
        #[serde(rename = "waitsFor")]
        waits_for: Vec<Condition>,
    },
    /// It is about to stop.
    Draining,
}

impl Report {
    /// Whether calls should be sent here.
    pub fn is_ready(&self) -> bool {
        matches!(self, Report::Ready | Report::Degraded { .. })
    }
}

impl Default for Readiness {
    fn default() -> Readiness {
        Readiness {
            owner: "".into(),
            state: watch::channel(State::default()).0,
        }
    }
}

impl Readiness {
    /// The same readiness, as `service` speaks of it.
    pub fn of(&self, service: &str) -> Readiness {
        Readiness {
            owner: service.into(),
            state: self.state.clone(),
        }
    }

    /// Not ready until the gate is dropped. Gates are for the start: what goes away later is
    /// `degraded`.
    pub fn waits_for(&self, dependency: &str) -> Gate {
        let mut key = 0;
        let condition = self.condition(dependency, "");
        self.state.send_modify(|state| {
            key = state.next;
            state.next += 1;
            state.waits.insert(key, condition);
        });
        Gate {
            key,
            state: self.state.clone(),
        }
    }

    /// Says that a dependency is missing, and why, or that it is there again.
    pub fn degraded(&self, dependency: &str, why: Option<&str>) {
        let key = (self.owner.to_string(), dependency.to_owned());
        self.state.send_if_modified(|state| match why {
            Some(why) => state
                .degraded
                .insert(key, why.to_owned())
                .is_none_or(|before| before != why),
            None => state.degraded.remove(&key).is_some(),
        });
    }

    /// From now on not ready: the process is about to stop.
    pub fn drain(&self) {
        self.state.send_modify(|state| state.draining = true);
    }

    /// What the ops port answers now.
    pub fn report(&self) -> Report {
        self.state.borrow().report()
    }

    /// Completes at the first moment when the process can serve.
    pub async fn ready(&self) {
        let mut changes = self.changes();
        // It cannot fail: `self` keeps the sender.
        let _ = changes.wait_for(|state| state.report().is_ready()).await;
    }

    /// Completes at the first moment when nothing but the gate is awaited.
    pub async fn waits_only_for(&self, gate: &Gate) {
        let mut changes = self.changes();
        // As above.
        let _ = changes
            .wait_for(|state| state.waits.keys().eq([&gate.key]))
            .await;
    }

    /// Wakes at every change.
    pub fn changes(&self) -> watch::Receiver<State> {
        self.state.subscribe()
    }

    fn condition(&self, dependency: &str, why: &str) -> Condition {
        Condition {
            service: self.owner.to_string(),
            dependency: dependency.to_owned(),
            why: why.to_owned(),
        }
    }
}

impl State {
    /// What the ops port answers in this state.
    pub fn report(&self) -> Report {
        if self.draining {
            return Report::Draining;
        }
        if !self.waits.is_empty() {
            return Report::Waiting {
                waits_for: self.waits.values().cloned().collect(),
            };
        }
        if self.degraded.is_empty() {
            return Report::Ready;
        }
        let missing = self
            .degraded
            .iter()
            .map(|((service, dependency), why)| Condition {
                service: service.clone(),
                dependency: dependency.clone(),
                why: why.clone(),
            });
        Report::Degraded {
            missing: missing.collect(),
        }
    }
}

/// Keeps a process not ready until it is dropped.
#[derive(Debug)]
pub struct Gate {
    key: u64,
    state: watch::Sender<State>,
}

impl Gate {
    /// Says what is known: `connection refused`.
    pub fn set(&self, why: impl std::fmt::Display) {
        let why = why.to_string();
        self.state
            .send_if_modified(|state| match state.waits.get_mut(&self.key) {
                Some(condition) if condition.why != why => {
                    condition.why = why;
                    true
                }
                _ => false,
            });
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.state.send_modify(|state| {
            state.waits.remove(&self.key);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_ready_when_its_last_gate_is_dropped() {
        let readiness = Readiness::default().of("svc-orders");
        let (one, two) = (readiness.waits_for("postgres"), readiness.waits_for("nats"));
        one.set("connection refused");
        let Report::Waiting { waits_for } = readiness.report() else {
            panic!("it is ready")
        };
        assert_eq!(waits_for[0].why, "connection refused");
        drop(one);
        assert!(!readiness.report().is_ready());
        drop(two);
        assert_eq!(readiness.report(), Report::Ready);
    }

    #[test]
    fn what_goes_away_later_degrades_and_heals() {
        let readiness = Readiness::default().of("svc-orders");
        readiness.degraded("nats", Some("connection refused"));
        assert!(matches!(readiness.report(), Report::Degraded { .. }));
        assert!(readiness.report().is_ready());
        readiness.degraded("nats", None);
        assert_eq!(readiness.report(), Report::Ready);
        readiness.drain();
        assert!(!readiness.report().is_ready());
    }
}
