//! Counting together with other replicas, through Redis.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use net::SecretUrl;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::time::Instant;

use super::{Quota, Standing, Who};

/// A limit that takes longer than this is no help.
const PATIENCE: Duration = Duration::from_millis(100);
/// How long Redis is left alone after it failed.
const REST: Duration = Duration::from_secs(1);

/// The generic cell rate algorithm: what is kept is the time at which the quota is full again.
/// Times are microseconds of Redis' own clock, so that replicas need not agree on the time.
/// `{1, remaining, 0}`, or `{0, 0, microseconds to wait}`.
const SCRIPT: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local requests, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local interval = window / requests
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now) + interval
local wait = full_at - window - now
if wait > 0 then
  return {0, 0, math.ceil(wait)}
end
redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
return {1, math.floor((window - (full_at - now)) / interval), 0}
";

/// The connection; clones share it.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

struct Inner {
    url: SecretUrl,
    connection: ConnectionManager,
    script: redis::Script,
    started: Instant,
    /// Milliseconds after `started` until which Redis is left alone.
    resting_until: AtomicU64,
    errors: AtomicU64,
}

impl Shared {
    /// Connects when it is first needed, and again whenever the connection is lost.
    pub(crate) fn connect(url: &SecretUrl) -> Result<Self, redis::RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(Duration::from_secs(1)))
            .set_response_timeout(Some(PATIENCE))
            .set_number_of_retries(1);
        let client = redis::Client::open(url.expose())?;
        Ok(Self(Arc::new(Inner {
            url: url.clone(),
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            script: redis::Script::new(SCRIPT),
            started: Instant::now(),
            resting_until: AtomicU64::new(0),
            errors: AtomicU64::new(0),
        })))
    }

    /// Whether the connection leads there.
    pub(crate) fn is_at(&self, url: &SecretUrl) -> bool {
        self.0.url.expose() == url.expose()
    }

    /// How many commands failed.
    pub(crate) fn errors(&self) -> u64 {
        self.0.errors.load(Ordering::Relaxed)
    }

    /// Whether Redis answers; or why it does not.
    pub(crate) async fn answers(&self) -> Result<(), String> {
        let mut connection = self.0.connection.clone();
        let mut asked = redis::cmd("GET");
        asked.arg("edge:limit:");
        let answer = asked.query_async::<Option<String>>(&mut connection);
        match tokio::time::timeout(REST, answer).await {
            Ok(answer) => answer.map(|_| ()).map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {REST:?}")),
        }
    }

    /// `None` if Redis does not answer.
    pub(crate) async fn count(
        &self,
        policy: &'static str,
        quota: Quota,
        who: &Who,
    ) -> Option<Standing> {
        let Inner {
            url: _,
            connection,
            script,
            started,
            resting_until,
            errors,
        } = &*self.0;
        let now = millis(started.elapsed());
        if now < resting_until.load(Ordering::Relaxed) {
            return None;
        }
        let mut connection = connection.clone();
        let mut invocation = script.key(format!("edge:limit:{policy}:{who}"));
        invocation
            .arg(quota.requests.get())
            .arg(micros(quota.window));
        let answer = invocation.invoke_async::<(u8, u32, u64)>(&mut connection);
        let why = match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok((allowed, remaining, wait))) => {
                let retry_after = (allowed == 0).then(|| Duration::from_micros(wait));
                return Some(Standing {
                    policy,
                    quota,
                    remaining,
                    retry_after,
                });
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {PATIENCE:?}"),
        };
        errors.fetch_add(1, Ordering::Relaxed);
        let was = resting_until.swap(millis(started.elapsed() + REST), Ordering::Relaxed);
        // Once when it goes away, not once a second.
        if now.saturating_sub(was) > 10 * millis(REST) || was == 0 {
            tracing::warn!(
                error = why,
                "Redis does not answer: each replica counts requests for itself"
            );
        }
        None
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
