//! What is counted of clients, by a gateway and those that follow it.

use std::net::IpAddr;

use net::room::{Most, Room};

use crate::body::Held;
use crate::config::Requests;
use crate::limits::{Limiter, Shared};
use crate::streams::Streams;

/// Requests, open streams, and bytes of bodies.
pub(crate) struct Counters {
    pub(crate) address: Option<Limiter>,
    pub(crate) user: Option<Limiter>,
    pub(crate) streams: Streams,
    pub(crate) bodies: Room<IpAddr>,
}

impl Counters {
    /// Together with other replicas, where they share their counts.
    pub(crate) fn new(rates: &crate::config::Rates, shared: Option<&Shared>) -> Self {
        let limiter = |policy, rate| Limiter::new(policy, rate, shared.cloned());
        Self {
            address: limiter("address", rates.address_limit),
            user: limiter("user", rates.user_limit),
            streams: Streams::new(),
            bodies: Room::new(),
        }
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
        for limit in [&self.address, &self.user].into_iter().flatten() {
            limit.forget_idle();
        }
    }
}
