//! How often something may be tried: leaky buckets, which drain by themselves, so that nobody is
//! locked out for ever.

use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::refresh::hash;

/// How many attempts at once, and how soon there may be one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Attempts that an empty bucket holds; at least 1.
    pub burst: u32,
    /// How long the bucket takes to drain by one.
    pub interval: Duration,
}

impl Limit {
    /// What one attempt adds to the time at which the bucket will be empty, in microseconds.
    #[must_use]
    pub fn cost(&self) -> i64 {
        i64::try_from(self.interval.as_micros()).unwrap_or(i64::MAX / 1_000_000)
    }

    /// The latest `empty_at` of a bucket that takes one more attempt at `now`.
    #[must_use]
    pub fn admits(&self, now: DateTime<Utc>) -> i64 {
        let more = i64::from(self.burst.max(1) - 1);
        now.timestamp_micros()
            .saturating_add(self.cost().saturating_mul(more))
    }

    /// How long a bucket refuses after `now`.
    #[must_use]
    pub fn wait(&self, empty_at: i64, now: DateTime<Utc>) -> Duration {
        let micros = empty_at.saturating_sub(self.admits(now));
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

/// The bucket of an e-mail address, whether it has an account or not. The address itself is not
/// kept.
#[must_use]
pub fn account_bucket(email_key: &str) -> String {
    format!("account:{}", URL_SAFE_NO_PAD.encode(hash(email_key)))
}

/// The bucket of a client's address for `action`. An IPv6 client owns a /64.
#[must_use]
pub fn address_bucket(action: &str, address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        Some(IpAddr::V4(address)) => format!("{action}:{address}"),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{action}:{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        None => format!("{action}:unknown"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit {
        burst: 3,
        interval: Duration::from_secs(10),
    };

    #[test]
    fn an_empty_bucket_takes_its_burst_and_then_one_per_interval() {
        let now = DateTime::from_timestamp(1000, 0).unwrap();
        let mut empty_at = now.timestamp_micros();
        for _ in 0..3 {
            assert!(empty_at <= LIMIT.admits(now));
            empty_at += LIMIT.cost();
        }
        assert!(empty_at > LIMIT.admits(now));
        assert_eq!(LIMIT.wait(empty_at, now), Duration::from_secs(10));
        let later = DateTime::from_timestamp(1010, 0).unwrap();
        assert_eq!(LIMIT.wait(empty_at, later), Duration::ZERO);
        assert!(empty_at <= LIMIT.admits(later));
    }

    #[test]
    fn addresses_of_one_ipv6_network_share_a_bucket() {
        let bucket = |text: &str| address_bucket("login", Some(text.parse().unwrap()));
        assert_eq!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:2:ffff::9"));
        assert_ne!(bucket("2001:db8:1:2::1"), bucket("2001:db8:1:3::1"));
        assert_eq!(bucket("::ffff:192.0.2.1"), bucket("192.0.2.1"));
    }
}
