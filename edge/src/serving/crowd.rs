//! How many connections each address has.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::client_address::limited_as;
use crate::config::Settings;

/// The connections of all addresses but those of trusted proxies, which speak for many.
#[derive(Clone)]
pub(super) struct Crowd(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// Counts one connection until it is dropped; nothing, for a trusted proxy.
pub(super) struct Place(Option<(Crowd, IpAddr)>);

impl Crowd {
    pub(super) fn new() -> Self {
        Self(Arc::default())
    }

    /// `None` if the address has as many connections as it may.
    pub(super) fn admit(&self, peer: IpAddr, settings: &Settings) -> Option<Place> {
        if settings.web.is_trusted(peer) {
            return Some(Place(None));
        }
        let address = limited_as(peer.to_canonical());
        let mut counts = self.counts();
        let count = counts.entry(address).or_default();
        if *count >= settings.connections.max_connections_per_address.max(1) {
            return None;
        }
        *count += 1;
        Some(Place(Some((self.clone(), address))))
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some((crowd, address)) = &self.0 else {
            return;
        };
        let mut counts = crowd.counts();
        match counts.get_mut(address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(counts.remove(address)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_more_places_than_one_address_may() {
        let mut settings = Settings::default();
        settings.connections.max_connections_per_address = 2;
        settings.web.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        let crowd = Crowd::new();
        let admit = |peer: &str| crowd.admit(peer.parse().unwrap(), &settings);
        let first = admit("203.0.113.7");
        let second = admit("::ffff:203.0.113.7");
        assert!(first.is_some() && second.is_some());
        assert!(admit("203.0.113.7").is_none());
        assert!(admit("203.0.113.8").is_some());
        drop(first);
        let third = admit("203.0.113.7");
        assert!(third.is_some());

        let proxy: Vec<_> = (0..3).map(|_| admit("10.1.2.3")).collect();
        assert!(proxy.iter().all(Option::is_some));
        drop((second, third, proxy));
        assert!(crowd.counts().is_empty());
    }
}
