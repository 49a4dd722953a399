//! A whole mesh as separate processes.

mod embedded;
mod operator;
mod processes;
mod real;
mod start;

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::{
    invariants::Databases, process::Process, rest::Rest, servers::Server, workload::Workloads,
};

/// How long events that a test left may take to be published.
const DRAIN: Duration = Duration::from_secs(30);
/// E-mail address of the first administrator.
pub const ADMIN_EMAIL: &str = "admin@example.com";
/// Signs the histories of orders.
pub const AUDIT_KEY: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";
/// The first administrator's password.
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// What a mesh runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Everything in one process, on SQLite.
    Embedded,
    /// Separate processes on Postgres, Redis and NATS, each workload with users of its own there;
    /// two each of edge, orders and shipping.
    Real,
}

/// How a mesh is to be.
#[derive(Clone, Debug)]
pub struct Setup {
    /// What it runs on.
    pub kind: Kind,
    /// Variables for all of its processes, besides those that every mesh has.
    pub variables: Vec<(&'static str, String)>,
    /// Of the real kind, the Postgres server that its databases are made on, instead of the tests'.
    pub database: Option<String>,
    /// Of the real kind, whether there are two of each process.
    pub is_doubled: bool,
}

impl Setup {
    /// A mesh of this kind, without rate limits.
    pub fn new(kind: Kind) -> Setup {
        Setup {
            kind,
            variables: Vec::new(),
            database: None,
            is_doubled: false,
        }
    }

    /// With a variable for all processes.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Setup {
        self.variables.push((name, value.into()));
        self
    }
}

/// How a process is started, also again.
#[derive(Clone)]
struct Program {
    binary: PathBuf,
    arguments: Vec<OsString>,
    variables: BTreeMap<&'static str, String>,
    log: PathBuf,
}

impl Program {
    fn start(&self, name: &str) -> Process {
        let variables = self
            .variables
            .iter()
            .map(|(name, value)| (*name, value.clone()));
        Process::start(name, &self.binary, &self.arguments, variables, &self.log)
    }
}

/// A running mesh. Dropped, it is killed; if all of it ran until then, and the test did well, what waits in
/// its outboxes has to leave them before.
pub struct Mesh {
    /// What it runs on.
    pub kind: Kind,
    /// Edges: `http://host:port`.
    pub edges: Vec<String>,
    /// gRPC addresses of the services' replicas: `host:port`.
    pub grpc: BTreeMap<&'static str, Vec<String>>,
    /// Ops ports by process: `http://host:port`.
    pub ops: BTreeMap<String, String>,
    /// Its databases.
    pub databases: Databases,
    /// NATS, where it is real; its URL is the operator's.
    pub nats: Option<Server>,
    /// Redis, where it is real.
    pub redis: Option<Server>,
    /// Keys of the workloads that the test has a hold of: all in the real mesh, and in both
    /// `intruder`, which the contract names nowhere.
    pub workloads: Workloads,
    programs: BTreeMap<String, Program>,
    processes: BTreeMap<String, Process>,
    admin: OnceCell<String>,
    leaves_events: bool,
    folder: TempDir,
}

impl Mesh {
    /// The test ends with events in an outbox, on purpose.
    pub fn leaves_events(&mut self) {
        self.leaves_events = true;
    }

    /// Its logs stay when it is gone.
    pub fn keep(&mut self) {
        self.folder.disable_cleanup(true);
    }

    /// Where logs and data are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A client of the first edge, without an account.
    pub fn rest(&self) -> Rest {
        Rest::new(&self.edges[0])
    }

    /// A client of the first edge that is the first administrator.
    pub async fn admin(&self) -> Rest {
        let token = self
            .admin
            .get_or_init(|| async {
                let login = serde_json::json!({"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD});
                self.rest()
                    .post("/v1/auth/login", &login)
                    .await
                    .expect(200)
                    .text_at("/accessToken")
            })
            .await;
        self.rest().with_token(token)
    }
}

impl Drop for Mesh {
    /// A failed test leaves its logs.
    fn drop(&mut self) {
        let is_whole = self.processes.len() == self.programs.len();
        let mut left = Vec::new();
        if is_whole && !self.leaves_events && !std::thread::panicking() {
            left = undrained(self.databases.clone());
        }
        self.kill_all();
        if std::thread::panicking() || !left.is_empty() {
            self.keep();
            eprint(&format!(
                "the logs of the {:?} mesh are in {}\n",
                self.kind,
                self.folder.path().display()
            ));
        }
        assert!(
            left.is_empty(),
            "the test ends, and there wait still:\n{}\nIf it means to, let it say mesh.leaves_events()",
            left.join("\n")
        );
    }
}

/// The events that wait after all patience. In a thread of its own: a test's runtime cannot be blocked on
/// from within.
fn undrained(databases: Databases) -> Vec<String> {
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a test can have a runtime more");
        runtime.block_on(databases.drained(DRAIN))
    });
    let drained = thread.join();
    drained.unwrap_or_else(|_| vec!["something that cannot be read".to_owned()])
}

fn eprint(text: &str) {
    use std::io::Write as _;
    // Nobody reads it when it cannot be written.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

fn folder() -> TempDir {
    tempfile::Builder::new()
        .prefix("tradewind-e2e-")
        .tempdir()
        .expect("a temporary folder can be made")
}

/// Variables that every mesh has: no rate limits, an administrator whose token outlives the tests, logs
/// that a person can read.
fn common(setup: &Setup) -> BTreeMap<&'static str, String> {
    let mut variables = BTreeMap::from([
        ("ACCESS_TOKEN_LIFETIME", "12h".to_owned()),
        ("ADMIN_EMAIL", ADMIN_EMAIL.to_owned()),
        ("ADMIN_PASSWORD", ADMIN_PASSWORD.to_owned()),
        ("AUDIT_SIGNING_KEY", AUDIT_KEY.to_owned()),
        ("EDGE_ADDRESS_LIMIT", "off".to_owned()),
        ("EDGE_USER_LIMIT", "off".to_owned()),
        ("EDGE_REFLECTION", "true".to_owned()),
        ("REGISTER_BURST", "1000000".to_owned()),
        ("LOGIN_ADDRESS_BURST", "1000000".to_owned()),
        ("LOGIN_ACCOUNT_BURST", "1000000".to_owned()),
    ]);
    if cfg!(debug_assertions) {
        // Such a build is slow, and is not to refuse anything for that.
        variables.insert("QUEUE_TARGET", "1s".to_owned());
    }
    variables.extend(setup.variables.iter().cloned());
    variables
}
