//! A mesh on which faults are tried: two of each process, a proxy on each way between them, and servers
//! of its own.

use std::{env, path::PathBuf, sync::Arc};

use net::random::Random;

use super::{
    history::History,
    load::Load,
    outsider::{self, Outsider},
    shop::Shop,
    ways::Network,
};
use crate::{
    Mesh, Setup,
    mesh::Kind,
    receiver::Receiver,
    servers::{Cluster, Postgres, Server},
};

/// What an operator would set who wants to wait for less long than by default.
const SETTINGS: &[(&str, &str)] = &[
    ("RECOVERY_LEASE", "5s"),
    ("PAYMENTS_LEASE", "5s"),
    ("PAYMENTS_PROVIDER_TIMEOUT", "2s"),
    ("RESERVATION_TTL", "40s"),
    ("WEBHOOK_TIMEOUT", "4s"),
    ("WEBHOOK_LEASE", "5s"),
];

/// The mesh and what it stands on.
pub struct Stage {
    /// The mesh.
    pub mesh: Mesh,
    /// What lies between its processes.
    pub network: Network,
    /// Its database server.
    pub postgres: Postgres,
    /// The choices of the run.
    pub random: Random,
    /// The shop.
    pub shop: Arc<Shop>,
    /// Whoever is told of everything.
    pub(super) outsider: Outsider,
    /// Processes that a fault has struck.
    pub struck: Vec<String>,
    /// Clients that a fault brought.
    pub(super) crowd: Option<(Load, Arc<History>)>,
    /// What all clients know that there were so far.
    pub(super) histories: Vec<Arc<History>>,
    /// Of NATS, where there is one.
    pub(super) cluster: Option<Cluster>,
    /// A standby of the database server.
    pub(super) standby: Option<Postgres>,
    /// Dead letters that are there on purpose.
    pub dead: usize,
}

impl Stage {
    /// Sets the stage.
    pub async fn set(seed: u64) -> Stage {
        let postgres = Postgres::new().await;
        let mut setup = Receiver::allowed(Setup::new(Kind::Real));
        setup.database = Some(postgres.url.clone());
        setup.is_doubled = true;
        for (name, value) in SETTINGS {
            setup = setup.with(name, *value);
        }
        let mut mesh = Mesh::prepare(&setup).await;
        let mails = outsider::mails(&mesh).display().to_string();
        mesh.set("MAIL_DIR", &mails);
        let random = Random::seeded(seed);
        let port = |server: &Option<Server>| server.as_ref().map_or(0, Server::port);
        let servers = [
            ("postgres", postgres.port()),
            ("nats", port(&mesh.nats)),
            ("redis", port(&mesh.redis)),
        ];
        let network = Network::between(&mut mesh, &servers, &random);
        if let Some(old) = old_binaries() {
            for name in mesh.processes() {
                mesh.take_from(&old, &name);
            }
        }
        mesh.restart().await;
        let outsider = Outsider::ask(&mesh).await;
        let shop = Arc::new(Shop::open(&mesh).await);
        Stage {
            mesh,
            network,
            postgres,
            random,
            shop,
            outsider,
            struck: Vec::new(),
            crowd: None,
            histories: Vec::new(),
            cluster: None,
            standby: None,
            dead: 0,
        }
    }

    /// The mesh's NATS.
    ///
    /// # Panics
    /// Never: the mesh is a real one.
    pub fn nats(&mut self) -> &mut Server {
        self.mesh.nats.as_mut().expect("the mesh is a real one")
    }

    /// The mesh's Redis.
    ///
    /// # Panics
    /// Never: the mesh is a real one.
    pub fn redis(&mut self) -> &mut Server {
        self.mesh.redis.as_mut().expect("the mesh is a real one")
    }

    /// A replica of a program, chosen at random.
    pub fn any(&self, program: &str) -> String {
        let replicas = self.mesh.replicas(program);
        replicas[self.random.below(replicas.len())].clone()
    }
}

/// The binaries of an earlier version, where there are some: the folder in `FAULTS_OLD_BINARIES`.
///
/// # Panics
/// When they are not there.
pub(super) fn old_binaries() -> Option<PathBuf> {
    let folder = env::var_os("FAULTS_OLD_BINARIES").map(PathBuf::from)?;
    let is_there = folder.join("svc-orders").is_file();
    assert!(is_there, "{} holds no svc-orders", folder.display());
    Some(folder)
}
