//! The network that a client calls from, and how a network is remembered for an account.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aws_lc_rs::hmac;
use runtime::seal::{EncryptionKey, EncryptionKeys};

/// The addresses that one client has: one of IPv4, and a /64 of IPv6 or a /48, if it is the site
/// (RFC 6177).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network {
    /// An address of IPv4.
    V4(Ipv4Addr),
    /// A /64.
    V6(Ipv6Addr),
    /// A /48.
    Site(Ipv6Addr),
}

impl Network {
    /// The network of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }

    /// The site that a network of IPv6 is part of.
    #[must_use]
    pub fn site(self) -> Option<Self> {
        let Self::V6(address) = self else {
            return None;
        };
        let [a, b, c, ..] = address.segments();
        Some(Self::Site(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0)))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::V4(address) => address.fmt(f),
            Self::V6(address) => write!(f, "{address}/64"),
            Self::Site(address) => write!(f, "{address}/48"),
        }
    }
}

/// Names the networks of accounts, so that the database tells nobody who called from where.
#[derive(Clone, Debug)]
pub struct NetworkNames {
    current: hmac::Key,
    previous: Option<hmac::Key>,
}

impl NetworkNames {
    /// The names of everybody who has these keys.
    #[must_use]
    pub fn new(keys: &EncryptionKeys) -> Self {
        let mac = |key: &EncryptionKey| hmac::Key::new(hmac::HMAC_SHA256, &key.derive("networks"));
        Self {
            current: mac(&keys.current),
            previous: keys.previous.as_ref().map(mac),
        }
    }

    /// The name of an account's network. The account need not be there.
    #[must_use]
    pub fn name(&self, email_key: &str, network: Network) -> Vec<u8> {
        name(&self.current, email_key, network)
    }

    /// What its name may have been under the key before; its name if there is none.
    #[must_use]
    pub fn previous_name(&self, email_key: &str, network: Network) -> Vec<u8> {
        let key = self.previous.as_ref().unwrap_or(&self.current);
        name(key, email_key, network)
    }
}

fn name(key: &hmac::Key, email_key: &str, network: Network) -> Vec<u8> {
    // An address of a network has no space, so that no two pairs give one text.
    let text = format!("{network} {email_key}");
    hmac::sign(key, text.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use net::random::Random;
    use runtime::services::AUTHORITY;

    use super::*;

    fn network(text: &str) -> Network {
        Network::of(text.parse().unwrap())
    }

    #[test]
    fn addresses_of_one_ipv6_network_are_one_and_those_of_ipv4_are_each_its_own() {
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(
            network("2001:db8:1:2::1").site(),
            network("2001:db8:1:3::1").site()
        );
        assert_eq!(network("::ffff:192.0.2.1"), network("192.0.2.1"));
        assert_ne!(network("192.0.2.2"), network("192.0.2.1"));
        assert_eq!(network("192.0.2.1").site(), None);
        assert_eq!(network("2001:db8:1:2::1").to_string(), "2001:db8:1:2::/64");
    }

    #[test]
    fn a_name_is_of_one_account_and_one_network_and_survives_a_change_of_keys() {
        let key = |seed| EncryptionKey::generate(AUTHORITY, &Random::seeded(seed));
        let names = |current, previous: Option<u64>| {
            NetworkNames::new(&EncryptionKeys {
                current: key(current),
                previous: previous.map(key),
            })
        };
        let (home, away) = (network("192.0.2.1"), network("192.0.2.2"));
        let name = names(1, None).name("ada@example.com", home);
        assert_eq!(name, names(1, None).name("ada@example.com", home));
        assert_eq!(name, names(1, None).previous_name("ada@example.com", home));
        assert_eq!(
            name,
            names(2, Some(1)).previous_name("ada@example.com", home)
        );
        assert_ne!(name, names(2, Some(1)).name("ada@example.com", home));
        assert_ne!(name, names(1, None).name("ada@example.com", away));
        assert_ne!(name, names(1, None).name("eve@example.com", home));
    }
}
