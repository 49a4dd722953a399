//! What clients asked and were answered: written down before and after, so that nothing is forgotten
//! with whoever asked.

use std::{
    collections::BTreeMap,
    fs::File,
    io::Write as _,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    Reply,
    invariants::{Rule, Violation},
};

/// The history of a run, also as a file of one JSON object a line.
pub struct History {
    file: Mutex<File>,
    began: Instant,
    known: Mutex<Known>,
}

/// What is known so far.
#[derive(Default)]
pub(super) struct Known {
    /// How many requests were sent.
    pub(super) requests: u64,
    /// How many of them got no answer, or one that is a failure of ours, by what it was.
    pub(super) failures: BTreeMap<String, u64>,
    /// Orders by the key of their idempotency.
    pub(super) orders: BTreeMap<String, Placed>,
    /// Orders that clients know of, with the number of their customer.
    pub(super) found: Vec<(usize, String)>,
    /// Orders that were answered to be cancelled.
    pub(super) cancelled: Vec<String>,
    /// Orders whose shipment was answered to be on its way.
    pub(super) dispatched: Vec<String>,
    /// What was asked to be given back of a payment, in pence, and what of it was answered.
    pub(super) refunds: BTreeMap<String, (i64, i64)>,
    /// What was wrong with an answer as it came.
    pub(super) wrong: Vec<Violation>,
}

/// An order that somebody wants.
pub(super) struct Placed {
    /// The number of the customer.
    pub(super) customer: usize,
    /// SKUs and quantities.
    pub(super) items: Value,
    /// What became of it.
    pub(super) outcome: Outcome,
}

/// What a client knows of its order.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// It has not heard of it yet.
    Unknown,
    /// It was refused for good.
    Refused,
    /// It was taken.
    Taken {
        /// Its id.
        id: String,
        /// What it costs, as it was answered.
        total: Value,
        /// Whether it was confirmed already.
        is_confirmed: bool,
    },
}

/// What a client sends.
pub(super) struct Asked<'a> {
    /// Who.
    pub(super) client: usize,
    /// Its method and path.
    pub(super) what: &'a str,
    /// The key of its idempotency; empty for none.
    pub(super) key: &'a str,
    /// Its body; null for none.
    pub(super) body: &'a Value,
}

impl History {
    /// An empty one, which is written into this file.
    ///
    /// # Panics
    /// When the file cannot be written.
    pub fn new(file: &Path) -> History {
        let made = File::create(file);
        History {
            file: Mutex::new(made.unwrap_or_else(|error| panic!("{}: {error}", file.display()))),
            began: Instant::now(),
            known: Mutex::default(),
        }
    }

    pub(super) fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes down a request that is about to be sent; its number.
    pub(super) fn asked(&self, asked: &Asked<'_>) -> u64 {
        let number = {
            let mut known = self.known();
            known.requests += 1;
            known.requests
        };
        let Asked {
            client,
            what,
            key,
            body,
        } = asked;
        self.write(
            &json!({"request": number, "client": client, "what": what, "key": key, "body": body}),
        );
        number
    }

    /// Writes down the answer to a request, or why there is none.
    pub(super) fn answered(&self, number: u64, answer: Result<&Reply, String>) {
        match answer {
            Ok(reply) => {
                let status = reply.status.as_u16();
                self.write(&json!({"answer": number, "status": status, "body": reply.json}));
                if is_failure(reply) {
                    self.failed(&format!("{status} {}", reply.reason()));
                }
            }
            Err(why) => {
                self.write(&json!({"answer": number, "error": why}));
                self.failed("no answer");
            }
        }
    }

    fn failed(&self, how: &str) {
        *self.known().failures.entry(how.to_owned()).or_default() += 1;
    }

    /// Writes down what happens beside the requests.
    pub fn note(&self, what: &str) {
        self.write(&json!({"note": what}));
    }

    /// Somebody begins to order.
    pub(super) fn wanted(&self, key: &str, customer: usize, items: &Value) {
        let placed = Placed {
            customer,
            items: items.clone(),
            outcome: Outcome::Unknown,
        };
        self.known().orders.insert(key.to_owned(), placed);
    }

    /// It is known what became of an order.
    pub(super) fn decided(&self, key: &str, outcome: Outcome) {
        let mut known = self.known();
        let Some(placed) = known.orders.get_mut(key) else {
            return;
        };
        placed.outcome = outcome.clone();
        let customer = placed.customer;
        if let Outcome::Taken { id, .. } = outcome {
            known.found.push((customer, id));
        }
    }

    /// An answer was wrong in itself.
    pub(super) fn is_wrong(&self, rule: Rule, what: String) {
        self.note(&what);
        self.known().wrong.push(Violation::of(rule, what));
    }

    /// How many requests there were.
    pub fn requests(&self) -> u64 {
        self.known().requests
    }

    /// How many orders were answered with success.
    pub fn taken(&self) -> usize {
        self.known().found.len()
    }

    /// The ids of these orders, without dashes.
    pub(super) fn found(&self) -> Vec<String> {
        let known = self.known();
        let ids = known.found.iter().map(|(_, id)| id.replace('-', ""));
        ids.collect()
    }

    /// How many requests failed, by how.
    pub fn failures(&self) -> BTreeMap<String, u64> {
        self.known().failures.clone()
    }

    fn write(&self, line: &Value) {
        let mut line = line.clone();
        line["ms"] = json!(self.began.elapsed().as_millis() as u64);
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(file, "{line}").expect("the history can be written");
    }
}

/// Whether a reply is no answer to what was asked: it may be asked again.
pub(super) fn is_failure(reply: &Reply) -> bool {
    matches!(reply.status.as_u16(), 408 | 409 | 425 | 429 | 499..)
}
