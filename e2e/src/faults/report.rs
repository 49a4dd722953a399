//! What faults did, as a table.

use std::{collections::BTreeMap, fmt, time::Duration};

use crate::invariants::{Rule, Violation};

/// What a fault did.
pub struct Row {
    /// The fault.
    pub name: &'static str,
    /// What the run can be repeated by.
    pub seed: u64,
    /// Requests that were sent.
    pub requests: u64,
    /// Orders that were taken.
    pub orders: usize,
    /// Requests that failed, by how.
    pub failures: BTreeMap<String, u64>,
    /// From an order's confirmation to the row of its shipment, the median.
    pub shipped_after: Option<Duration>,
    /// From the healing until each edge takes orders again.
    pub served_after: Duration,
    /// From the end of the load until all that was under way has come to its end.
    pub settled_after: Duration,
    /// What does not hold.
    pub violations: Vec<Violation>,
}

/// Everything that was tried.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
    given_up: Vec<GivenUp>,
}

/// A fault that could not be tried to its end.
struct GivenUp {
    name: &'static str,
    seed: u64,
    why: String,
}

impl Report {
    /// Adds what a fault did.
    pub fn add(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds that a fault could not be tried to its end.
    pub fn give_up(&mut self, name: &'static str, seed: u64, why: String) {
        self.given_up.push(GivenUp { name, seed, why });
    }

    /// Whether everything was tried, and holds.
    pub fn is_right(&self) -> bool {
        self.given_up.is_empty() && self.rows.iter().all(|row| row.violations.is_empty())
    }
}

impl Row {
    fn failed(&self) -> u64 {
        self.failures.values().sum()
    }

    /// The failures by how, the most frequent first.
    fn kinds(&self) -> String {
        let mut kinds: Vec<_> = self.failures.iter().collect();
        kinds.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let kinds = kinds.iter().map(|(how, count)| format!("{count} x {how}"));
        kinds.collect::<Vec<_>>().join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "| fault | seed | requests | orders | failed | shipped after | served after | settled after |"
        )?;
        for rule in Rule::ALL {
            write!(f, " {} |", rule.title())?;
        }
        write!(
            f,
            "\n|---|---|---|---|---|---|---|---|{}\n",
            "---|".repeat(Rule::ALL.len())
        )?;
        for row in &self.rows {
            write!(
                f,
                "| {} | {} | {} | {} | {} | {} ms | {:.1} s | {:.1} s |",
                row.name,
                row.seed,
                row.requests,
                row.orders,
                row.failed(),
                row.shipped_after.unwrap_or_default().as_millis(),
                row.served_after.as_secs_f64(),
                row.settled_after.as_secs_f64()
            )?;
            for rule in Rule::ALL {
                let broken = row.violations.iter().filter(|it| it.rule == rule).count();
                match broken {
                    0 => write!(f, " holds |")?,
                    count => write!(f, " **{count}** |")?,
                }
            }
            writeln!(f)?;
        }
        for row in &self.rows {
            if !row.failures.is_empty() {
                writeln!(f, "\n{}: {}", row.name, row.kinds())?;
            }
            for violation in &row.violations {
                writeln!(f, "{}, seed {}: {violation}", row.name, row.seed)?;
            }
        }
        for GivenUp { name, seed, why } in &self.given_up {
            writeln!(f, "{name}, seed {seed}, was not tried to its end: {why}")?;
        }
        Ok(())
    }
}
