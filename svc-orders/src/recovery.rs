//! Drives on what a crash, or a callee that was away, left behind.

use std::time::Duration;

use futures::StreamExt as _;
use net::clock::Clock;
use runtime::call::CallContext;
use store::Database;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::progress::Progress;
use crate::store::recovery;

const BATCH: i64 = 32;
const CONCURRENCY: usize = 4;
const ACTOR: &str = "workload:svc-orders";

/// Takes up orders in progress that nobody finished within their lease. Replicas share the work.
pub(crate) struct Recovery {
    pub(crate) db: Database,
    pub(crate) clock: Clock,
    pub(crate) progress: Progress,
    pub(crate) lease: Duration,
}

impl Recovery {
    /// Recovers until `shutdown`; what it is at then is taken up again like after a crash.
    pub(crate) async fn run(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.recover()).await;
    }

    async fn recover(&self) {
        loop {
            let found = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(error = %error, "recovery cannot read the orders");
                0
            });
            if found < BATCH {
                tokio::time::sleep(self.lease / 6).await;
            }
        }
    }

    async fn round(&self) -> Result<i64, store::Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let due = recovery::claim(&mut tx, now, now + self.lease, BATCH).await?;
        tx.commit().await?;
        let found = due.len() as i64;
        futures::stream::iter(due)
            .for_each_concurrent(CONCURRENCY, |(order, attempts)| {
                self.resume(order, attempts)
            })
            .await;
        Ok(found)
    }

    async fn resume(&self, order: Uuid, attempts: i64) {
        let call = CallContext::background("recovery").with_deadline(Instant::now() + self.lease);
        let Err(error) = call.scope(self.progress.resume(order, ACTOR)).await else {
            return;
        };
        tracing::warn!(order.id = %order, attempts, error = %error, "an order stays in progress");
        if let Err(error) = self.postpone(order, attempts).await {
            tracing::warn!(order.id = %order, error = %error, "its lease will run out by itself");
        }
    }

    /// Waits longer after each attempt, up to ten times the lease.
    async fn postpone(&self, order: Uuid, attempts: i64) -> Result<(), store::Error> {
        let leases = u32::try_from(attempts.clamp(1, 10)).unwrap_or(10);
        let mut tx = self.db.begin().await?;
        recovery::postpone(&mut tx, order, self.clock.now() + self.lease * leases).await?;
        tx.commit().await
    }
}
