//! The cache of one process.

use std::time::{Duration, Instant};

use bytes::Bytes;
use moka::{Expiry, ops::compute::Op, sync::Cache};

use super::TOMBSTONE_TTL;

/// Bytes of keys and values that one process keeps for a service.
const CAPACITY: u64 = 8 << 20;
/// What an entry costs beside its bytes.
const OVERHEAD: usize = 128;

#[derive(Clone)]
struct Entry {
    version: i64,
    /// `None`: the mark of an invalidation.
    data: Option<Bytes>,
    ttl: Duration,
}

struct OwnTtl;

impl Expiry<String, Entry> for OwnTtl {
    fn expire_after_create(&self, _: &String, entry: &Entry, _: Instant) -> Option<Duration> {
        Some(entry.ttl)
    }

    fn expire_after_update(
        &self,
        _: &String,
        entry: &Entry,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        Some(entry.ttl)
    }
}

pub(super) struct Local(Cache<String, Entry>);

impl Default for Local {
    fn default() -> Self {
        let weigh = |key: &String, entry: &Entry| {
            let bytes = key.len() + entry.data.as_ref().map_or(0, Bytes::len) + OVERHEAD;
            u32::try_from(bytes).unwrap_or(u32::MAX)
        };
        Self(
            Cache::builder()
                .max_capacity(CAPACITY)
                .weigher(weigh)
                .expire_after(OwnTtl)
                .build(),
        )
    }
}

impl Local {
    pub(super) fn get(&self, key: &str) -> Option<Bytes> {
        self.0.get(key)?.data
    }

    pub(super) fn put(&self, key: &str, version: i64, data: Bytes, ttl: Duration) {
        let entry = Entry {
            version,
            data: Some(data),
            ttl,
        };
        self.0
            .entry_by_ref(key)
            .and_compute_with(|found| match found {
                Some(found) if found.value().version > version => Op::Nop,
                _ => Op::Put(entry),
            });
    }

    pub(super) fn invalidate(&self, key: &str, min_version: i64) {
        let mark = Entry {
            version: min_version,
            data: None,
            ttl: TOMBSTONE_TTL,
        };
        self.0
            .entry_by_ref(key)
            .and_compute_with(|found| match found {
                Some(found) if found.value().version >= min_version => Op::Nop,
                _ => Op::Put(mark),
            });
    }

    pub(super) fn clear(&self) {
        self.0.invalidate_all();
    }
}
