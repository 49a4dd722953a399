//! Drives on what a crash, or a callee that was away, left behind.

use futures::StreamExt as _;
use runtime::call::{CallContext, Caller};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::service::Orders;
use crate::store::recovery;

const BATCH: i64 = 32;
const CONCURRENCY: usize = 4;

/// Takes up orders in progress that nobody finished within their lease, in the name of this service,
/// until `shutdown`; what it is at then is taken up again like after a crash. Replicas share the work.
pub(crate) async fn run(orders: Orders, name: &'static str, shutdown: CancellationToken) {
    let actor = Caller::of_workload(name).actor();
    let recovery = Recovery { orders, actor };
    shutdown.run_until_cancelled(recovery.recover()).await;
}

struct Recovery {
    orders: Orders,
    actor: String,
}

impl Recovery {
    async fn recover(&self) {
        loop {
            let found = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(error = %error, "recovery cannot read the orders");
                0
            });
            if found < BATCH {
                tokio::time::sleep(self.orders.lease / 6).await;
            }
        }
    }

    async fn round(&self) -> Result<i64, store::Error> {
        let now = self.orders.clock.now();
        let mut tx = self.orders.db.begin().await?;
        let due = recovery::claim(&mut tx, now, now + self.orders.lease, BATCH).await?;
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
        let call =
            CallContext::background("recovery").with_deadline(Instant::now() + self.orders.lease);
        let Err(error) = call.scope(self.orders.resume(order, &self.actor)).await else {
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
        let mut tx = self.orders.db.begin().await?;
        recovery::postpone(
            &mut tx,
            order,
            self.orders.clock.now() + self.orders.lease * leases,
        )
        .await?;
        tx.commit().await
    }
}
