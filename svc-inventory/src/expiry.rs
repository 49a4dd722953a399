//! Gives back what nobody committed in time.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::domain::reservation::State;
use crate::error::Error;
use crate::events;
use crate::service::Inventory;
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
        match expire_due(&inventory).await {
            Ok(0) => {}
            Ok(expired) => tracing::info!(reservations.expired = expired, "gave stock back"),
            Err(error) => tracing::warn!(%error, "could not look for expired reservations"),
        }
    }
}

/// Gives back what is due now. Returns how many reservations that were.
pub(crate) async fn expire_due(inventory: &Inventory) -> Result<usize, Error> {
    let mut expired = 0;
    // Mostly nothing is: that is found out without a transaction that writes.
    let mut tx = inventory.db.read().await?;
    if !reservations::is_any_due(&mut tx, inventory.clock.now()).await? {
        return Ok(expired);
    }
    drop(tx);
    while expire_next(inventory).await? {
        expired += 1;
    }
    Ok(expired)
}

async fn expire_next(inventory: &Inventory) -> Result<bool, Error> {
    let now = inventory.clock.now();
    let mut tx = inventory.db.begin().await?;
    let Some(mut reservation) = reservations::next_due(&mut tx, now).await? else {
        return Ok(false);
    };
    let shift = reservation.enter(State::Expired);
    let transitions = &inventory.transitions;
    reservations::update(&mut tx, &reservation, shift, now, transitions).await?;
    events::commit_change(inventory, tx, &reservation).await?;
    Ok(true)
}
