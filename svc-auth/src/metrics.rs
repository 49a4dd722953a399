//! What is counted of credentials and sessions.

use std::time::Duration;

use chrono::{DateTime, Utc};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Counter;
use runtime::node::Node;
use store::Tx;
use store::measure::{Backlog, Measure};

use crate::store::audit::{Action, Entry};
use crate::store::session;

/// Of what a bucket holds attempts, and what is told where it is full: what was tried, and by whose limit
/// it was refused.
const LIMITS: [(&str, &str, &str); 14] = [
    ("known", "login", "account"),
    ("stranger", "login", "account"),
    ("account", "login", "account_total"),
    ("login", "login", "address"),
    ("register", "register", "address"),
    ("change", "change_password", "account"),
    ("reset", "reset_password", "address"),
    ("request_reset", "request_password_reset", "address"),
    ("verify", "verify_email", "address"),
    ("mail", "account_mail", "account"),
    ("code_known", "second_factor", "account"),
    ("code_stranger", "second_factor", "account_total"),
    ("code", "second_factor", "address"),
    ("external", "login_external", "address"),
];

#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    actions: Counter<u64>,
    reuses: Counter<u64>,
    throttled: Counter<u64>,
}

impl Metrics {
    pub(crate) fn new(node: &Node) -> Self {
        let meter = node.telemetry.meter();
        let reuses = meter
            .u64_counter("tradewind.refresh_token.reuses")
            .with_unit("{call}")
            .with_description("Refresh tokens that were used although they had a successor")
            .build();
        reuses.add(0, &[]);
        let throttled = meter
            .u64_counter("tradewind.auth.throttled")
            .with_unit("{call}")
            .with_description("Calls that were refused as there were too many")
            .build();
        for limit in LIMITS {
            throttled.add(0, &refused_by(limit));
        }
        let actions = meter
            .u64_counter("tradewind.auth.actions")
            .with_unit("{action}")
            .with_description("What was done with credentials and sessions");
        Self {
            actions: actions.build(),
            reuses,
            throttled,
        }
    }

    /// Something is written down that was done.
    pub(crate) fn done(&self, tx: &mut Tx, entry: &Entry) {
        let labels = [
            KeyValue::new("action", entry.action.name()),
            KeyValue::new("outcome", entry.outcome.name()),
        ];
        tx.count_on_commit(&self.actions, labels);
        if entry.action == Action::RefreshReuse {
            tx.count_on_commit(&self.reuses, []);
        }
    }

    /// A bucket of this was full.
    pub(crate) fn throttled(&self, what: &'static str) {
        if let Some(limit) = LIMITS.into_iter().find(|(of, ..)| *of == what) {
            self.throttled.add(1, &refused_by(limit));
        }
    }
}

fn refused_by((_, action, limit): (&str, &'static str, &'static str)) -> [KeyValue; 2] {
    [
        KeyValue::new("action", action),
        KeyValue::new("limit", limit),
    ]
}

/// What is looked at now and then.
pub(crate) struct Sessions {
    open: Backlog,
    /// How long one lives at most.
    lifetime: Duration,
}

impl Sessions {
    pub(crate) fn new(node: &Node, lifetime: Duration) -> Self {
        let (name, unit) = ("tradewind.sessions.open", "{session}");
        let about = "Sessions that have not ended";
        Self {
            open: Backlog::new(node, name, unit, about),
            lifetime,
        }
    }
}

impl Measure for Sessions {
    async fn measure(&self, tx: &mut Tx, now: DateTime<Utc>) -> Result<(), store::Error> {
        let open = session::count_open(tx, (now, now - self.lifetime)).await?;
        self.open.record((open, None), now, &[]);
        Ok(())
    }
}
