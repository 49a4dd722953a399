//! What the RPCs work with.

use chrono::TimeDelta;
use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use store::{Cache, Database, Idempotency, Outbox, Tx};

use crate::cached::Cached;
use crate::domain::reservation::Reservation;
use crate::error::Error;
use crate::events;

/// The stock and its reservations.
#[derive(Clone)]
pub(crate) struct Inventory {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) cached: Cached,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// For how long units are held back for an order that is not confirmed.
    pub(crate) hold_for: TimeDelta,
}

impl Inventory {
    pub(crate) fn new(db: Database, cache: Cache, hold_for: TimeDelta, node: &Node) -> Self {
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            cached: Cached::new(cache, node),
            clock: node.clock.clone(),
            random: node.random.clone(),
            hold_for,
            db,
        }
    }

    /// Tells of the change of a reservation and commits it; who reads its stock here next sees it.
    pub(crate) async fn commit_change(
        &self,
        mut tx: Tx,
        reservation: &Reservation,
    ) -> Result<(), Error> {
        let changed = events::reservation_changed(reservation);
        self.outbox.append(&mut tx, changed).await?;
        tx.commit().await?;
        self.cached.forget(reservation.lines.skus());
        Ok(())
    }
}
