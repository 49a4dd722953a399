//! That no order's history shows traces of what no service signed.

use tokio::process::Command;

use super::{Databases, Rule, Violation};
use crate::{mesh::AUDIT_KEY, process::binary};

impl Databases {
    /// What `tradewind verify` finds wrong.
    pub(super) async fn wrong_histories(&self) -> Vec<Violation> {
        let mut command = Command::new(binary("tradewind"));
        command.arg("verify").env("AUDIT_SIGNING_KEY", AUDIT_KEY);
        command.args(self.flags());
        let output = command.output().await.expect("tradewind can be started");
        if output.status.success() {
            return Vec::new();
        }
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        let wrong = told.lines();
        wrong
            .map(|line| Violation::of(Rule::Histories, line))
            .collect()
    }
}
