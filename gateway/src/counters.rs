//! What is counted of clients, by a gateway and those that follow it.

use std::net::IpAddr;
use std::sync::Arc;

use net::room::{Most, Room};
use net::{SecretUrl, StartError};

use crate::body::Held;
use crate::config::{Rates, Requests};
use crate::limits::{Limiter, Rate, Shared};
use crate::streams::Streams;

/// Requests, open streams, and bytes of bodies.
pub(crate) struct Counters {
    pub(crate) address: Option<Arc<Limiter>>,
    /// An address too, at methods for machines.
    pub(crate) machine: Option<Arc<Limiter>>,
    pub(crate) user: Option<Arc<Limiter>>,
    pub(crate) streams: Streams,
    pub(crate) bodies: Room<IpAddr>,
    pub(crate) shared: Option<Shared>,
}

impl Counters {
    /// Together with other replicas, where they share their counts.
    ///
    /// # Errors
    /// When that is no address of Redis.
    pub(crate) fn new(rates: &Rates, redis: Option<&SecretUrl>) -> Result<Self, StartError> {
        let nothing = Self {
            address: None,
            machine: None,
            user: None,
            streams: Streams::new(),
            bodies: Room::new(),
            shared: None,
        };
        nothing.renewed(rates, redis)
    }

    /// Some that count on where these are; a limit whose rate is another begins anew.
    ///
    /// # Errors
    /// As [`Counters::new`].
    pub(crate) fn renewed(
        &self,
        rates: &Rates,
        redis: Option<&SecretUrl>,
    ) -> Result<Self, StartError> {
        let before = self.shared.as_ref();
        let stays = before.zip(redis).is_some_and(|(it, url)| it.is_at(url));
        let shared = match redis {
            Some(_) if stays => before.cloned(),
            Some(url) => Some(Shared::connect(url).map_err(wrong)?),
            None => None,
        };
        let counts_on = stays || (before.is_none() && redis.is_none());
        let limiter = |policy, rate: Rate, before: Option<&Arc<Limiter>>| {
            let before = before.filter(|it| counts_on && it.is_of(rate));
            let new = || Limiter::new(policy, rate, shared.clone()).map(Arc::new);
            before.cloned().or_else(new)
        };
        Ok(Self {
            address: limiter("address", rates.address_limit, self.address.as_ref()),
            machine: limiter("machine", rates.machine_limit, self.machine.as_ref()),
            user: limiter("user", rates.user_limit, self.user.as_ref()),
            streams: self.streams.clone(),
            bodies: self.bodies.clone(),
            shared,
        })
    }

    /// What one body of that client may take of the memory of all.
    pub(crate) fn body_of(&self, client: IpAddr, requests: &Requests) -> Held {
        let most = Most {
            total: requests.body_memory,
            each: requests.body_memory_per_address,
        };
        Held::of(self.bodies.share(Some(client), most))
    }

    /// Forgets callers that need no longer be counted.
    pub(crate) fn forget_idle(&self) {
        for limit in [&self.address, &self.machine, &self.user]
            .into_iter()
            .flatten()
        {
            limit.forget_idle();
        }
    }
}

fn wrong(error: impl std::fmt::Display) -> StartError {
    StartError::config(format!("--redis-url: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_limit_counts_on_unless_its_rate_or_its_redis_is_another() {
        let rates = |address, user| Rates {
            address_limit: Rate::of(address, 60),
            machine_limit: Rate::OFF,
            user_limit: Rate::of(user, 60),
        };
        let same = |one: &Option<Arc<Limiter>>, other: &Option<Arc<Limiter>>| {
            Arc::ptr_eq(one.as_ref().unwrap(), other.as_ref().unwrap())
        };
        let first = Counters::new(&rates(10, 20), None).unwrap();
        let second = first.renewed(&rates(10, 30), None).unwrap();
        assert!(same(&first.address, &second.address) && !same(&first.user, &second.user));
        let url = SecretUrl::from("redis://127.0.0.1:1");
        let third = second.renewed(&rates(10, 30), Some(&url)).unwrap();
        assert!(!same(&second.address, &third.address));
        let fourth = third.renewed(&rates(10, 30), Some(&url)).unwrap();
        assert!(same(&third.address, &fourth.address));
        let off = Rates {
            address_limit: Rate::OFF,
            machine_limit: Rate::OFF,
            user_limit: Rate::OFF,
        };
        assert!(fourth.renewed(&off, None).unwrap().user.is_none());
    }
}
