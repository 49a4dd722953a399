//! What a service is given.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus::Bus;
use net::client::EndpointConfig;
use net::clock::Clock;
use net::random::Random;
use net::readiness::Readiness;
use net::tasks::Tasks;
use net::telemetry::Telemetry;

use crate::client::{Channel, Unconnected};
use crate::contract::Contract;
use crate::identity::Identity;
use crate::load::Load;
use crate::mesh::Mesh;

/// A service's place in its process and in the mesh.
#[derive(Clone)]
pub struct Node {
    /// The service's name, such as `svc-orders`.
    pub name: &'static str,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Events between processes.
    pub bus: Bus,
    /// Who callers are, and who this service is.
    pub identity: Identity,
    /// Where the other services are.
    pub mesh: Mesh,
    /// What this process waits for.
    pub readiness: Readiness,
    /// Background work.
    pub tasks: Tasks,
    /// What the methods' contracts say.
    pub contract: Arc<Contract>,
    /// Metrics and traces of the process.
    pub telemetry: Telemetry,
    /// How busy this service is.
    pub load: Load,
    /// What is made of endpoints of others that fail.
    pub endpoints: EndpointConfig,
    /// How long what is under way may go on at the shutdown.
    pub drain_timeout: Duration,
    pub(crate) channels: Arc<Mutex<HashMap<String, Channel>>>,
}

impl Node {
    /// A channel to a service by name, for its generated client:
    /// `UsersServiceClient::new(node.channel("svc-users"))`. Channels to the same service share
    /// their connections. A name without an address gives a channel whose calls are UNAVAILABLE.
    pub fn channel(&self, service: &str) -> Channel {
        let mut channels = self
            .channels
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some(channel) = channels.get(service) {
            return channel.clone();
        }
        let channel = self.new_channel(service);
        if self.mesh.address(service).is_some() {
            channels.insert(service.to_owned(), channel.clone());
        }
        channel
    }

    /// A channel with connections of its own, for threads that share nothing.
    pub fn new_channel(&self, service: &str) -> Channel {
        let unconnected = Unconnected {
            service: service.into(),
            caller: self.name,
            credentials: Some(Arc::new(self.identity.clone())),
            contract: self.contract.clone(),
            metrics: self.telemetry.client_metrics(),
            random: self.random.clone(),
            endpoints: self.endpoints,
        };
        unconnected.to(self.mesh.address(service))
    }
}
