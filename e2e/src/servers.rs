//! Real servers: Postgres is shared, and every mesh has databases of its own in it, unless a test takes
//! it away and has one to itself; Redis and NATS belong to one mesh each.

mod cluster;
mod postgres;
mod small_disk;

use std::{
    fs,
    io::Write as _,
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

pub use cluster::Cluster;
pub use postgres::Postgres;
pub use small_disk::SmallDisk;

use crate::{condition::eventually, credentials::Credentials, ports::free_port, process::Process};

const PATIENCE: Duration = Duration::from_secs(20);

/// A variable that `scripts/servers` sets.
///
/// # Panics
/// When it is missing.
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests by `make test`, or start servers with scripts/servers and source its env file")
    })
}

/// A NATS server with JetStream whose every write is synced, or a Redis server.
pub struct Server {
    /// Its address for clients; with a name and password where the server knows users.
    pub url: String,
    port: u16,
    kind: Kind,
    folder: PathBuf,
    /// Those who may log in; anybody without it.
    users: Option<PathBuf>,
    /// Of NATS, further lines of its configuration.
    lines: String,
    /// What NATS stores its streams on, if that is not the folder's disk.
    disk: Option<SmallDisk>,
    process: Option<Process>,
}

/// Whom Redis lets do everything, for what no workload may; it lives as long as its test.
const REDIS_OPERATOR: &str = "user operator on >operator ~* &* +@all\n";

#[derive(Clone, Copy)]
enum Kind {
    Nats,
    Redis,
}

impl Server {
    /// Starts a NATS server that keeps its streams in the folder.
    pub async fn nats(folder: &Path) -> Server {
        Server::new(Kind::Nats, folder, None).await
    }

    /// Starts a NATS server with these users; its URL is the operator's.
    pub async fn nats_of(folder: &Path, credentials: &Credentials) -> Server {
        let mut server = Server::new(Kind::Nats, folder, Some(credentials.nats_users())).await;
        server.url = credentials.nats("operator", &server.address());
        server
    }

    /// Starts a Redis server that keeps nothing.
    pub async fn redis(folder: &Path) -> Server {
        Server::new(Kind::Redis, folder, None).await
    }

    /// Starts a Redis server that keeps nothing, with these users.
    pub async fn redis_of(folder: &Path, credentials: &Credentials) -> Server {
        let users = credentials.redis_users();
        let file = fs::File::options().append(true).open(&users);
        let added = file.and_then(|mut file| file.write_all(REDIS_OPERATOR.as_bytes()));
        added.expect("the mesh's folder can be written");
        Server::new(Kind::Redis, folder, Some(users)).await
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host:port`
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    async fn new(kind: Kind, folder: &Path, users: Option<PathBuf>) -> Server {
        let port = free_port();
        let scheme = match kind {
            Kind::Nats => "nats",
            Kind::Redis => "redis",
        };
        let url = format!("{scheme}://127.0.0.1:{port}");
        let mut server = Server {
            url,
            port,
            kind,
            folder: folder.to_owned(),
            users,
            lines: String::new(),
            disk: None,
            process: None,
        };
        server.start().await;
        server
    }

    /// Starts it, at the same address as before.
    pub async fn start(&mut self) {
        let port = self.port.to_string();
        let none = std::iter::empty::<(&str, String)>();
        self.process = Some(match self.kind {
            Kind::Nats => {
                let configuration = self.folder.join("nats.conf");
                let store = self.folder.join("jetstream");
                let mut text = format!(
                    "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{}\", sync_interval: always }}\n",
                    store.display()
                );
                text += &self.lines;
                if let Some(users) = &self.users {
                    text += &fs::read_to_string(users).expect("the users were made");
                }
                fs::write(&configuration, text).expect("the mesh's folder can be written");
                let program = PathBuf::from(variable("TEST_NATS_SERVER"));
                Process::start(
                    "nats-server",
                    &program,
                    [Path::new("--config"), &configuration],
                    none,
                    &self.folder.join("nats.log"),
                )
            }
            Kind::Redis => {
                let mut arguments = vec![
                    "--bind",
                    "127.0.0.1",
                    "--port",
                    &port,
                    "--save",
                    "",
                    "--appendonly",
                    "no",
                ];
                if let Some(users) = &self.users {
                    let users = users.to_str().expect("temporary folders have plain names");
                    arguments.extend(["--aclfile", users]);
                }
                Process::start(
                    "redis-server",
                    Path::new("redis-server"),
                    arguments,
                    none,
                    &self.folder.join("redis.log"),
                )
            }
        });
        let what = format!("{} listens (log in {})", self.url, self.folder.display());
        eventually(&what, PATIENCE, || {
            let open = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).ok();
            std::future::ready(open)
        })
        .await;
    }

    /// Sends it a signal by its name.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, name: &str) {
        let process = self.process.as_ref().expect("it runs");
        process.signal(name);
    }

    /// Removes everything that a Redis server of [`Server::redis_of`] keeps.
    ///
    /// # Panics
    /// When it does not answer.
    pub fn flush(&self) {
        let port = self.port.to_string();
        let status = Command::new("redis-cli")
            .args([
                "--user",
                "operator",
                "--pass",
                "operator",
                "--no-auth-warning",
            ])
            .args(["-p", &port, "flushall"])
            .output()
            .map(|output| output.status);
        assert!(status.is_ok_and(|it| it.success()), "Redis is not flushed");
    }

    /// Moves what a NATS server that does not run has stored to a disk that can be filled.
    pub fn move_to_small_disk(&mut self) -> &SmallDisk {
        let store = self.folder.join("jetstream");
        self.disk.insert(SmallDisk::under(&store))
    }

    /// The disk that it was moved to.
    ///
    /// # Panics
    /// When it was not.
    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("it was moved to one")
    }

    /// Removes what a NATS server that does not run has stored.
    ///
    /// # Panics
    /// When that cannot be removed.
    pub fn wipe(&mut self) {
        self.disk = None;
        let store = self.folder.join("jetstream");
        fs::remove_dir_all(store).expect("the mesh's folder can be written");
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }
}
