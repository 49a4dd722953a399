//! What readers get from a cache, and what ends it. Nobody is promised units by it.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use contracts::Event as _;
use contracts::tradewind::inventory::v1::{GetStockResponse, ListStockResponse, StockChanged};
use runtime::node::Node;
use store::Cache;
use tonic::Status;
use uuid::Uuid;

/// Short, as it bounds how stale a reply is if this process missed a broadcast.
const TTL: Duration = Duration::from_secs(5);

/// The cached replies. They end when a change is told of.
#[derive(Clone)]
pub(crate) struct Cached {
    cache: Cache,
    /// Whose replies they are: replicas count their generations apart.
    process: Uuid,
    generations: Arc<Generations>,
}

/// Counts the changes that this process has heard of. The count is part of a reply's key, so that
/// a reply whose fill began before a change ends with it.
struct Generations {
    of_all: AtomicU64,
    /// By the hash of the SKU: few enough to keep, enough to be apart.
    by_sku: [AtomicU64; 1024],
}

impl Cached {
    pub(crate) fn new(cache: Cache, node: &Node) -> Self {
        let generations = Arc::new(Generations {
            of_all: AtomicU64::default(),
            by_sku: std::array::from_fn(|_| AtomicU64::default()),
        });
        let heard = generations.clone();
        cache.follow(node, &[StockChanged::SUBJECT], move |event| {
            let StockChanged { skus } = store::message(event).unwrap_or_default();
            heard.bump(skus.iter().map(String::as_str));
            Vec::new()
        });
        Self {
            cache,
            process: node.random.uuid7(&node.clock),
            generations,
        }
    }

    /// The stock of this SKU, from the cache or else from `fill`.
    pub(crate) async fn stock<F, Fut>(&self, sku: &str, fill: F) -> Result<GetStockResponse, Status>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<GetStockResponse, Status>>,
    {
        let generation = self.generations.of(sku).load(Ordering::SeqCst);
        let key = format!("{}/sku/{generation}/{sku}", self.process);
        self.cache
            .get_or_fill(&key, TTL, || async { Ok((0, fill().await?)) })
            .await
    }

    /// A page of the list; `page` says which.
    pub(crate) async fn page<F, Fut>(
        &self,
        page: &str,
        fill: F,
    ) -> Result<ListStockResponse, Status>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<ListStockResponse, Status>>,
    {
        let generation = self.generations.of_all.load(Ordering::SeqCst);
        let key = format!("{}/page/{generation}/{page}", self.process);
        self.cache
            .get_or_fill(&key, TTL, || async { Ok((0, fill().await?)) })
            .await
    }

    /// Forgets what a change has ended, without waiting for the broadcast of it.
    pub(crate) fn forget<'a>(&self, skus: impl IntoIterator<Item = &'a str>) {
        self.generations.bump(skus);
    }
}

impl Generations {
    fn of(&self, sku: &str) -> &AtomicU64 {
        let mut hasher = DefaultHasher::new();
        sku.hash(&mut hasher);
        &self.by_sku[hasher.finish() as usize % self.by_sku.len()]
    }

    fn bump<'a>(&self, skus: impl IntoIterator<Item = &'a str>) {
        self.of_all.fetch_add(1, Ordering::SeqCst);
        for sku in skus {
            self.of(sku).fetch_add(1, Ordering::SeqCst);
        }
    }
}
