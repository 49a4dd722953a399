//! What was told when, as a table.

use std::{fmt, time::Duration};

use super::rules::FACTOR;

#[derive(Default)]
pub(super) struct Table {
    pub(super) rows: Vec<Row>,
}

pub(super) struct Row {
    pub(super) cause: &'static str,
    pub(super) alert: String,
    /// Its `for`, shortened.
    pub(super) patience: Duration,
    /// From the cause until Prometheus saw it.
    pub(super) seen_after: Duration,
    /// From the end of its `for` until it came by mail, by webhook and by Slack.
    pub(super) arrived_after: [Duration; 3],
    /// From the healing until all three were told that it is over.
    pub(super) ended_after: [Duration; 3],
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "`for` and windows are divided by {FACTOR}.\n")?;
        writeln!(
            f,
            "| what breaks | alert | seen after | `for` | mail | webhook | Slack | over after |\n|---|---|---|---|---|---|---|---|"
        )?;
        for row in &self.rows {
            let [mail, webhook, slack] = row.arrived_after.map(|it| it.as_secs_f64());
            let over = row.ended_after.into_iter().max().unwrap_or_default();
            writeln!(
                f,
                "| {} | `{}` | {} s | {} s | {mail:.1} s | {webhook:.1} s | {slack:.1} s | {} s |",
                row.cause,
                row.alert,
                row.seen_after.as_secs(),
                row.patience.as_secs(),
                over.as_secs(),
            )?;
        }
        Ok(())
    }
}
