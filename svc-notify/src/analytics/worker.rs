//! Sends lines, a batch after the other: one is on its way at a time, whatever replicas there are, and none
//! overtakes another.
//!
//! Who sends takes a turn, which is leased; the lines stay until they are taken. A crash in between leaves them
//! to the end of the lease, and then they are sent once more, with the same ids.

use std::time::Duration;

use chrono::TimeDelta;
use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use store::{Database, Error};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::AnalyticsConfig;
use super::client::{Answer, Client};
use super::metrics::Metrics;
use crate::domain::{Outcome, sink_pause};
use crate::store::analytics::{self, Turn};

/// How often the database is asked whether a batch is to be sent.
const ROUND: Duration = Duration::from_millis(500);
/// How much longer a lease is than an attempt takes.
const MARGIN: Duration = Duration::from_secs(20);

/// The worker of a process.
pub(super) struct Worker {
    client: Client,
    db: Database,
    clock: Clock,
    random: Random,
    metrics: Metrics,
    most: i64,
    wait: TimeDelta,
}

/// Lines on their way: all that is held in memory.
struct Batch {
    turn: Turn,
    positions: Vec<i64>,
    lines: String,
}

impl Worker {
    pub(super) fn new(
        client: Client,
        config: &AnalyticsConfig,
        db: &Database,
        node: &Node,
    ) -> Self {
        Self {
            client,
            db: db.clone(),
            clock: node.clock.clone(),
            random: node.random.clone(),
            metrics: Metrics::new(node),
            most: i64::from(config.analytics_batch_size),
            wait: TimeDelta::from_std(config.analytics_wait).unwrap_or(TimeDelta::MAX),
        }
    }

    /// Sends until `shutdown`; what is on its way then comes to its end.
    pub(super) async fn run(self, shutdown: CancellationToken) {
        while !shutdown.is_cancelled() {
            let is_taken = self.send_next().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "what waits for analytics cannot be read or written");
                false
            });
            if !is_taken {
                let pause = tokio::time::sleep(ROUND);
                shutdown.run_until_cancelled(pause).await;
            }
        }
    }

    /// Sends a batch, if one is to be sent. Returns whether it was taken.
    async fn send_next(&self) -> Result<bool, Error> {
        let Some(batch) = self.claim().await? else {
            return Ok(false);
        };
        let Batch {
            turn,
            positions,
            lines,
        } = batch;
        let began = Instant::now();
        let answer = self.client.send(lines).await;
        self.metrics.sent(began.elapsed(), answer.outcome);
        self.settle(&turn, &positions, &answer).await
    }

    /// Takes the next batch up once it is full, or its first line has waited long enough.
    async fn claim(&self) -> Result<Option<Batch>, Error> {
        let now = self.clock.now();
        let mut tx = self.db.read().await?;
        let (count, oldest) = analytics::next(&mut tx, now, self.most).await?;
        drop(tx);
        let has_waited = oldest.is_some_and(|oldest| now - oldest >= self.wait);
        if count < self.most && !has_waited {
            return Ok(None);
        }
        let until = now + self.client.patience + MARGIN;
        let mut tx = self.db.begin().await?;
        let Some(turn) = analytics::take_turn(&mut tx, now, until).await? else {
            return Ok(None);
        };
        let found = analytics::first(&mut tx, self.most).await?;
        if found.is_empty() {
            return Ok(None);
        }
        tx.commit().await?;
        let (mut positions, mut lines) = (Vec::with_capacity(found.len()), String::new());
        for (position, line) in found {
            positions.push(position);
            lines.push_str(&line);
            lines.push('\n');
        }
        Ok(Some(Batch {
            turn,
            positions,
            lines,
        }))
    }

    /// Writes what came of it, unless somebody else has had a turn since. Returns whether the lines were taken.
    async fn settle(&self, turn: &Turn, positions: &[i64], answer: &Answer) -> Result<bool, Error> {
        let now = self.clock.now();
        let is_taken = answer.outcome == Outcome::Succeeded;
        let due_at = match is_taken {
            true => now,
            false => {
                let chance = self.random.below(1000);
                let pause = sink_pause(turn.failures, chance, answer.retry_after);
                let (outcome, detail) = (answer.outcome.as_str(), &answer.detail);
                tracing::warn!(outcome, detail, ?pause, "analytics were not taken");
                now + pause
            }
        };
        let mut tx = self.db.begin().await?;
        if !analytics::end_turn(&mut tx, turn, is_taken, due_at).await? {
            return Ok(false);
        }
        if is_taken {
            analytics::remove(&mut tx, positions).await?;
        }
        tx.commit().await?;
        Ok(is_taken)
    }
}
