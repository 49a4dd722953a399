//! The servers behind, as one thread sees them.

use net::client::Channel;
use net::random::Random;

use crate::budget::RetryBudget;

/// Connections of one thread.
pub(crate) struct Upstreams {
    /// In the order of `Policies::upstreams`.
    pub(crate) all: Vec<Upstream>,
    pub(crate) random: Random,
    pub(crate) trust: Trust,
}

/// What the servers behind are relied on for, and trusted with. Nobody knows what the servers of
/// others make of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Trust {
    /// They have an effect once for one idempotency key: whoever sends none gets one, and a call with a
    /// key may be repeated. The OpenAPI document says so by `Info::keeps_idempotency_keys`.
    pub keep_idempotency_keys: bool,
    /// They get the client's `authorization` as it came.
    pub get_authorization: bool,
    /// Traces are theirs and the gateway's together: also one that nobody records goes along, so that
    /// they do not record it either. To others it would say "not sampled", and switch off their own
    /// tracing.
    pub share_traces: bool,
}

/// A server, or several of one name.
pub(crate) struct Upstream {
    /// What it is called in errors, metrics and logs.
    pub(crate) name: String,
    pub(crate) channel: Channel,
    /// What may be tried again there.
    pub(crate) retries: RetryBudget,
}
