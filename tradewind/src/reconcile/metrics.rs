//! What was found, for whoever is called by Prometheus.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};

/// What came of a comparison that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    /// When it did.
    pub(super) time: DateTime<Utc>,
    /// How much of what does not fit `--mend` may mend.
    pub(super) mendable: usize,
    /// How much of it is left to people.
    pub(super) others: usize,
}

/// Puts it in the place of what was found before, as a collector of text files takes it: the file is whole
/// at any moment, and one whose name does not end in `.prom` is passed over.
pub(super) fn write(path: &Path, outcome: Outcome) -> Result<()> {
    let mut name = OsString::from(path);
    name.push(".new");
    let next = Path::new(&name);
    let written = fs::write(next, text(outcome)).and_then(|()| fs::rename(next, path));
    written.with_context(|| format!("--metrics-file {}", path.display()))
}

/// The text format of Prometheus.
fn text(outcome: Outcome) -> String {
    let Outcome {
        time,
        mendable,
        others,
    } = outcome;
    let time = time.timestamp();
    format!(
        "# HELP tradewind_reconciliation_last_run_seconds When orders, stock and money were last compared to the end, in Unix time\n\
         # TYPE tradewind_reconciliation_last_run_seconds gauge\n\
         tradewind_reconciliation_last_run_seconds {time}\n\
         # HELP tradewind_reconciliation_findings What did not fit then\n\
         # TYPE tradewind_reconciliation_findings gauge\n\
         tradewind_reconciliation_findings{{mendable=\"true\"}} {mendable}\n\
         tradewind_reconciliation_findings{{mendable=\"false\"}} {others}\n"
    )
}
