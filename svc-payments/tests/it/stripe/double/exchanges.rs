//! What was asked and answered, kept for `scripts/stripe-shapes`.

use std::fs::OpenOptions;
use std::io::Write as _;

use serde_json::{Value, json};

use super::objects::Told;
use super::{Answer, Asked, WEBHOOK_SECRET};

/// The file that they are added to, if any is named.
const FILE: &str = "STRIPE_EXCHANGES";

#[derive(Default)]
pub(super) struct Exchanges {
    asked: Vec<Asked>,
    lines: Vec<Value>,
}

impl Exchanges {
    pub(super) fn add(&mut self, asked: &Asked, answer: &Answer) {
        self.asked.push(asked.clone());
        let version = asked.header("stripe-version");
        self.lines.push(json!({
            "method": asked.method.as_str(),
            "path": asked.path,
            "query": asked.query,
            "version": version,
            "body": asked.body,
            "status": answer.status.as_u16(),
            "reply": answer.body,
        }));
    }

    pub(super) fn told(&mut self, events: &[Told]) {
        self.lines.extend(events.iter().map(|told| {
            json!({"event": told.body, "signature": told.signature, "secret": WEBHOOK_SECRET})
        }));
    }

    pub(super) fn asked(&self) -> impl Iterator<Item = &Asked> {
        self.asked.iter()
    }

    pub(super) fn forget(&mut self) {
        self.asked.clear();
    }

    /// Adds them to the file, at once, as tests beside this one do the same.
    pub(super) fn keep(&self) {
        let Some(file) = std::env::var_os(FILE) else {
            return;
        };
        let lines: String = self.lines.iter().map(|line| format!("{line}\n")).collect();
        let file = OpenOptions::new().create(true).append(true).open(file);
        file.and_then(|mut file| file.write_all(lines.as_bytes()))
            .expect("the exchanges are kept");
    }
}
