//! How long statements take, by what they do (semantic conventions for database client metrics).

use net::telemetry::{Durations, Telemetry};
use opentelemetry::KeyValue;
use tokio::time::Instant;

use super::Dialect;

/// Bounds of the histogram, in seconds, as the conventions advise.
const BOUNDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];
/// What statements of ours begin with.
const OPERATIONS: [&str; 6] = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "COMMIT"];
/// Those that begin otherwise.
const OTHER: &str = "_OTHER";

/// The statements of one service.
pub(super) struct Statements {
    durations: Durations<&'static str>,
    labels: [KeyValue; 2],
}

impl Statements {
    pub(super) fn new(service: &'static str, dialect: Dialect, telemetry: &Telemetry) -> Self {
        let (meter, name) = (telemetry.meter(), "db.client.operation.duration");
        let system = dialect.pick("postgresql", "sqlite");
        Self {
            durations: Durations::within(&BOUNDS, &meter, name, "statements"),
            labels: [
                KeyValue::new("service.name", service),
                KeyValue::new("db.system.name", system),
            ],
        }
    }
}

/// Who measures statements, if anybody does.
#[derive(Clone, Copy, Default)]
pub struct Measured<'t>(pub(super) Option<&'t Statements>);

impl<'t> Measured<'t> {
    /// A statement, which runs until this is dropped.
    #[must_use]
    pub fn run(self, sql: &str) -> Running<'t> {
        Running {
            statements: self.0,
            operation: operation(sql),
            since: Instant::now(),
        }
    }
}

/// A statement that runs.
pub struct Running<'t> {
    statements: Option<&'t Statements>,
    operation: &'static str,
    since: Instant,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if let Some(statements) = self.statements {
            let attributes = |operation: &&'static str| {
                let [service, system] = statements.labels.clone();
                vec![
                    service,
                    system,
                    KeyValue::new("db.operation.name", *operation),
                ]
            };
            let took = self.since.elapsed();
            statements
                .durations
                .record(took, self.operation, attributes);
        }
    }
}

fn operation(sql: &str) -> &'static str {
    let word = sql.split_ascii_whitespace().next().unwrap_or_default();
    let known = OPERATIONS.into_iter().find(|known| *known == word);
    known.unwrap_or(OTHER)
}
