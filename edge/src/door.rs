//! What one thread has of the edge: everything shared, and connections of its own.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
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
    fn open(edge: Arc<Edge>, drain: CancellationToken) -> Self {
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

/// Where the requests of one thread come in. A request keeps the door that it came through, to its
/// end, whatever comes after.
#[derive(Clone)]
pub(crate) enum Entrance {
    /// One door for good.
    Fixed(Arc<Door>),
    /// The newest door.
    Renewed(Arc<ArcSwap<Door>>),
}

impl Entrance {
    /// As [`Door::open`].
    pub(crate) fn open(edge: Arc<Edge>, drain: CancellationToken) -> Self {
        let has_successors = edge.successor.is_some();
        let door = Arc::new(Door::open(edge, drain));
        match has_successors {
            false => Self::Fixed(door),
            true => Self::Renewed(Arc::new(ArcSwap::new(door))),
        }
    }

    /// The door of a request that comes now.
    pub(crate) fn door(&self) -> Arc<Door> {
        match self {
            Self::Fixed(door) => door.clone(),
            Self::Renewed(newest) => Arc::clone(&newest.load()),
        }
    }

    /// Opens a new door for each new edge, once and for as long as the thread serves. To be called as
    /// [`Door::open`].
    pub(crate) async fn renew(&self) -> Infallible {
        let first = self.door();
        if let (Self::Renewed(newest), Some(mut successor)) = (self, first.edge.successor.clone()) {
            while successor.changed().await.is_ok() {
                let edge = successor.borrow_and_update().clone();
                if let Some(edge) = edge {
                    newest.store(Arc::new(Door::open(edge, first.drain.clone())));
                }
            }
        }
        std::future::pending().await
    }
}
