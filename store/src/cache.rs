//! Cache-aside: in Redis where there is one, shared by the replicas; in this process otherwise.
//!
//! A cache that is down makes things slower, never wrong. Every entry has a time to live. Fills
//! and invalidations compare versions, so that a slow fill does not put back what was changed
//! meanwhile. What a cache could not be told in time it is told before it is read again.
//! Concurrent misses of a key are one fill. Decisions never read a cache.

mod flights;
mod local;
mod remote;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bus::{BroadcastItem, Event};
use bytes::Bytes;
use futures::StreamExt;
use net::SecretUrl;
use net::StartError;
use net::tasks::Look;
use net::telemetry::Dependency;
use opentelemetry::KeyValue;
use prost::Message;
use runtime::node::Node;
use tonic::Status;

use flights::{Flights, Seat};
use local::Local;
use remote::Remote;

/// Where cached values are kept.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CacheConfig {
    /// redis://[user:password@]host[:port][/database] of a Redis that replicas share. Without it
    /// each process caches for itself.
    #[arg(long, env = "REDIS_URL", hide_env_values = true)]
    pub redis_url: Option<SecretUrl>,
}

impl CacheConfig {
    /// A Redis.
    #[must_use]
    pub fn redis(url: &str) -> Self {
        Self {
            redis_url: Some(url.into()),
        }
    }
}

/// A service's cache of messages. Cheap to clone.
#[derive(Clone)]
pub struct Cache {
    place: Arc<Place>,
    flights: Arc<Flights>,
    reads: Arc<Reads>,
}

/// How many reads came to what.
#[derive(Default)]
struct Reads {
    hit: AtomicU64,
    miss: AtomicU64,
    error: AtomicU64,
}

/// The server was not asked or did not answer.
struct Away;

enum Place {
    Local(Local),
    Remote(Arc<Remote>),
}

impl Cache {
    /// Opens the cache. `prefix` goes before every key; one for each service. Needs no server to
    /// be there: it is connected to when it is first used, and again when it was away.
    ///
    /// # Errors
    /// When the URL is malformed.
    pub fn open(config: &CacheConfig, prefix: &str) -> Result<Self, StartError> {
        let place = match &config.redis_url {
            None => Place::Local(Local::default()),
            Some(url) => Place::Remote(Arc::new(Remote::new(url, prefix)?)),
        };
        Ok(Self {
            place: Arc::new(place),
            flights: Arc::default(),
            reads: Arc::default(),
        })
    }

    /// The cached message, or else the one that `fill` gives with its version, which is then kept
    /// for `ttl`. A list or another answer without a version has version 0.
    ///
    /// # Errors
    /// Those of `fill`, nothing else.
    pub async fn get_or_fill<M, F, Fut>(
        &self,
        key: &str,
        ttl: Duration,
        fill: F,
    ) -> Result<M, Status>
    where
        M: Message + Default,
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<(i64, M), Status>>,
    {
        if let Some(message) = self.get(key).await.and_then(|data| M::decode(data).ok()) {
            return Ok(message);
        }
        loop {
            match self.flights.board(key) {
                Seat::Pilot(flight) => {
                    let (version, message) = match fill().await {
                        Ok(filled) => filled,
                        Err(status) => {
                            // A failure may be this caller's own, such as its deadline.
                            if !runtime::status::is_transient(&status) {
                                flight.land(Err(status.clone()));
                            }
                            return Err(status);
                        }
                    };
                    let data = Bytes::from(message.encode_to_vec());
                    self.put(key, version, data.clone(), ttl).await;
                    flight.land(Ok(data));
                    return Ok(message);
                }
                Seat::Passenger(mut landing) => {
                    // Without a landing the pilot gave up, and somebody else has to fly.
                    let Some(landed) = landing.landed().await else {
                        continue;
                    };
                    let data = landed?;
                    return M::decode(data)
                        .map_err(|error| runtime::status::Problem::internal(&error).into());
                }
            }
        }
    }

    /// Forgets what is older than `min_version`, and keeps fills that are older from being kept.
    /// Call it after the commit.
    pub async fn invalidate(&self, key: &str, min_version: i64) {
        self.flights.cancel(key);
        match &*self.place {
            Place::Local(local) => local.invalidate(key, min_version),
            Place::Remote(remote) => remote.invalidate(key, min_version).await,
        }
    }

