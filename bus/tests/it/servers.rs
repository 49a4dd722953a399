//! The NATS servers of the tests.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use bus::{Bus, JetStreamConfig};
use tempfile::TempDir;

use crate::PATIENCE;

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run the tests by `make test`, or start scripts/servers")
    })
}

/// A number that no other test has: the hasher's keys are random.
pub(crate) fn random() -> u128 {
    use std::hash::{BuildHasher, RandomState};
    let half = || u128::from(RandomState::new().hash_one(std::process::id()));
    (half() << 64) | half()
}

/// The shared server, with names of the test's own.
pub(crate) struct Place(JetStreamConfig);

impl Place {
    pub(crate) fn new() -> Self {
        let mut config = JetStreamConfig::new(variable("TEST_NATS_URL"));
        config.prefix = format!("test{:016x}", random() as u64);
        Self(config)
    }

    /// With members that are given up on soon.
    pub(crate) fn impatient() -> Self {
        let mut place = Self::new();
        place.0.ack_wait = std::time::Duration::from_millis(600);
        place
    }

    /// A connection of a process of its own.
    pub(crate) async fn connect(&self) -> Bus {
        let bus = Bus::jetstream(self.0.clone());
        ready(&bus).await;
        bus
    }
}

pub(crate) async fn ready(bus: &Bus) {
    let mut why = String::new();
    let wait = async {
        while let Err(waits_for) = bus.ready().await {
            why = waits_for;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let ready = tokio::time::timeout(PATIENCE, wait).await;
    assert!(ready.is_ok(), "the bus is not ready in time: {why}");
}

const LOG: &str = "nats.log";

/// A server of the test's own, to be killed.
pub(crate) struct Server {
    directory: TempDir,
    program: PathBuf,
    port: u16,
    process: Option<Child>,
}

impl Server {
    pub(crate) fn stopped() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let directory = tempfile::tempdir().expect("a place for temporary files");
        Self {
            directory,
            program: variable("TEST_NATS_SERVER").into(),
            port,
            process: None,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// With the name of a user.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        format!("nats://{user}:{password}@127.0.0.1:{}", self.port)
    }

    pub(crate) fn start(&mut self) {
        self.start_with("");
    }

    /// Starts it with these lines of configuration besides.
    pub(crate) fn start_with(&mut self, more: &str) {
        let file = self.directory.path().join("nats.conf");
        let store = self.directory.path().display();
        let config = format!(
            "listen: \"127.0.0.1:{}\"\njetstream {{ store_dir: \"{store}\", sync_interval: always }}\n{more}",
            self.port
        );
        std::fs::write(&file, config).expect("the configuration is written");
        let process = Command::new(&self.program)
            .arg("-c")
            .arg(&file)
            .arg("--log")
            .arg(self.directory.path().join(LOG))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.process = Some(process.expect("nats-server starts"));
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let file = self.directory.path().join(LOG);
        std::fs::read_to_string(file).expect("it has logged")
    }

    /// kill -9
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().expect("it can be killed");
            process.wait().expect("it ends");
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
