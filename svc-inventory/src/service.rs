//! What the RPCs work with.

use chrono::TimeDelta;
use net::clock::Clock;
use net::random::Random;
use runtime::node::Node;
use store::measure::Transitions;
use store::{Cache, Database, Idempotency, Outbox};

use crate::cached::Cached;
use crate::domain::reservation::State;

/// The stock and its reservations.
#[derive(Clone)]
pub(crate) struct Inventory {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) cached: Cached,
    /// Of reservations.
    pub(crate) transitions: Transitions,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// For how long units are held back for an order that is not confirmed.
    pub(crate) hold_for: TimeDelta,
}

impl Inventory {
    pub(crate) fn new(db: Database, cache: Cache, hold_for: TimeDelta, node: &Node) -> Self {
        let states = State::ALL.map(State::as_str);
        let (name, unit) = ("tradewind.reservation.transitions", "{reservation}");
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            cached: Cached::new(cache, node),
            transitions: Transitions::new(node, name, unit, states),
            clock: node.clock.clone(),
            random: node.random.clone(),
            hold_for,
            db,
        }
    }
}
