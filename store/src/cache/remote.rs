//! The cache that replicas share: a hash {e: epoch, v: version, d: data} for each key. What is of
//! another epoch than the prefix's own is not read any more: so everything is forgotten at once, and
//! without a look at the keys, which would show those of others too (SCAN).

mod debts;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use net::SecretUrl;
use net::StartError;
use redis::{
    Client, RedisResult, Script,
    aio::{ConnectionManager, ConnectionManagerConfig},
};

use super::{Away, TOMBSTONE_TTL};
use debts::Debts;

/// A cache that takes longer than this is not worth waiting for.
const TIMEOUT: Duration = Duration::from_millis(250);
/// How long it is left alone after a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// Sets `epoch`, and begins the first one. An entry of another epoch is as if it were not there.
const EPOCH: &str = "
local function begin(key)
  local time = redis.call('TIME')
  local epoch = string.format('%.0f', time[1] * 1000000 + time[2])
  redis.call('SET', key, epoch)
  return epoch
end
local epoch = redis.call('GET', KEYS[1]) or begin(KEYS[1])
";

const PUT: &str = "
local found = redis.call('HMGET', KEYS[2], 'e', 'v')
if found[1] == epoch and tonumber(found[2]) > tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[2], 'e', epoch, 'v', ARGV[1], 'd', ARGV[2])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1";

const INVALIDATE: &str = "
local found = redis.call('HMGET', KEYS[2], 'e', 'v')
if found[1] == epoch and tonumber(found[2]) >= tonumber(ARGV[1]) then return 0 end
redis.call('HDEL', KEYS[2], 'd')
redis.call('HSET', KEYS[2], 'e', epoch, 'v', ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1";

const FORGET: &str = "
begin(KEYS[1])
return 1";

pub(super) struct Remote {
    prefix: String,
    /// The key of the epoch.
    epoch: String,
    client: Client,
    /// Made at the first use, as it needs a runtime.
    manager: tokio::sync::OnceCell<ConnectionManager>,
    paused_until: Mutex<Option<Instant>>,
    put: Script,
    invalidate: Script,
    forget: Script,
    debts: Debts,
    errors: AtomicU64,
}

impl Remote {
    pub(super) fn new(url: &SecretUrl, prefix: &str) -> Result<Self, StartError> {
        // The error may quote the URL, hence its password.
        let client = Client::open(url.expose())
            .map_err(|_| StartError::config("REDIS_URL is not a well-formed redis:// URL"))?;
        Ok(Self {
            prefix: prefix.to_owned(),
            epoch: format!("{prefix}:@epoch"),
            client,
            manager: tokio::sync::OnceCell::new(),
            paused_until: Mutex::default(),
            put: Script::new(&format!("{EPOCH}{PUT}")),
            invalidate: Script::new(&format!("{EPOCH}{INVALIDATE}")),
            forget: Script::new(&format!("{EPOCH}{FORGET}")),
            debts: Debts::default(),
            errors: AtomicU64::default(),
        })
    }

    /// How many commands failed.
    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Bytes>, Away> {
        let mut both = redis::pipe();
        both.get(&self.epoch).hmget(self.key(key), &["e", "d"]);
        type Entry = (Option<String>, Option<Vec<u8>>);
        let found: (Option<String>, Entry) = self
            .run(async |mut redis| both.query_async(&mut redis).await)
            .await
            .ok_or(Away)?;
        let (epoch, (of, data)) = found;
        let data = data.filter(|_| epoch.is_some() && of == epoch);
        Ok(data.map(Bytes::from))
    }

    pub(super) async fn put(&self, key: &str, version: i64, data: &[u8], ttl: Duration) {
        let mut put = self.put.key(&self.epoch);
        put.key(self.key(key))
            .arg(version)
            .arg(data)
            .arg(milliseconds(ttl));
        let _: Option<i64> = self
            .run(async |mut redis| put.invoke_async(&mut redis).await)
            .await;
    }

    /// If Redis cannot be told now, it is before anything is read from it again.
    pub(super) async fn invalidate(&self, key: &str, min_version: i64) {
        let told = self
            .run(|redis| self.tell(redis, key.to_owned(), min_version))
            .await;
        if told.is_none() {
            self.debts.add(key, min_version).await;
        }
    }

    /// Nothing that is in Redis now is read again.
    pub(super) async fn distrust(&self) {
        self.debts.add_everything().await;
    }

    async fn tell(
        &self,
        mut redis: ConnectionManager,
        key: String,
        min_version: i64,
    ) -> RedisResult<()> {
        let mut invalidate = self.invalidate.key(&self.epoch);
        invalidate.key(self.key(&key)).arg(min_version);
        invalidate.arg(milliseconds(TOMBSTONE_TTL));
        let _: i64 = invalidate.invoke_async(&mut redis).await?;
        Ok(())
    }

    async fn forget(&self, mut redis: ConnectionManager) -> RedisResult<()> {
        let forget = self.forget.key(&self.epoch);
        let _: i64 = forget.invoke_async(&mut redis).await?;
        Ok(())
    }

    /// Whether Redis answers; or why it does not.
    pub(super) async fn answers(&self) -> Result<(), String> {
        let asked = async {
            let mut redis = self.manager().await?;
            let _: Option<String> = redis::cmd("GET")
                .arg(&self.epoch)
                .query_async(&mut redis)
                .await?;
            RedisResult::Ok(())
        };
        match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {TIMEOUT:?}")),
        }
    }

    fn key(&self, key: &str) -> String {
        format!("{}:{key}", self.prefix)
    }

    /// Asks Redis, unless it failed a moment ago or has to forget something first. `None` if it
    /// was not asked or did not answer.
    async fn run<T, Fut>(&self, ask: impl FnOnce(ConnectionManager) -> Fut) -> Option<T>
    where
        Fut: Future<Output = RedisResult<T>>,
    {
        if self.is_paused() {
            return None;
        }
        let answer = tokio::time::timeout(TIMEOUT, async {
            let redis = self.manager().await?;
            if self.debts.exist() {
                let by = redis.clone();
                let tell = |key, version| self.tell(by.clone(), key, version);
                if !self.debts.pay(self.forget(by.clone()), tell).await? {
                    return Ok(None);
                }
            }
            ask(redis).await.map(Some)
        });
        let why = match answer.await {
            Ok(Ok(answer)) => return answer,
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {TIMEOUT:?}"),
        };
        self.errors.fetch_add(1, Ordering::Relaxed);
        tracing::warn!(why, "the cache is left alone for a moment");
        *self.lock() = Some(Instant::now() + PAUSE);
        None
    }

    async fn manager(&self) -> RedisResult<ConnectionManager> {
        let make = || async {
            let config = ConnectionManagerConfig::new()
                .set_number_of_retries(1)
                .set_connection_timeout(Some(Duration::from_secs(1)))
                .set_response_timeout(Some(TIMEOUT));
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        };
        self.manager.get_or_try_init(make).await.cloned()
    }

    fn is_paused(&self) -> bool {
        self.lock().is_some_and(|until| Instant::now() < until)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.paused_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis())
        .unwrap_or(u64::MAX)
        .max(1)
}
