//! What the RPCs work with.

use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use store::{Database, Outbox};

/// The shipments.
#[derive(Clone)]
pub(crate) struct Shipping {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Shipping {
    pub(crate) fn new(db: Database, node: &Node) -> Self {
        Self {
            outbox: Outbox::new(&db, node),
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
        }
    }
}
