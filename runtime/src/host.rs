//! Services in one process: each with its own port, stopped in order.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bus::Bus;
use net::StartError;
use net::address::Address;
use net::client::EndpointConfig;
use net::clock::Clock;
use net::http::{Limits, serve};
use net::listen::{listen, reachable};
use net::members::Members;
use net::ops::Ops;
use net::random::Random;
use net::readiness::{Gate, Readiness};
use net::telemetry::{Dependency, Telemetry};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::client::{Channel, Unconnected};
use crate::contract::Contract;
use crate::identity::{Identity, Issuer, Signer, Verifier};
use crate::load::Load;
use crate::mesh::Mesh;
use crate::node::Node;
use crate::server::{HealthState, Server, ServerLimits};
use crate::service::Service;
use crate::services::AUTHORITY;

/// What a host is made of.
#[derive(Clone)]
pub struct HostConfig {
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub random: Random,
    /// Events.
    pub bus: Bus,
    /// Where the services of the mesh are; those of this host are set by `bind`.
    pub mesh: Mesh,
    /// What is made of their endpoints that fail.
    pub endpoints: EndpointConfig,
    /// Whose tokens count.
    pub issuer: Issuer,
    /// Metrics and traces.
    pub telemetry: Telemetry,
    /// What is known of the methods that are served or called.
    pub contract: fn() -> Arc<Contract>,
    /// What each gRPC server bears.
    pub server: ServerLimits,
    /// What each port bears.
    pub http: Limits,
    /// Pause between being not ready and the end of accepting, for load balancers to notice.
    pub drain_delay: Duration,
}

impl HostConfig {
    /// The defaults, with telemetry and a bus.
    pub fn new(telemetry: Telemetry, bus: Bus) -> HostConfig {
        HostConfig {
            clock: Clock::system(),
            random: Random::system(),
            bus,
            mesh: Mesh::default(),
            endpoints: EndpointConfig::default(),
            issuer: Issuer::default(),
            telemetry,
            contract: Contract::tradewind,
            server: ServerLimits::default(),
            http: Limits::default(),
            drain_delay: Duration::ZERO,
        }
    }
}

/// One or many services in one process. Add callees before callers: they are stopped in the reverse
/// order.
pub struct Host {
    config: HostConfig,
    contract: Arc<Contract>,
    verifier: Verifier,
    members: Members,
    nodes: Vec<Node>,
    follows: bool,
}

impl Host {
    /// A host without services. Within a Tokio runtime.
    pub fn new(config: HostConfig) -> Host {
        let (telemetry, http) = (config.telemetry.clone(), config.http.clone());
        Host {
            contract: (config.contract)(),
            verifier: Verifier::new(config.issuer.clone(), config.clock.clone()),
            members: Members::new(telemetry, http, config.drain_delay),
            nodes: Vec::new(),
            follows: false,
            config,
        }
    }

    /// Listens on an address; the error names the flag that changes it. A service of the mesh is
    /// from then on called at this address.
    pub async fn bind(
        &self,
        name: &str,
        address: std::net::SocketAddr,
        flag: &str,
    ) -> Result<TcpListener, StartError> {
        let listener = listen(name, address, flag).await?;
        let bound = listener.local_addr().map_err(StartError::other)?;
        self.config.mesh.set(name, Address::from(reachable(bound)));
        Ok(listener)
    }

    /// What a service needs to be built. Set the addresses of the mesh before. `key` proves the
    /// workload to svc-auth.
    pub fn node(&mut self, name: &'static str, key: Option<Signer>) -> Node {
        let (clock, random) = (self.config.clock.clone(), self.config.random.clone());
        let verifier = self.verifier.clone();
        let identity = Identity::new(name, verifier, key, clock.clone(), random.clone());
        let node = Node {
            name,
            clock,
            random,
            bus: self.config.bus.clone(),
            identity,
            mesh: self.config.mesh.clone(),
            readiness: self.members.readiness().of(name),
            tasks: self.members.tasks().of(name),
            contract: self.contract.clone(),
            telemetry: self.config.telemetry.clone(),
            load: Load::new(self.config.server.queue_target),
            endpoints: self.config.endpoints,
            drain_timeout: self.config.http.drain_timeout,
            channels: Arc::new(Mutex::new(HashMap::new())),
        };
        self.hold_own_token(&node);
        self.nodes.push(node.clone());
        node
    }

    fn hold_own_token(&self, node: &Node) {
        let own = node.identity.own().clone();
        let gate = own
            .has_key()
            .then(|| node.readiness.waits_for("its workload token"));
        let authority = self.authority(node.name);
        node.tasks.spawn("workload-token", |shutdown| async move {
            own.run(authority, gate, shutdown).await;
        });
    }

    /// Gives the channel to svc-auth once its address is known; svc-auth itself has none. The
    /// channel has no identity of its own: it is how tokens are got.
    fn authority(&self, caller: &'static str) -> impl Fn() -> Option<Channel> + use<> {
        let (mesh, random) = (self.config.mesh.clone(), self.config.random.clone());
        let contract = self.contract.clone();
        let metrics = self.config.telemetry.client_metrics();
        let endpoints = self.config.endpoints;
        move || {
            let address = mesh.address(AUTHORITY).filter(|_| caller != AUTHORITY)?;
            let unconnected = Unconnected {
                service: AUTHORITY.into(),
                caller,
                credentials: None,
                contract: contract.clone(),
                metrics: metrics.clone(),
                random: random.clone(),
                endpoints,
            };
            Some(unconnected.to(Some(address)))
        }
    }

