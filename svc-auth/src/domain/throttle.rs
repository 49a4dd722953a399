//! How often something may be tried: leaky buckets, which drain by themselves, so that nobody is
//! locked out for ever.

use std::fmt::Display;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};

use super::network::Network;
use super::refresh::hash;

/// How many times the limit of an IPv6 client's network (/64) the limit of its site (/48) is:
/// whoever has a site has 65,536 networks, yet it may also be many clients'.
const NETWORKS_OF_A_SITE: u32 = 4;

/// How many attempts at once, and how soon there may be one more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Attempts that an empty bucket holds; at least 1.
    pub burst: u32,
    /// How long the bucket takes to drain by one.
    pub interval: Duration,
}

impl Limit {
    /// A limit that lets `factor` times as many through.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self {
            burst: self.burst.saturating_mul(factor),
            interval: self.interval / factor,
        }
    }

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

/// A bucket and its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Of what it holds attempts.
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub limit: Limit,
}

impl Bucket {
    /// A bucket for `what` of somebody.
    pub fn new(what: &'static str, whose: impl Display, limit: Limit) -> Self {
        Self {
            what,
            name: format!("{what}:{whose}"),
            limit,
        }
    }

    /// The bucket of an e-mail address, whether it has an account or not. The address itself is
    /// not kept.
    #[must_use]
    pub fn of_account(email_key: &str, limit: Limit) -> Self {
        Self::new("account", URL_SAFE_NO_PAD.encode(hash(email_key)), limit)
    }

    /// The bucket of mails of a kind to an address, which is not kept either.
    #[must_use]
    pub fn of_mail(kind: &'static str, email_key: &str, limit: Limit) -> Self {
        let address = URL_SAFE_NO_PAD.encode(hash(email_key));
        Self::new("mail", format_args!("{kind}:{address}"), limit)
    }
}

/// The buckets of a network, the wider first: an IPv6 client owns a /64 and may own a /48. `name`
/// says what a network is called.
pub fn network_buckets<D: Display>(
    what: &'static str,
    network: Network,
    limit: Limit,
    name: impl Fn(Network) -> D,
) -> Vec<Bucket> {
    let site = network.site().map(|site| (site, NETWORKS_OF_A_SITE));
    site.into_iter()
        .chain([(network, 1)])
        .map(|(network, factor)| Bucket::new(what, name(network), limit.times(factor)))
        .collect()
}

/// The buckets of a client for `action`. Those whose address is not known share one.
#[must_use]
pub fn client_buckets(action: &'static str, network: Option<Network>, limit: Limit) -> Vec<Bucket> {
    match network {
        Some(network) => network_buckets(action, network, limit, |network| network),
        None => vec![Bucket::new(action, "unknown", limit)],
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
    fn networks_of_one_ipv6_site_share_a_larger_bucket() {
        let buckets = |text: &str| {
            let network = Some(Network::of(text.parse().unwrap()));
            client_buckets("login", network, LIMIT)
        };
        let [site, network] = buckets("2001:db8:1:2::1").try_into().unwrap();
        assert_eq!(site.name, "login:2001:db8:1::/48");
        assert_eq!(network.name, "login:2001:db8:1:2::/64");
        assert_eq!(network.limit, LIMIT);
        assert_eq!(site.limit.burst, 12);
        assert_eq!(site.limit.interval, Duration::from_millis(2500));
        let neighbour = buckets("2001:db8:1:3::1");
        assert_eq!(neighbour[0], site);
        assert_ne!(neighbour[1], network);
        assert_eq!(buckets("192.0.2.1").len(), 1);
    }
}
