//! What an operator does with `tradewind`.

use tokio::process::Command;

use super::{ADMIN_EMAIL, ADMIN_PASSWORD, Mesh, real};
use crate::process::binary;

impl Mesh {
    /// What `tradewind dead-letters` prints with these words.
    ///
    /// # Panics
    /// When it fails.
    pub async fn dead_letters(&self, words: &[&str]) -> String {
        let mut command = Command::new(binary("tradewind"));
        command.arg("dead-letters").args(words);
        match &self.nats {
            Some(nats) => command.args(["--nats-url", &nats.url]),
            None => command.args(self.databases.flags()),
        };
        succeed(command).await
    }

    /// Makes the streams anew that NATS has lost, on so many of its servers, and has everything
    /// published again.
    ///
    /// # Panics
    /// When that fails.
    pub async fn publish_again(&self, replicas: usize) {
        if let Some(nats) = &self.nats {
            real::make_streams(nats, replicas);
        }
        let mut command = Command::new(binary("tradewind"));
        command.arg("publish-again").args(self.databases.flags());
        succeed(command).await;
    }

    /// Has what no order may hold given back (`tradewind reconcile --mend`), whatever else is found.
    ///
    /// # Panics
    /// When the command cannot be started.
    pub async fn mend(&self) {
        let mut command = Command::new(binary("tradewind"));
        command.args(["reconcile", "--mend", "--grace", "0s"]);
        command.args(["--edge", &self.edges[0], "--email", ADMIN_EMAIL]);
        command.args(["--password", ADMIN_PASSWORD]);
        let output = command.output().await;
        output.expect("tradewind can be started");
    }
}

/// What a command prints that has to succeed.
async fn succeed(mut command: Command) -> String {
    let output = command.output().await.expect("tradewind can be started");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
