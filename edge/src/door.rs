//! What one thread has of the edge: everything shared, and connections of its own.

use std::sync::Arc;

use runtime::client::Channel;
use tokio_util::sync::CancellationToken;

use crate::budget::RetryBudget;
use crate::{Edge, Upstreams};

/// One thread's door.
pub(crate) struct Door {
    pub(crate) edge: Arc<Edge>,
    /// In the order of `Policies::upstreams`.
    pub(crate) channels: Vec<Channel>,
    pub(crate) retries: RetryBudget,
    /// Cancelled when the edge is about to stop: streams end.
    pub(crate) drain: CancellationToken,
}

impl Door {
    /// To be called on the thread's own runtime, which the connections will live on.
    pub(crate) fn open(edge: Arc<Edge>, drain: CancellationToken) -> Self {
        let channels = edge
            .policies
            .upstreams
            .iter()
            .map(|name| match edge.upstreams {
                Upstreams::Mesh => edge.node.new_channel(name),
                Upstreams::Others { .. } => edge.node.new_foreign_channel(name),
            });
        Self {
            channels: channels.collect(),
            retries: RetryBudget::default(),
            edge,
            drain,
        }
    }
}
