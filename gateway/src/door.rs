//! What one thread answers requests with: everything shared, and connections of its own. Who stands at
//! the door hands each room what that room needs.

use std::sync::Arc;

use net::clock::Clock;
use net::random::Random;
use net::tls;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access_log::Writer;
use crate::budget::Budgets;
use crate::config::Settings;
use crate::counters::Counters;
use crate::exchange::HttpMetrics;
use crate::last_good::LastGood;
use crate::routing::Routing;
use crate::upstreams::Upstreams;

/// One thread's door.
pub(crate) struct Door {
    pub(crate) settings: Arc<Settings>,
    pub(crate) routing: Arc<Routing>,
    pub(crate) kept: Kept,
    pub(crate) upstreams: Arc<Upstreams>,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    /// Cancelled when the gateway is about to stop: streams end.
    pub(crate) drain: CancellationToken,
}

/// What goes on when a gateway is followed by another.
#[derive(Clone)]
pub(crate) struct Kept {
    pub(crate) counters: Arc<Counters>,
    pub(crate) metrics: Arc<HttpMetrics>,
    pub(crate) budgets: Arc<Budgets>,
    pub(crate) last_good: Arc<LastGood>,
    /// Who writes the access log, if there ever was one.
    pub(crate) access_log: Option<Arc<Writer>>,
    /// What connections are accepted in, if they are not plain.
    pub(crate) tls: Option<tls::Server>,
}

impl Door {
    /// Whether clients come over TLS, to here or to what stands in front.
    pub(crate) fn is_over_tls(&self) -> bool {
        self.kept.tls.is_some() || self.settings.web.behind_tls
    }

    /// An id that nothing else has.
    pub(crate) fn fresh_id(&self) -> Uuid {
        self.random.uuid7(&self.clock)
    }
}
