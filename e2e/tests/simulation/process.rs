//! The services' processes: each is built by its own code, crashes, and is built again on what it has
//! committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bus::Bus;
use futures::future::BoxFuture;
use net::StartError;
use runtime::email_verification::EmailVerification;
use runtime::host::{Host, HostConfig};
use runtime::mesh::Mesh;
use runtime::node::Node;
use runtime::seal::EncryptionKey;
use runtime::server::Server;
use runtime::service::Service;
use store::testing::{SimulatedDatabase, Turn, Turns};
use store::{CacheConfig, DatabaseConfig};
use svc_inventory::ExpiryConfig;
use svc_orders::audit::AuditKey;
use svc_payments::testing::Network;
use tokio::task::{AbortHandle, JoinHandle};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::network::ToProvider;
use crate::world::{World, lock};
use crate::{network, run};

/// Those that run their own code.
pub(crate) const SERVICES: [&str; 4] = [
    "svc-inventory",
    "svc-shipping",
    "svc-payments",
    "svc-orders",
];

/// Signs the histories of orders.
pub(crate) const AUDIT_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
/// How long work in progress is left alone: longer than anybody waits for it.
pub(crate) const LEASE: Duration = Duration::from_secs(10);

/// A service, whether it runs or not.
pub(crate) struct Process {
    database: SimulatedDatabase,
    running: Option<Running>,
    /// After so many more turns it crashes; the first is the next.
    crashes: Vec<usize>,
}

struct Running {
    life: Life,
    host: Host,
    server: Server,
    tasks: Vec<AbortHandle>,
}

/// One life of a process.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) world: Arc<World>,
    pub(crate) name: &'static str,
    is_over: Arc<AtomicBool>,
}

/// Somebody whom nothing befalls.
pub(crate) struct Undisturbed;

impl Turns for Undisturbed {
    fn turn(&self, _: Turn) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

impl Turns for Life {
    fn turn(&self, turn: Turn) -> BoxFuture<'_, ()> {
        Box::pin(self.take(turn))
    }
}

impl Life {
    fn new(world: &Arc<World>, name: &'static str) -> Life {
        Life {
            world: world.clone(),
            name,
            is_over: Arc::default(),
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }

    /// For ever, if it is over.
    pub(crate) async fn lives(&self) {
        if self.is_over() {
            std::future::pending().await
        }
    }

    /// What the process does next with its database: now, later, or never.
    async fn take(&self, turn: Turn) {
        self.lives().await;
        let world = &self.world;
        if !world.is_calm() {
            if world.is_crash_due(self.name) {
                world.note(format_args!("{} crashes at {turn:?}", self.name));
                world.crash(self.name);
            } else if world.befalls(world.weather.slow_statements) {
                sleep(world.moment(40)).await;
            } else if matches!(turn, Turn::Begin | Turn::Committed)
                && world.befalls(world.weather.stalls)
            {
                world.note(format_args!("{} stands still at {turn:?}", self.name));
                sleep(LEASE + world.moment(5000)).await;
            } else if world.befalls(200) {
                tokio::task::yield_now().await;
            }
            self.lives().await;
        }
        if turn != Turn::Statement && !world.is_calm() {
            world.note(format_args!("{} {turn:?}", self.name));
        }
    }

    /// Runs something in the process; it ends with its life.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        let task = tokio::spawn(work);
        let mut processes = lock(&self.world.processes);
        match processes
            .get_mut(self.name)
            .and_then(|it| it.running.as_mut())
        {
            Some(running) if !self.is_over() => {
                running.tasks.retain(|task| !task.is_finished());
                running.tasks.push(task.abort_handle());
            }
            _ if SERVICES.contains(&self.name) => task.abort(),
            _ => {}
        }
        task
    }

    /// Of somebody who has no process here.
    pub(crate) fn outside(world: &Arc<World>, name: &'static str) -> Life {
        Life::new(world, name)
    }
}

impl World {
    /// Opens the databases.
    pub(crate) fn found(&self) {
        for name in SERVICES {
            let file = run::file(&self.folder, name);
            let process = Process {
                database: SimulatedDatabase::open(&file, Arc::new(Undisturbed)),
                running: None,
                crashes: Vec::new(),
            };
            lock(&self.processes).insert(name, process);
        }
    }

    /// So many crashes are to come, whoever they befall.
    pub(crate) fn doom(&self, crashes: usize) {
        for _ in 0..crashes {
            let (name, after) = (SERVICES[self.below(4)], 1 + self.below(120));
            let mut processes = lock(&self.processes);
            let process = processes.get_mut(name).expect("it was founded");
            process.crashes.push(after);
        }
    }

