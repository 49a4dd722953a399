//! Looks at processes.

use std::{collections::BTreeSet, time::Duration};

use anyhow::Result;
use reqwest::StatusCode;
use serde::Deserialize;
use tokio::time::Instant;
use url::Url;

use super::told::Told;
use crate::client::{address, http, why, within};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// A process, and what was seen of it.
pub(super) struct Process {
    url: Url,
    http: reqwest::Client,
    pub(super) before: Option<Look>,
    pub(super) now: Option<Look>,
    /// Services that it ever had.
    pub(super) services: BTreeSet<String>,
}

/// A process at a moment.
pub(super) struct Look {
    pub(super) at: Instant,
    pub(super) health: Health,
    pub(super) told: Told,
}

/// How a process says that it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Health {
    #[serde(rename = "status")]
    pub(super) state: State,
    /// What is missing, or waited for.
    #[serde(default, alias = "missing", alias = "waitsFor")]
    pub(super) conditions: Vec<Condition>,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Ready,
    Degraded,
    Waiting,
    Draining,
    /// It does not answer.
    Down,
}

/// What is wrong.
#[derive(Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(super) struct Condition {
    /// The service that it is about; all if empty.
    pub(super) service: String,
    pub(super) dependency: String,
    pub(super) why: String,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Degraded => "degraded",
            State::Waiting => "waiting",
            State::Draining => "draining",
            State::Down => "down",
        }
    }

    fn is_ready(self) -> bool {
        matches!(self, State::Ready | State::Degraded)
    }
}

impl Health {
    fn down(why: String) -> Health {
        Health {
            state: State::Down,
            conditions: vec![Condition {
                why,
                ..Condition::default()
            }],
        }
    }

    /// The state of one of the services in the process: what one goes without may not matter to another.
    pub(super) fn of(&self, service: &str) -> State {
        let mut about = self.conditions.iter().map(|it| it.service.as_str());
        match self.state {
            State::Degraded if !about.any(|it| it.is_empty() || it == service) => State::Ready,
            state => state,
        }
    }
}

impl Process {
    pub(super) fn new(url: Url) -> Result<Process> {
        Ok(Process {
            http: http(&url).timeout(PATIENCE).build()?,
            url,
            before: None,
            now: None,
            services: BTreeSet::new(),
        })
    }

    pub(super) fn address(&self) -> &str {
        address(&self.url)
    }

    pub(super) fn is_ready(&self) -> bool {
        let now = self.now.as_ref();
        now.is_some_and(|now| now.health.state.is_ready())
    }

    pub(super) async fn look(&mut self) {
        let (health, metrics) = tokio::join!(self.get("readyz"), self.get("metrics"));
        let health = match health {
            Ok((status, text)) => serde_json::from_str(&text).unwrap_or_else(|_| {
                Health::down(format!("/readyz is answered with {status}: no ops port?"))
            }),
            Err(why) => Health::down(why),
        };
        let metrics = match &metrics {
            Ok((StatusCode::OK, text)) => text.as_str(),
            _ => "",
        };
        let look = Look {
            at: Instant::now(),
            health,
            told: Told::read(metrics),
        };
        self.services.extend(look.told.services.keys().cloned());
        self.before = self.now.replace(look);
    }

    async fn get(&self, path: &str) -> Result<(StatusCode, String), String> {
        let answer = async {
            let reply = self.http.get(within(&self.url, [path])).send().await?;
            Ok::<_, reqwest::Error>((reply.status(), reply.text().await?))
        };
        answer.await.map_err(why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(text: &str) -> Health {
        serde_json::from_str(text).expect("it is what an ops port answers")
    }

    #[test]
    fn what_one_service_goes_without_is_not_said_of_the_others() {
        let degraded = health(
            r#"{"status":"degraded","missing":[{"service":"svc-orders","dependency":"bus","why":"refused"}]}"#,
        );
        assert_eq!(degraded.of("svc-orders"), State::Degraded);
        assert_eq!(degraded.of("svc-users"), State::Ready);
        let waiting = health(
            r#"{"status":"waiting","waitsFor":[{"service":"svc-orders","dependency":"postgres","why":""}]}"#,
        );
        assert_eq!(waiting.of("svc-users"), State::Waiting);
        assert_eq!(waiting.conditions[0].dependency, "postgres");
        assert_eq!(health(r#"{"status":"ready"}"#).of("edge"), State::Ready);
    }
}
