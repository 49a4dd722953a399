//! Where the requests of one thread come in.

use std::convert::Infallible;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;

use crate::door::Door;
use crate::gateway::{Gateway, Successor};

/// Where the requests of one thread come in. A request keeps the door that it came through, to its
/// end, whatever comes after.
#[derive(Clone)]
pub(crate) enum Entrance {
    /// One door for good.
    Fixed(Arc<Door>),
    /// The newest door.
    Renewed(Arc<ArcSwap<Door>>, Successor),
}

impl Entrance {
    /// As [`Gateway::door`].
    pub(crate) fn open(gateway: &Gateway, drain: CancellationToken) -> Self {
        let door = gateway.door(drain);
        match &gateway.successor {
            None => Self::Fixed(door),
            Some(successor) => {
                let newest = ArcSwap::new(door);
                Self::Renewed(Arc::new(newest), successor.clone())
            }
        }
    }

    /// The door of a request that comes now.
    pub(crate) fn door(&self) -> Arc<Door> {
        match self {
            Self::Fixed(door) => door.clone(),
            Self::Renewed(newest, _) => Arc::clone(&newest.load()),
        }
    }

    /// Opens a new door for each new gateway, once and for as long as the thread serves. To be called as
    /// [`Gateway::door`].
    pub(crate) async fn renew(&self) -> Infallible {
        if let Self::Renewed(newest, successor) = self {
            let (drain, mut successor) = (self.door().drain.clone(), successor.clone());
            while successor.changed().await.is_ok() {
                let gateway = successor.borrow_and_update().clone();
                if let Some(gateway) = gateway {
                    newest.store(gateway.door(drain.clone()));
                }
            }
        }
        std::future::pending().await
    }
}
