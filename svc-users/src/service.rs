//! What the RPCs work with.

use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use store::{Cache, Database, Idempotency, Outbox, Tx};

use crate::domain::User;
use crate::error::Error;
use crate::events::{self, Change};
use crate::store::user;

/// The accounts.
#[derive(Clone)]
pub(crate) struct Users {
    pub(crate) db: Database,
    pub(crate) cache: Cache,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Users {
    pub(crate) fn new(db: Database, cache: Cache, node: &Node) -> Self {
        events::keep_cache_fresh(&cache, node);
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
            cache,
        }
    }

    /// Writes a change and its events.
    pub(crate) async fn save(&self, tx: &mut Tx, user: &User, change: Change) -> Result<(), Error> {
        user::update(tx, user).await?;
        events::publish(&self.outbox, tx, user, change).await
    }

    /// Commits what was done to `user`; who reads it here next sees it.
    pub(crate) async fn commit(&self, tx: Tx, user: &User) -> Result<(), Error> {
        tx.commit().await?;
        let key = events::cache_key(&user.id.to_string());
        self.cache.invalidate(&key, user.version).await;
        Ok(())
    }
}
