//! Orders as their owners read them again and again.

use std::fmt::Display;
use std::time::Duration;

use contracts::Event as _;
use contracts::tradewind::orders::v1::{Order, OrderChanged};
use net::StartError;
use runtime::node::Node;
use store::{Cache, CacheConfig};
use tonic::Status;
use uuid::Uuid;

/// Bounds how long an order may be stale when an invalidation is lost.
const TTL: Duration = Duration::from_secs(60);

/// Orders by id, filled by whoever misses one, invalidated at every change.
#[derive(Clone)]
pub(crate) struct OrderCache(Cache);

impl OrderCache {
    /// Opens the cache, and follows what other replicas change.
    pub(crate) fn open(config: &CacheConfig, node: &Node) -> Result<OrderCache, StartError> {
        let cache = Cache::open(config, node.name)?;
        cache.follow(node, &[OrderChanged::SUBJECT], |event| {
            vec![(key(&event.aggregate_id), event.version)]
        });
        Ok(OrderCache(cache))
    }

    /// The order, or what `read` says together with its version.
    pub(crate) async fn get<F, Fut>(&self, id: Uuid, read: F) -> Result<Order, Status>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(i64, Order), Status>>,
    {
        self.0.get_or_fill(&key(id), TTL, read).await
    }

    /// From now on the order is not older than `version`.
    pub(crate) async fn invalidate(&self, id: Uuid, version: i64) {
        self.0.invalidate(&key(id), version).await;
    }
}

fn key(id: impl Display) -> String {
    format!("order:{id}")
}
