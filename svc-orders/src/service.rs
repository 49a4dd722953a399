//! What the RPCs work with.

use std::sync::Arc;
use std::time::Duration;

use net::clock::Clock;
use net::random::Random;
use runtime::call::Caller;
use runtime::id;
use runtime::node::Node;
use store::measure::Transitions;
use store::{Database, Idempotency, Outbox};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::cache::OrderCache;
use crate::callees::Callees;
use crate::domain::history::Signer;
use crate::domain::{Order, State};
use crate::error::Error;
use crate::store::changes::Journal;
use crate::store::orders;
use crate::terms::Terms;
use crate::watchers::Watchers;

/// The orders.
#[derive(Clone)]
pub(crate) struct Orders {
    pub(crate) db: Database,
    pub(crate) outbox: Outbox,
    pub(crate) idempotency: Idempotency,
    pub(crate) cache: OrderCache,
    pub(crate) callees: Callees,
    pub(crate) watchers: Watchers,
    pub(crate) journal: Journal,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// For how long an order in progress is left to whoever works on it.
    pub(crate) lease: Duration,
    /// Wakes recovery.
    pub(crate) wake: Arc<Notify>,
    pub(crate) terms: Arc<Terms>,
}

impl Orders {
    pub(crate) fn new(
        db: Database,
        cache: OrderCache,
        signer: Signer,
        lease: Duration,
        terms: Terms,
        node: &Node,
    ) -> Self {
        let states = State::ALL.map(State::as_str);
        let transitions = Transitions::new(node, "tradewind.order.transitions", "{order}", states);
        Self {
            outbox: Outbox::new(&db, node),
            idempotency: Idempotency::new(&db, node),
            callees: Callees::new(node),
            watchers: Watchers::default(),
            clock: node.clock.clone(),
            random: node.random.clone(),
            db,
            cache,
            journal: Journal {
                signer,
                transitions,
            },
            lease,
            wake: Arc::default(),
            terms: Arc::new(terms),
        }
    }

    /// The order as it stands now, whosever it is.
    pub(crate) async fn load(&self, id: Uuid) -> Result<Order, Error> {
        let mut tx = self.db.read().await?;
        orders::find(&mut tx, id).await?.ok_or(Error::NotFound(id))
    }

    /// The order as it stands now, if the caller may see it.
    pub(crate) async fn visible(&self, caller: &Caller, id: &str) -> Result<Order, Error> {
        let id = id::parse("orderId", id)?;
        let order = self.load(id).await?;
        if caller.may_see(order.user_id) {
            Ok(order)
        } else {
            Err(Error::NotFound(id))
        }
    }
}
