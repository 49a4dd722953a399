//! Drives on what a crash, or a callee that was away, left behind.

use futures::StreamExt as _;
use runtime::call::{CallContext, Caller};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::error::Error;
use crate::service::Orders;
use crate::store::recovery;
use crate::store::tasks::{self, Task};

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
                tokio::select! {
                    biased;
                    () = self.orders.wake.notified() => {}
                    () = tokio::time::sleep(self.orders.lease / 6) => {}
                }
            }
        }
    }

    async fn round(&self) -> Result<i64, store::Error> {
        let now = self.orders.clock.now();
        let until = now + self.orders.lease;
        let mut tx = self.orders.db.begin().await?;
        let orders = recovery::claim(&mut tx, now, until, BATCH).await?;
        let tasks = tasks::claim(&mut tx, now, until, BATCH).await?;
        tx.commit().await?;
        let found = orders.len().max(tasks.len()) as i64;
        let orders = orders.into_iter().map(|(id, attempts)| Due {
            id,
            attempts,
            task: None,
        });
        let tasks = tasks.into_iter().map(|task| Due {
            id: task.order_id,
            attempts: task.attempts,
            task: Some(task),
        });
        futures::stream::iter(orders.chain(tasks))
            .for_each_concurrent(CONCURRENCY, |due| self.take_up(due))
            .await;
        Ok(found)
    }

    async fn take_up(&self, due: Due) {
        let call =
            CallContext::background("recovery").with_deadline(Instant::now() + self.orders.lease);
        let work = async {
            match &due.task {
                Some(task) => self.orders.capture(task, &self.actor).await.map(|()| false),
                None => {
                    let state = self.orders.resume(due.id, &self.actor).await?;
                    Ok(state.is_in_progress())
                }
            }
        };
        // An order that waits for its buyer is looked at again, as is one that could not go on.
        let is_left = call.scope(work).await.unwrap_or_else(|error: Error| {
            let Due { id, attempts, .. } = due;
            tracing::warn!(order.id = %id, attempts, error = %error, "an order stays in progress");
            true
        });
        if is_left && let Err(error) = self.postpone(&due).await {
            tracing::warn!(order.id = %due.id, error = %error, "its lease will run out by itself");
        }
    }

    /// Waits longer after each attempt, up to ten times the lease.
    async fn postpone(&self, due: &Due) -> Result<(), store::Error> {
        let leases = u32::try_from(due.attempts.clamp(1, 10)).unwrap_or(10);
        let time = self.orders.clock.now() + self.orders.lease * leases;
        let mut tx = self.orders.db.begin().await?;
        match &due.task {
            Some(task) => tasks::postpone(&mut tx, task, time).await?,
            None => recovery::postpone(&mut tx, due.id, time).await?,
        }
        tx.commit().await
    }
}

/// An order in progress, or a task of one that is not.
struct Due {
    id: Uuid,
    attempts: i64,
    task: Option<Task>,
}
