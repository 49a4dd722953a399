//! The servers behind, as one thread sees them.

use net::random::Random;
use runtime::client::Channel;

use crate::budget::RetryBudget;

/// Connections of one thread, and what it may try again.
pub(crate) struct Upstreams {
    /// In the order of `Policies::upstreams`.
    pub(crate) all: Vec<Upstream>,
    pub(crate) retries: RetryBudget,
    pub(crate) random: Random,
    /// They have an effect once for one key: whoever sends none gets one, and a call with a key may be
    /// repeated. Nobody knows what the servers of others make of it.
    pub(crate) keep_idempotency_keys: bool,
}

/// A server, or several of one name.
pub(crate) struct Upstream {
    /// What it is called in errors, metrics and logs.
    pub(crate) name: String,
    pub(crate) channel: Channel,
}
