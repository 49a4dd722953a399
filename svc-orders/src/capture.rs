//! Taking the money of orders that are sent.

use crate::callees::CalleeError;
use crate::domain::Funds;
use crate::error::Error;
use crate::events;
use crate::service::Orders;
use crate::store::changes::{self, Change};
use crate::store::tasks::{self, Task};

impl Orders {
    /// Has the money for a shipment taken. What comes of it is told by svc-payments' events; it refuses
    /// only if it has no such payment, and then there is nothing to be taken.
    pub(crate) async fn capture(&self, task: &Task, actor: &str) -> Result<(), Error> {
        let order = self.load(task.order_id).await?;
        let refusal = match self.callees.capture(&order, task.request_id).await {
            Ok(()) => None,
            Err(CalleeError::Refused(refusal)) => Some(refusal),
            Err(undecided) => return Err(undecided.into()),
        };
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        tasks::finish(&mut tx, task).await?;
        if let Some(refusal) = refusal
            && let Some(locked) = changes::lock(&mut tx, order.id).await?
        {
            let change = Change {
                actor,
                reason: refusal.message(),
                funds: locked.funds.map(|funds| Funds {
                    capture_failed: true,
                    ..funds
                }),
                recovery_time: locked.state.is_in_progress().then_some(now),
                ..Change::of(locked.state, locked.state, now)
            };
            events::advance(self, &mut tx, order.id, &change).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}
