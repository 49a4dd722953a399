//! What must hold in the databases of a mesh, whatever happened to it.

mod counts;
mod databases;
mod histories;
mod money;
mod shipments;

use std::{fmt, time::Duration};

use tokio::time::{Instant, sleep};

pub use databases::Databases;

use databases::Dialect;

/// How long what is under way may take to come to its end.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often one looks.
const INTERVAL: Duration = Duration::from_millis(100);

/// What holds, whatever happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// What was answered with success is there, once, and as it was answered.
    Answers,
    /// Nobody succeeds without the right to it.
    Rights,
    /// No unit is promised or sent that was not received.
    Stock,
    /// No reservation is there past its expiry.
    Expiry,
    /// A confirmed, uncancelled order has one shipment, and no other order has any.
    Shipments,
    /// Money is held, taken and given back for a reason, and never more than may be.
    Money,
    /// Postings sum to zero, and payments say what they say.
    Ledger,
    /// No stock, shipment or payment is there without an order.
    Owners,
    /// All that was under way has come to its end, and all events were published.
    Settled,
    /// Dead letters hold what nobody can read, and nothing else.
    DeadLetters,
    /// The histories of orders are those that were signed.
    Histories,
    /// Whoever asked for an event was told of it, and of nothing that nobody published.
    Told,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 12] = [
        Rule::Answers,
        Rule::Rights,
        Rule::Stock,
        Rule::Expiry,
        Rule::Shipments,
        Rule::Money,
        Rule::Ledger,
        Rule::Owners,
        Rule::Settled,
        Rule::DeadLetters,
        Rule::Histories,
        Rule::Told,
    ];

    /// As tables name it.
    pub fn title(self) -> &'static str {
        match self {
            Rule::Answers => "answers",
            Rule::Rights => "rights",
            Rule::Stock => "stock",
            Rule::Expiry => "expiry",
            Rule::Shipments => "shipments",
            Rule::Money => "money",
            Rule::Ledger => "ledger",
            Rule::Owners => "owners",
            Rule::Settled => "settled",
            Rule::DeadLetters => "dead letters",
            Rule::Histories => "histories",
            Rule::Told => "told",
        }
    }
}

/// A rule that does not hold, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The rule.
    pub rule: Rule,
    /// What is wrong.
    pub what: String,
}

impl Violation {
    /// What is wrong with a rule.
    pub fn of(rule: Rule, what: impl Into<String>) -> Violation {
        let what = what.into();
        Violation { rule, what }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.title(), self.what)
    }
}

/// A line each.
pub fn listed(violations: &[Violation]) -> String {
    let lines: Vec<_> = violations.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

impl Databases {
    /// Waits until everything that is under way has come to its end, and all invariants hold.
    /// `dead` is the number of events that are dead letters on purpose.
    ///
    /// # Panics
    /// When they do not hold in time, naming those that do not.
    pub async fn hold(&self, dead: i64) {
        let violations = self.settle(dead, PATIENCE).await;
        let listed = listed(&violations);
        assert!(violations.is_empty(), "these do not hold:\n{listed}");
    }

    /// Waits until everything that is under way has come to its end, and all invariants hold. Gives
    /// what does not after all patience.
    pub async fn settle(&self, dead: i64, patience: Duration) -> Vec<Violation> {
        let deadline = Instant::now() + patience;
        loop {
            let mut violations = self.violations(dead).await;
            if violations.is_empty() {
                violations = self.wrong_histories().await;
            }
            if violations.is_empty() || Instant::now() >= deadline {
                return violations;
            }
            sleep(INTERVAL).await;
        }
    }

    /// Waits until nothing waits in an outbox. Gives what waits after all patience.
    pub async fn drained(&self, patience: Duration) -> Vec<String> {
        let deadline = Instant::now() + patience;
        loop {
            let waiting = self.waiting().await;
            if waiting.is_empty() || Instant::now() >= deadline {
                return waiting;
            }
            sleep(INTERVAL).await;
        }
    }

    /// Events that wait, by their kind. Dead letters wait for nothing.
    async fn waiting(&self) -> Vec<String> {
        let mut waiting = Vec::new();
        for service in self.services() {
            let query =
                "SELECT subject, aggregate_id FROM outbox WHERE due_at IS NOT NULL LIMIT 20";
            for (subject, aggregate) in self.pairs(service, query).await {
                waiting.push(format!("{service}: {subject} of {aggregate}"));
            }
        }
        waiting
    }

    /// What does not hold now, but for the histories.
    pub async fn violations(&self, dead: i64) -> Vec<Violation> {
        let mut violations = Vec::new();
        for waiting in self.waiting().await {
            let what = format!("it waits in an outbox: {waiting}");
            violations.push(Violation::of(Rule::Settled, what));
        }
        // With NATS they are in a stream.
        if self.dialect == Dialect::Sqlite {
            violations.extend(self.dead_letters_but(dead).await);
        }
        for (rule, what, service, query) in counts::COUNTS.iter().chain(money::COUNTS) {
            let found = self.number(service, query).await;
            if found != 0 {
                violations.push(Violation::of(*rule, format!("{what}: {found}")));
            }
        }
        violations.extend(self.orders_without_their_shipment().await);
        violations.extend(self.orders_without_their_money().await);
        violations.extend(self.captures_without_their_shipment().await);
        violations
    }

    async fn dead_letters_but(&self, dead: i64) -> Option<Violation> {
        let mut buried = 0;
        for service in self.services() {
            let query = "SELECT count(*) FROM outbox WHERE dead_at IS NOT NULL";
            buried += self.number(service, query).await;
        }
        let what = format!("{buried} dead letters, not {dead}");
        (buried != dead).then(|| Violation::of(Rule::DeadLetters, what))
    }
}
