//! When everything that was under way has come to its end.

use std::time::Duration;

use tokio::time::Instant;

use super::stage::Stage;
use crate::invariants::{Rule, Violation};

/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits for it: how long it took, and what does not hold after all patience.
pub(super) async fn wait(stage: &Stage) -> (Duration, Vec<Violation>) {
    let began = Instant::now();
    let mut violations = stage.mesh.databases.settle(0, PATIENCE).await;
    let took = began.elapsed();
    let letters = stage.mesh.dead_letters(&["list"]).await;
    let letters: Vec<_> = letters
        .lines()
        .filter(|line| line.contains("given up"))
        .collect();
    if letters.len() != stage.dead {
        let what = format!("{} are meant, and there are {letters:?}", stage.dead);
        violations.push(Violation::of(Rule::DeadLetters, what));
    }
    (took, violations)
}