    /// Puts the server stack in front of a service and serves it from now on.
    pub fn serve(
        &mut self,
        node: &Node,
        service: Service,
        listener: TcpListener,
    ) -> Result<(), StartError> {
        let drain = CancellationToken::new();
        let server = self.server(node, service, drain.clone())?;
        let limits = self.config.http.clone();
        let running = serve(listener, server, limits, drain.clone());
        self.members.add_running(node.name, drain, running);
        Ok(())
    }

    /// The server stack in front of a service, for whoever brings it requests. Its streams end when
    /// `drain` is cancelled.
    pub fn server(
        &self,
        node: &Node,
        service: Service,
        drain: CancellationToken,
    ) -> Result<Server, StartError> {
        let health = HealthState::default();
        let names = service.names.clone();
        let server = Server::new(node, service, &self.config.server, &health, drain)?;
        let readiness = self.members.readiness().clone();
        node.tasks
            .spawn("health", |stop| health.follow(readiness, names, stop));
        Ok(server)
    }

    /// Adds something that serves in its own way, such as the edge: `run` gets a token that is
    /// cancelled when it should drain, and completes when it has drained.
    pub fn add<F, Fut>(&mut self, name: &'static str, run: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.members.add(name, run);
    }

    /// Serves the ops port from now on.
    pub fn serve_ops(&mut self, listener: TcpListener) {
        self.members.serve_ops(listener);
    }

    /// The answers of the ops port, for a port that serves them among others.
    pub fn ops(&self) -> Ops {
        self.members.ops()
    }

    /// What the process waits for.
    pub fn readiness(&self) -> &Readiness {
        self.members.readiness()
    }

    /// The bus that all services of this process share.
    pub fn bus(&self) -> &Bus {
        &self.config.bus
    }

    /// The verifier that all services of this process share.
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// All services are built: starts the relays, follows keys, revocations and the bus, and is
    /// ready when nothing is awaited any more.
    pub fn start(&mut self) {
        self.follow();
        self.members.start();
    }

    fn follow(&mut self) {
        if !std::mem::replace(&mut self.follows, true) {
            self.follow_identity();
            self.follow_bus();
        }
    }

    /// As `start`, but returns when nothing more is awaited than that [`Host::run`] is called; `false` if
    /// `stop` comes first.
    pub async fn prepare(&mut self, stop: impl Future<Output = ()>) -> Result<bool, StartError> {
        self.follow();
        self.members.prepare(stop).await
    }

    /// Runs until `stop` or until a task dies, then stops in order, as [`Members::stop`].
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        self.start();
        self.members.run(stop).await
    }

    /// Stops in order. With `gently` the drain delay is kept.
    pub async fn stop(self, gently: bool) {
        self.members.stop(gently).await;
    }

    /// Everything ends where it stands, as when the process dies.
    #[cfg(feature = "testing")]
    pub fn crash(self) {
        self.members.crash();
    }

    fn follow_identity(&self) {
        if let Some(channel) = self
            .nodes
            .iter()
            .find_map(|node| self.authority(node.name)())
        {
            self.verifier.set_authority(channel);
        }
        let has_source = self.verifier.revocation_source().is_some();
        if !has_source && self.verifier.authority().is_none() {
            return;
        }
        let asks = |node: &&Node| has_source || node.identity.own().has_key();
        let Some(node) = self.nodes.iter().find(asks).or(self.nodes.first()) else {
            return;
        };
        let (identity, bus) = (node.identity.clone(), node.bus.clone());
        if self.verifier.authority().is_some() && !has_source {
            let gate = node.readiness.waits_for("the keys of svc-auth");
            let identity = identity.clone();
            node.tasks.spawn("keys", |stop| async move {
                identity.follow_keys(gate, stop).await
            });
        }
        // Ports may be open already: readiness alone does not keep callers away.
        identity.revocations().set_awaited(true);
        let gate = node.readiness.waits_for("the revocations of svc-auth");
        let (names, readiness) = (("revocations", "tokens"), node.readiness.clone());
        let tokens = Dependency::new(node.name, names, readiness, &node.telemetry);
        node.tasks.spawn("revocations", |stop| async move {
            identity.follow_revocations(bus, tokens, gate, stop).await;
        });
    }

    fn follow_bus(&self) {
        let Some(node) = self.nodes.first() else {
            return;
        };
        let (bus, readiness) = (self.config.bus.clone(), self.readiness().clone());
        let gate = readiness.waits_for(EVENT_BUS);
        let names = (EVENT_BUS, "bus");
        let dependency = Dependency::new(node.name, names, readiness, &self.config.telemetry);
        node.tasks.spawn("bus-status", |stop| async move {
            tokio::select! {
                biased;
                () = watch_bus(bus, dependency, gate) => {}
                () = stop.cancelled() => {}
            }
        });
    }
}

const EVENT_BUS: &str = "the event bus";

/// Waits for the bus once; afterwards tells when it is away.
async fn watch_bus(bus: Bus, dependency: Dependency, gate: Gate) {
    while let Err(why) = bus.ready().await {
        gate.set(why);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    drop(gate);
    loop {
        dependency.is(&match bus.status() {
            bus::Status::Connected => Ok(()),
            bus::Status::Disconnected { why, .. } => Err(why),
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