    fn is_crash_due(&self, name: &str) -> bool {
        let mut processes = lock(&self.processes);
        let Some(process) = processes.get_mut(name) else {
            return false;
        };
        match process.crashes.first_mut() {
            Some(0) => {
                process.crashes.remove(0);
                true
            }
            Some(turns) => {
                *turns -= 1;
                false
            }
            None => false,
        }
    }

    /// The process dies at once, and is started again after a while.
    fn crash(self: &Arc<World>, name: &'static str) {
        let died = lock(&self.processes)
            .get_mut(name)
            .and_then(|it| it.running.take());
        let Some(died) = died else {
            return;
        };
        died.life.is_over.store(true, Ordering::Relaxed);
        died.host.crash();
        for task in died.tasks {
            task.abort();
        }
        let (world, pause) = (self.clone(), self.moment(4000));
        tokio::spawn(async move {
            sleep(pause).await;
            world.start(name).await;
        });
    }

    /// Starts a process.
    pub(crate) async fn start(self: &Arc<World>, name: &'static str) {
        let life = Life::new(self, name);
        self.note(format_args!("{name} starts"));
        let started = self.build(&life).await;
        let (host, server) = started.unwrap_or_else(|error| panic!("{name}: {error}"));
        let running = Running {
            life,
            host,
            server,
            tasks: Vec::new(),
        };
        let mut processes = lock(&self.processes);
        if let Some(process) = processes.get_mut(name) {
            process.running = Some(running);
        }
    }

    /// Who answers calls of a service now.
    pub(crate) fn server(&self, name: &str) -> Option<(Life, Server)> {
        let processes = lock(&self.processes);
        let running = processes.get(name)?.running.as_ref()?;
        Some((running.life.clone(), running.server.clone()))
    }

    /// All that runs is dropped, and the databases are closed.
    pub(crate) fn end(&self) {
        self.hub.forget_all();
        lock(&self.provider).take();
        let ended = std::mem::take(&mut *lock(&self.processes));
        for process in ended.into_values() {
            if let Some(running) = process.running {
                running.life.is_over.store(true, Ordering::Relaxed);
                running.host.crash();
            }
        }
    }

    async fn build(self: &Arc<World>, life: &Life) -> Result<(Host, Server), StartError> {
        let name = life.name;
        let mesh = Mesh::default();
        network::introduce(life, &mesh);
        let bus = Bus::played(Arc::new(self.hub.of(life)));
        let mut host = Host::new(HostConfig {
            clock: self.clock.clone(),
            random: self.random(name, self.number()),
            mesh,
            ..HostConfig::new(self.telemetry.clone(), bus)
        });
        host.verifier()
            .install_keys(&[self.signer.jwk()])
            .map_err(StartError::other)?;
        let node = host.node(name, None);
        node.identity.set_own_signer(self.signer.clone());
        let database = self.database(name).with_turns(Arc::new(life.clone()));
        let service = self
            .service(life, &node, DatabaseConfig::simulated(database))
            .await?;
        let server = host.server(&node, service, CancellationToken::new())?;
        host.start();
        Ok((host, server))
    }

    /// What has committed there.
    pub(crate) fn database(&self, name: &str) -> SimulatedDatabase {
        let processes = lock(&self.processes);
        let process = processes.get(name).expect("it was founded");
        process.database.clone()
    }

    async fn service(
        &self,
        life: &Life,
        node: &Node,
        database: DatabaseConfig,
    ) -> Result<Service, StartError> {
        match node.name {
            "svc-inventory" => {
                let expiry = ExpiryConfig {
                    reservation_ttl: self.weather.reservation_ttl,
                    expiry_sweep_interval: Duration::from_secs(1),
                };
                let config = svc_inventory::Config::new(database, CacheConfig::default());
                svc_inventory::build(svc_inventory::Config { expiry, ..config }, node).await
            }
            "svc-shipping" => svc_shipping::build(svc_shipping::Config { database }, node).await,
            "svc-payments" => {
                let random = net::random::Random::seeded(1);
                let key = EncryptionKey::generate(svc_payments::NAME, &random);
                let config = svc_payments::Config {
                    payments_lease: LEASE,
                    payments_provider_timeout: LEASE / 2,
                    network: Network::played(Arc::new(ToProvider(life.clone()))),
                    ..svc_payments::Config::sandbox(database, &key)
                };
                svc_payments::build(config, node).await
            }
            _ => {
                let config = svc_orders::Config {
                    database,
                    cache: CacheConfig::default(),
                    audit: AuditKey::given(AUDIT_KEY.into()),
                    recovery_lease: LEASE,
                    terms: svc_orders::Terms {
                        payments: svc_orders::Payments::On,
                        return_url_origins: Vec::new(),
                        email_verification: EmailVerification::Off,
                    },
                };
                svc_orders::build(config, node).await
            }
        }
    }
}
