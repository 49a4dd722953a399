//! Gives back what nobody committed in time.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::Inventory;
use crate::domain::reservation::State;
use crate::error::Error;
use crate::store::reservations;

/// Looks for reservations whose time is over, for ever; each replica does.
pub(crate) async fn sweep(inventory: Inventory, every: Duration, shutdown: CancellationToken) {
    let mut interval = tokio::time::interval(every);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while shutdown
        .run_until_cancelled(interval.tick())
        .await
        .is_some()
    {
        match inventory.expire_due().await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(reservations.expired = expired, "gave stock back"),
            Err(error) => tracing::warn!(%error, "could not look for expired reservations"),
        }
    }
}

impl Inventory {
    /// Gives back what is due now. Returns how many reservations that were.
    pub(crate) async fn expire_due(&self) -> Result<usize, Error> {
        let mut expired = 0;
        // Mostly nothing is: that is found out without a transaction that writes.
        if !reservations::is_any_due(&mut self.db.read().await?, self.clock.now()).await? {
            return Ok(expired);
        }
        while self.expire_next().await? {
            expired += 1;
        }
        Ok(expired)
    }

    async fn expire_next(&self) -> Result<bool, Error> {
        let now = self.clock.now();
        let mut tx = self.db.begin().await?;
        let Some(mut reservation) = reservations::next_due(&mut tx, now).await? else {
            return Ok(false);
        };
        let shift = reservation.enter(State::Expired);
        reservations::update(&mut tx, &reservation, shift, now).await?;
        self.commit_change(tx, &reservation).await?;
        Ok(true)
    }
}
