//! What was found, for people and for programs.

use std::fmt;

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use svc_orders::audit::{Checked, Finding, Head, PublicKey};

use super::told::Told;
use crate::amount::group;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) orders: u64,
    events: u64,
    /// Events that were given a hash after they were written.
    adopted: u64,
    last_adoption: Option<DateTime<Utc>>,
    /// Events whose personal data was erased.
    erased: u64,
    public_keys: Vec<String>,
    /// That the histories were held against.
    known_heads: usize,
    /// The same of those that went out with events.
    told_heads: usize,
    /// Of these, that none of the keys signed.
    strange_heads: usize,
    pub(super) findings: Vec<Finding>,
}

impl Report {
    pub(super) fn new(keys: &[PublicKey], known_heads: usize, told: &Told<'_>) -> Report {
        Report {
            orders: 0,
            events: 0,
            adopted: 0,
            last_adoption: None,
            erased: 0,
            public_keys: keys.iter().map(PublicKey::to_string).collect(),
            known_heads,
            told_heads: told.heads.len(),
            strange_heads: told.strange,
            findings: Vec::new(),
        }
    }

    /// Adds an order, and hands back the head of its history.
    pub(super) fn add(&mut self, checked: Checked) -> Option<Head> {
        self.orders += 1;
        self.events += checked.events;
        self.adopted += checked.adopted;
        self.erased += checked.erased;
        self.last_adoption = self.last_adoption.max(checked.last_adoption);
        self.findings.extend(checked.finding);
        checked.head
    }

    pub(super) fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let (orders, events) = (group(self.orders), group(self.events));
        let verdict = match self.findings.len() as u64 {
            0 => "all as they were signed".to_owned(),
            wrong => format!("{} orders are wrong", group(wrong)),
        };
        writeln!(f, "{orders} orders, {events} events: {verdict}")?;
        if let Some(time) = self.last_adoption {
            let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
            let adopted = group(self.adopted);
            writeln!(
                f,
                "{adopted} events were given their hashes after they were written, the last at {time}"
            )?;
        }
        if self.erased > 0 {
            writeln!(
                f,
                "{} events are erased of what was personal",
                group(self.erased)
            )?;
        }
        if self.told_heads > 0 {
            let told = group(self.told_heads as u64);
            writeln!(f, "Held against {told} heads that went out with events")?;
        }
        if self.strange_heads > 0 {
            let strange = group(self.strange_heads as u64);
            writeln!(
                f,
                "{strange} that went out are signed by none of the keys, and were passed over"
            )?;
        }
        if self.known_heads == 0 {
            writeln!(
                f,
                "Not told without --heads: whether histories were cut back to what they were before \
                 all heads that are known, or orders removed of which none is"
            )?;
        }
        Ok(())
    }
}