    /// Invalidates by broadcast, as replicas change things: `stale` names the keys that an event
    /// makes stale, with the version from which they are good. After a gap in the broadcast the
    /// cache is emptied. The start is a gap too, also for a cache that replicas share: who should
    /// have invalidated may be the one that crashed, and its event is published before this
    /// process listens.
    pub fn follow<F>(&self, node: &Node, subjects: &[&str], stale: F)
    where
        F: Fn(&Event) -> Vec<(String, i64)> + Send + 'static,
    {
        self.measure(node);
        self.watch(node);
        let (cache, mut news) = (self.clone(), node.bus.broadcast(subjects));
        node.tasks
            .spawn("cache-invalidation", |shutdown| async move {
                while let Some(Some(item)) = shutdown.run_until_cancelled(news.next()).await {
                    match item {
                        BroadcastItem::Event(event) => {
                            for (key, version) in stale(&event) {
                                cache.invalidate(&key, version).await;
                            }
                        }
                        BroadcastItem::Gap => match &*cache.place {
                            Place::Local(local) => local.clear(),
                            Place::Remote(remote) => remote.distrust().await,
                        },
                    }
                }
                shutdown.cancelled().await;
            });
    }

    /// Tells of it as metrics of this service.
    fn measure(&self, node: &Node) {
        let service = KeyValue::new("service.name", node.name);
        let of_service = service.clone();
        let about = ["tradewind.cache.reads", "{read}", "Reads of the cache"];
        node.telemetry
            .counter_of(about, &self.reads, move |reads, counter| {
                let Reads { hit, miss, error } = reads;
                for (outcome, count) in [("hit", hit), ("miss", miss), ("error", error)] {
                    let labels = [of_service.clone(), KeyValue::new("outcome", outcome)];
                    counter.observe(count.load(Ordering::Relaxed), &labels);
                }
            });
        let about = [
            "tradewind.cache.errors",
            "{command}",
            "Commands that the cache did not take",
        ];
        node.telemetry
            .counter_of(about, &self.place, move |place, counter| {
                if let Place::Remote(remote) = place {
                    counter.observe(remote.errors(), std::slice::from_ref(&service));
                }
            });
    }

    /// Tells whether the server answers, also while nobody reads anything.
    fn watch(&self, node: &Node) {
        let Place::Remote(remote) = &*self.place else {
            return;
        };
        let names = ("the cache", "cache");
        let readiness = node.readiness.clone();
        let watch = Watch {
            remote: remote.clone(),
            dependency: Dependency::new(node.name, names, readiness, &node.telemetry),
        };
        node.tasks.every(Dependency::LOOK, "cache-watch", watch);
    }

    async fn get(&self, key: &str) -> Option<Bytes> {
        let read = match &*self.place {
            Place::Local(local) => Ok(local.get(key)),
            Place::Remote(remote) => remote.get(key).await,
        };
        let counted = match &read {
            Ok(Some(_)) => &self.reads.hit,
            Ok(None) => &self.reads.miss,
            Err(Away) => &self.reads.error,
        };
        counted.fetch_add(1, Ordering::Relaxed);
        read.unwrap_or_default()
    }

    async fn put(&self, key: &str, version: i64, data: Bytes, ttl: Duration) {
        match &*self.place {
            Place::Local(local) => local.put(key, version, data, ttl),
            Place::Remote(remote) => remote.put(key, version, &data, ttl).await,
        }
    }
}

/// Whether the server answers.
struct Watch {
    remote: Arc<Remote>,
    dependency: Dependency,
}

impl Look for Watch {
    async fn look(&mut self) {
        self.dependency.is(&self.remote.answers().await);
    }
}

/// How long an invalidation is remembered: longer than any fill takes.
const TOMBSTONE_TTL: Duration = Duration::from_secs(60);

impl std::fmt::Debug for Cache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match &*self.place {
            Place::Local(_) => "Cache(in process)",
            Place::Remote(_) => "Cache(Redis)",
        })
    }
}
