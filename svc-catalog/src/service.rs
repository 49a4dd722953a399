//! What the RPCs work with.

use net::clock::Clock;
use runtime::node::Node;
use store::{Cache, Database, Idempotency, Outbox, Tx};

use crate::cached::Cached;
use crate::domain::product::Product;
use crate::error::Error;
use crate::events;

/// The catalogue.
#[derive(Clone)]
pub(crate) struct Catalog {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) cached: Cached,
    pub(crate) clock: Clock,
}

impl Catalog {
    pub(crate) fn new(db: Database, cache: Cache, node: &Node) -> Self {
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            cached: Cached::new(cache, node),
            clock: node.clock.clone(),
            db,
        }
    }

    /// Tells of a change, in the transaction that makes it.
    pub(crate) async fn tell_of(&self, tx: &mut Tx, product: &Product) -> Result<(), Error> {
        self.outbox.append(tx, events::changed(product)).await?;
        Ok(())
    }

    /// Commits what was done to `product`; who reads it here next sees it.
    pub(crate) async fn commit(&self, tx: Tx, product: &Product) -> Result<(), Error> {
        tx.commit().await?;
        self.cached.forget(&product.sku, product.version).await;
        Ok(())
    }
}
