//! Who is at the other end: the peer, or whoever trusted proxies speak for.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use http::HeaderMap;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// A network in CIDR notation; a single address is one with all its bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Whether the address is part of it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
                network.to_bits() & mask == address.to_bits() & mask
            }
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits)),
            None => (text, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("{text:?} is no address and no network"))?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits
            .map_or(Ok(all), str::parse)
            .ok()
            .filter(|bits| *bits <= all);
        let bits = bits.ok_or_else(|| format!("{text:?}: expected /0 to /{all}"))?;
        Ok(Self { address, bits })
    }
}

/// Whether one of the networks has the address.
pub(crate) fn is_within(networks: &[Network], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(address))
}

/// The address of the client: the peer's, or, if the peer is a trusted proxy, the right-most entry
/// of `x-forwarded-for` that is none. What stands left of it, anybody could have written.
pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let mut client = peer.to_canonical();
    // As bytes: a value that is no text in part is still there, with what proxies added to it.
    let values = headers.get_all(FORWARDED_FOR).iter();
    let mut entries: Vec<&[u8]> = values
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .collect();
    while is_within(trusted, client) {
        let Some(entry) = entries.pop().and_then(parse_entry) else {
            break;
        };
        client = entry.to_canonical();
    }
    client
}

/// Entries come as `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1` and `[2001:db8::1]:4711`.
fn parse_entry(entry: &[u8]) -> Option<IpAddr> {
    let entry = std::str::from_utf8(entry).ok()?.trim();
    entry
        .parse()
        .ok()
        .or_else(|| {
            entry
                .parse()
                .ok()
                .map(|address: std::net::SocketAddr| address.ip())
        })
        .or_else(|| entry.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

/// What is counted together: an IPv4 address, or the /64 network that one IPv6 customer has.
pub(crate) fn limited_as(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(peer: &str, forwarded_for: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "2001:db8::1"].map(|network| network.parse().unwrap());
        let mut headers = HeaderMap::new();
        for value in forwarded_for {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        of(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn nobody_outside_the_trusted_proxies_can_pretend_an_address() {
        assert_eq!(client("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn the_right_most_entry_that_is_no_proxy_is_the_client() {
        assert_eq!(
            client("10.1.2.3", &["192.0.2.1, 198.51.100.1, 10.9.9.9"]),
            "198.51.100.1"
        );
        assert_eq!(
            client("10.1.2.3", &["192.0.2.1", "198.51.100.1:77, 10.9.9.9"]),
            "198.51.100.1"
        );
        assert_eq!(client("2001:db8::1", &["[2001:db8::7]:80"]), "2001:db8::7");
        assert_eq!(client("::ffff:10.1.2.3", &["198.51.100.1"]), "198.51.100.1");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(
            client("10.1.2.3", &["198.51.100.1, unknown, 10.9.9.9"]),
            "10.9.9.9"
        );
        assert_eq!(client("10.1.2.3", &[]), "10.1.2.3");
    }

    #[test]
    fn an_unreadable_entry_does_not_hide_those_that_proxies_wrote_behind_it() {
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for value in [&b"192.0.2.1"[..], b"\xff, 203.0.113.7"] {
            headers.append(FORWARDED_FOR, HeaderValue::from_bytes(value).unwrap());
        }
        let client = of("10.1.2.3".parse().unwrap(), &headers, &trusted);
        assert_eq!(client.to_string(), "203.0.113.7");
    }

    #[test]
    fn networks_hold_what_shares_their_bits() {
        let holds = |network: &str, address: &str| {
            network
                .parse::<Network>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(holds("0.0.0.0/0", "203.0.113.7"));
        assert!(holds("192.0.2.128/25", "192.0.2.200"));
        assert!(!holds("192.0.2.128/25", "192.0.2.100"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!("192.0.2.0/33".parse::<Network>().is_err());
        assert!("example.com".parse::<Network>().is_err());
    }

    #[test]
    fn one_ipv6_customer_is_counted_as_one() {
        let counted = |address: &str| limited_as(address.parse().unwrap());
        assert_eq!(
            counted("2001:db8:1:2:3::4"),
            counted("2001:db8:1:2:ffff::1")
        );
        assert_ne!(counted("2001:db8:1:2::1"), counted("2001:db8:1:3::1"));
    }
}
