//! The program `edge` as somebody runs it, with a file of configuration in front of a server of the
//! library.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output};
use std::sync::Mutex;

use serde_json::Value;
use tempfile::TempDir;

use crate::descriptors::library;
use crate::upstream::Upstream;
use crate::waiting::eventually;

/// A folder with the library's descriptors, a file of configuration, and what the program logs.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("library.binpb"), library(|text| text)).unwrap();
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// By renaming, so that nobody sees half of it.
    pub(crate) fn write(&self, name: &str, text: &str) {
        let new = self.path("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, self.path(name)).unwrap();
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_edge"));
        command.current_dir(&self.0).env_clear();
        command
    }
}

/// A running program.
pub(crate) struct Program {
    child: Child,
    ops: SocketAddr,
    log: PathBuf,
    pub(crate) address: SocketAddr,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

impl Program {
    /// With `edge.yaml` of the folder, or what it is a link to. Waits until it answers.
    pub(crate) async fn start(folder: &Folder) -> Self {
        Self::start_with(folder, &[]).await
    }

    /// With these variables of the environment.
    pub(crate) async fn start_with(folder: &Folder, variables: &[(&str, &Path)]) -> Self {
        let (address, ops, log) = (free_address(), free_address(), folder.path("log"));
        let child = folder
            .command()
            .args(["--config", "edge.yaml", "--edge-threads", "2"])
            .args(["--listen", &address.to_string()])
            .args(["--ops-listen", &ops.to_string()])
            .envs(variables.iter().copied())
            .stderr(File::create(&log).unwrap())
            .spawn()
            .unwrap();
        let program = Self {
            child,
            ops,
            log,
            address,
        };
        eventually(async || tokio::net::TcpStream::connect(address).await.is_ok()).await;
        program
    }

    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    pub(crate) fn terminate(&self) {
        self.signal("-TERM");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([name, &pid]).status();
        assert!(status.unwrap().success(), "{}", self.log());
    }

    /// Waits for its end.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let child = Mutex::new(&mut self.child);
        let status = || child.lock().unwrap().try_wait().unwrap();
        eventually(async || status().is_some()).await;
        status().expect("it has ended")
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) async fn metrics(&self) -> String {
        let metrics = reqwest::get(format!("http://{}/metrics", self.ops)).await;
        metrics.unwrap().text().await.unwrap()
    }

    /// How many configurations had that outcome.
    pub(crate) async fn reloads(&self, outcome: &str) -> u64 {
        let metrics = self.metrics().await;
        let of_it = |line: &&str| {
            line.starts_with("edge_config_reloads_total") && line.contains(&format!("{outcome:?}"))
        };
        let count = metrics
            .lines()
            .find(of_it)
            .and_then(|line| line.rsplit(' ').next());
        count.map_or(0, |count| count.parse().unwrap())
    }
}

/// A file of configuration in front of that server, which is looked at all the time; and more of it.
pub(crate) fn config(upstream: &Upstream, more: &str) -> String {
    format!(
        "descriptor-set: library.binpb\ndescriptor-refresh: 10ms\naddress-limit: off\n\
         upstream:\n  library.v1.Library: http://{}\n{more}",
        upstream.address
    )
}

/// What a GET is answered.
pub(crate) async fn get(url: String) -> (u16, Value) {
    let response = reqwest::get(url).await.unwrap();
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or_default())
}

/// A link to `name`, in the place of what was there.
pub(crate) fn link(folder: &Folder, name: &str, at: &Path) {
    let new = folder.path("new");
    std::os::unix::fs::symlink(name, &new).unwrap();
    std::fs::rename(new, at).unwrap();
}
