//! What readers get from a cache, and what ends it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contracts::Event as _;
use contracts::tradewind::catalog::v1::{GetProductResponse, ListProductsResponse, ProductChanged};
use runtime::node::Node;
use store::Cache;
use tonic::Status;
use uuid::Uuid;

const PRODUCT_TTL: Duration = Duration::from_secs(300);
/// Short, as it bounds how stale a page is if this process missed a broadcast.
const PAGE_TTL: Duration = Duration::from_secs(10);

/// The cached replies. Products end when a newer version is told of; pages when anything changes.
#[derive(Clone)]
pub(crate) struct Cached {
    cache: Cache,
    /// Whose pages they are: replicas count their generations apart.
    process: Uuid,
    /// Part of each page's key, so that a page whose fill began before a change ends with it.
    generation: Arc<AtomicU64>,
}

impl Cached {
    pub(crate) fn new(cache: Cache, node: &Node) -> Self {
        let process = node.random.uuid7(&node.clock);
        let cached = Self {
            cache,
            process,
            generation: Arc::default(),
        };
        let generation = cached.generation.clone();
        cached
            .cache
            .follow(node, &[ProductChanged::SUBJECT], move |event| {
                generation.fetch_add(1, Ordering::SeqCst);
                vec![(product_key(&event.aggregate_id), event.version)]
            });
        cached
    }

    /// The product with this SKU, from the cache or else from `fill`, which says its version too.
    pub(crate) async fn product<F, Fut>(
        &self,
        sku: &str,
        fill: F,
    ) -> Result<GetProductResponse, Status>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(i64, GetProductResponse), Status>>,
    {
        self.cache
            .get_or_fill(&product_key(sku), PRODUCT_TTL, fill)
            .await
    }

    /// A page of a list; `page` says which.
    pub(crate) async fn page<F, Fut>(
        &self,
        page: &str,
        fill: F,
    ) -> Result<ListProductsResponse, Status>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<ListProductsResponse, Status>>,
    {
        let generation = self.generation.load(Ordering::SeqCst);
        let key = format!("{}/{generation}/{page}", self.process);
        let fill = || async { Ok((0, fill().await?)) };
        self.cache.get_or_fill(&key, PAGE_TTL, fill).await
    }

    /// Forgets what a change has ended, without waiting for the broadcast of it.
    pub(crate) async fn forget(&self, sku: &str, version: i64) {
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.cache.invalidate(&product_key(sku), version).await;
    }
}

fn product_key(sku: &str) -> String {
    format!("product/{sku}")
}
