//! Rate limits per address and per user.
//!
//! Both are a generic cell rate algorithm: so many requests per window, in bursts of up to as many,
//! and a steady refill. Each process counts for itself; where there is Redis, replicas count
//! together. Redis being away makes limits looser, never a request fail.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

mod headers;
mod local;
mod shared;

pub(crate) use headers::{announce, whole_seconds};
use local::Local;
pub(crate) use shared::Shared;

/// So many requests per window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Requests.
    pub requests: NonZeroU32,
    /// The time in which they are refilled.
    pub window: Duration,
}

/// A [`Quota`] as a setting, `600/60s`, or `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub Option<Quota>);

impl Rate {
    /// No limit.
    pub const OFF: Self = Self(None);

    /// So many requests per so many seconds.
    #[must_use]
    pub fn of(requests: u32, seconds: u64) -> Self {
        let window = Duration::from_secs(seconds.max(1));
        Self(NonZeroU32::new(requests).map(|requests| Quota { requests, window }))
    }
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        let wrong = || format!("{text:?}: expected requests per seconds, such as 600/60s, or off");
        let (requests, window) = text.split_once('/').ok_or_else(wrong)?;
        let seconds = window.strip_suffix('s').ok_or_else(wrong)?;
        let seconds = if seconds.is_empty() { "1" } else { seconds };
        let requests: NonZeroU32 = requests.parse().map_err(|_| wrong())?;
        let seconds: NonZeroU32 = seconds.parse().map_err(|_| wrong())?;
        let window = Duration::from_secs(u64::from(seconds.get()));
        Ok(Self(Some(Quota { requests, window })))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(quota) => write!(f, "{}/{}s", quota.requests, quota.window.as_secs()),
            None => f.write_str("off"),
        }
    }
}

/// Where a caller stands with one limit after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) policy: &'static str,
    pub(crate) quota: Quota,
    /// Requests that are left now.
    pub(crate) remaining: u32,
    /// If this request is one too many: when to come again.
    pub(crate) retry_after: Option<Duration>,
}

impl Standing {
    /// Until all requests of the quota are there again.
    fn until_full(&self) -> Duration {
        let used = self.quota.requests.get().saturating_sub(self.remaining);
        self.quota.window * used / self.quota.requests.get()
    }
}

/// Whom a limit counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Who {
    /// A client, or its network.
    Address(IpAddr),
    /// By its id.
    User(Arc<str>),
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::User(id) => id.fmt(f),
        }
    }
}

/// One limit.
pub(crate) struct Limiter {
    policy: &'static str,
    quota: Quota,
    local: Local,
    shared: Option<Shared>,
}

impl Limiter {
    /// `None` if the rate is `off`.
    pub(crate) fn new(policy: &'static str, rate: Rate, shared: Option<Shared>) -> Option<Self> {
        let quota = rate.0?;
        Some(Self {
            policy,
            quota,
            local: Local::new(quota),
            shared,
        })
    }

    /// Whether this is the limit of that rate.
    pub(crate) fn is_of(&self, rate: Rate) -> bool {
        rate.0 == Some(self.quota)
    }

    /// Counts a request. What this process alone has seen too often needs no second opinion.
    pub(crate) async fn count(&self, who: Who) -> Standing {
        let here = self.local.count(self.policy, self.quota, &who);
        match &self.shared {
            Some(shared) if here.retry_after.is_none() => {
                let together = shared.count(self.policy, self.quota, &who);
                Box::pin(together).await.unwrap_or(here)
            }
            _ => here,
        }
    }

    /// Forgets callers whose quota is full again.
    pub(crate) fn forget_idle(&self) {
        self.local.forget_idle();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_requests_per_seconds() {
        assert_eq!("600/60s".parse(), Ok(Rate::of(600, 60)));
        assert_eq!("5/s".parse(), Ok(Rate::of(5, 1)));
        assert_eq!("off".parse(), Ok(Rate::OFF));
        assert_eq!(Rate::of(600, 60).to_string(), "600/60s");
        assert!("600".parse::<Rate>().is_err());
        assert!("0/60s".parse::<Rate>().is_err());
        assert!("6/0s".parse::<Rate>().is_err());
        assert!("6/1m".parse::<Rate>().is_err());
    }

    #[tokio::test]
    async fn a_caller_who_asks_too_often_is_told_when_to_come_again() {
        let limiter = Limiter::new("address", Rate::of(3, 60), None).unwrap();
        let address = |last| Who::Address([203, 0, 113, last].into());
        for remaining in [2, 1, 0] {
            let standing = limiter.count(address(7)).await;
            assert_eq!(
                (standing.remaining, standing.retry_after),
                (remaining, None)
            );
        }
        let refused = limiter.count(address(7)).await;
        let wait = refused.retry_after.unwrap();
        assert!(
            wait > Duration::from_secs(15) && wait <= Duration::from_secs(20),
            "{wait:?}"
        );
        assert_eq!(limiter.count(address(8)).await.retry_after, None);
    }
}
