//! What the RPCs work with.

use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use store::measure::Transitions;
use store::{Database, Outbox};

use crate::domain::State;

/// The shipments.
#[derive(Clone)]
pub(crate) struct Shipping {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) transitions: Transitions,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
}

impl Shipping {
    pub(crate) fn new(db: Database, node: &Node) -> Self {
        let states = State::ALL.map(State::as_str);
        let (name, unit) = ("tradewind.shipment.transitions", "{shipment}");
        Self {
            outbox: Outbox::new(&db, node),
            transitions: Transitions::new(node, name, unit, states),
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
        }
    }
}
