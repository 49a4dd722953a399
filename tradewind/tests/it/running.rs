//! Commands beside a mesh that runs, whichever way it was started.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use runtime::services::SERVICES;
use tempfile::TempDir;

use super::{port_flags, text};

/// A user with a folder of what runs, and a folder to stand in.
pub(super) struct User(TempDir);

impl User {
    pub(super) fn new() -> User {
        let home = tempfile::tempdir().expect("a temporary folder can be made");
        fs::create_dir(home.path().join("elsewhere")).expect("it is ours");
        User(home)
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }

    /// A command in a folder that has nothing to do with the mesh's.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tradewind"));
        command
            .args(arguments)
            .current_dir(self.path().join("elsewhere"))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        let output = self.command(arguments).output();
        output.expect("tradewind is built")
    }

    /// Starts a mesh at any free ports, and waits until it says that it is ready.
    pub(super) fn up(&self, data_dir: &str) -> Mesh {
        let data_dir = self.path().join(data_dir);
        let mut child = self
            .command(&["up", "--data-dir", &data_dir.to_string_lossy()])
            .args(port_flags().flat_map(|flag| [flag, "0".to_owned()]))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("tradewind is built");
        let output = child.stdout.take().expect("it is a pipe");
        let mesh = Mesh(child);
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        let mut lines =
            lines.inspect(|line| assert!(!line.contains(".1:0"), "no port to call: {line}"));
        assert!(
            lines.any(|line| line.contains("grpcurl")),
            "it ended before it was ready"
        );
        mesh
    }

    /// The ports of the edges that are announced.
    fn edges(&self) -> Vec<String> {
        let folder = self.path().join(".local/state/tradewind/running");
        let files = fs::read_dir(folder).expect("a mesh was there").flatten();
        files
            .map(|file| fs::read_to_string(file.path()).expect("it is ours"))
            .map(|text| {
                let edge = text.split("\"edge\":\"127.0.0.1:").nth(1);
                let port = edge.and_then(|edge| edge.split('"').next());
                port.expect("it has an edge").to_owned()
            })
            .collect()
    }
}

/// Killed when it is dropped.
pub(super) struct Mesh(Child);

impl Drop for Mesh {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(super) fn succeeds(output: &Output) -> String {
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{said}{complained}");
    said
}

pub(super) fn fails(output: &Output) -> String {
    let (said, complained) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1), "{said}{complained}");
    complained
}

#[test]
fn commands_find_the_mesh_that_runs_wherever_its_data_and_its_ports_are() {
    let user = User::new();
    let mesh = user.up("real/data");
    assert_eq!(succeeds(&user.run(&["token"])).split('.').count(), 3);
    let told = succeeds(&user.run(&["remove-second-factor", "admin@tradewind.localhost"]));
    assert!(told.contains("password alone"), "{told}");
    let told = fails(&user.run(&["remove-second-factor", "nobody@tradewind.localhost"]));
    assert!(told.contains("no active account"), "{told}");
    let seeded = succeeds(&user.run(&["seed"]));
    assert!(
        seeded.contains("products") && !seeded.contains(" 0 new"),
        "{seeded}"
    );
    let letters = succeeds(&user.run(&["dead-letters", "list"]));
    assert_eq!(letters, "no dead letters\n");
    let status = succeeds(&user.run(&["status", "--once", "--every", "100ms"]));
    let lines = status.lines().filter(|line| line.contains("  ready  "));
    assert_eq!(lines.count(), SERVICES.len() + 1, "{status}");

    let sales = user.path().join("elsewhere/sales.csv");
    let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
    let line = "1,A,LAMP,1,2009-12-01 07:45:00,6.95,17850,France";
    fs::write(&sales, format!("{header}\n{line}\n")).expect("it is ours");
    let report = succeeds(&user.run(&["import", "sales.csv"]));
    assert!(report.contains("6.95 GBP"), "{report}");

    // What was left behind by its death leads nobody astray.
    drop(mesh);
    assert_eq!(user.edges().len(), 1);
    let told = fails(&user.run(&["token", "--patience", "0"]));
    assert!(
        told.contains("no such mesh") && told.contains("--data-dir"),
        "{told}"
    );
    assert!(user.edges().is_empty());
    let told = fails(&user.run(&["status", "--once"]));
    assert!(told.contains("no such mesh"), "{told}");
}

#[test]
fn a_wrong_guess_is_told_with_what_to_pass() {
    let user = User::new();
    let _first = user.up("first/data");
    let port = user.edges().remove(0);
    let edge = format!("http://127.0.0.1:{port}");

    // Another mesh's folder does not hold the keys to this one.
    let _second = user.up("second/data");
    let second = user.path().join("second/data");
    let told = fails(&user.run(&[
        "token",
        "--edge",
        &edge,
        "--data-dir",
        &second.to_string_lossy(),
    ]));
    assert!(told.contains("--data-dir"), "{told}");

    let told = fails(&user.run(&["token"]));
    for part in ["--edge", "--data-dir", &edge, "second/data"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    succeeds(&user.run(&["token", "--edge", &edge]));
    succeeds(&user.run(&["token", "--data-dir", &second.to_string_lossy()]));

    let told = fails(&user.run(&["dead-letters", "list", "--data-dir", "nowhere"]));
    for part in ["nowhere", "--data-dir", "--nats-url", "--database-url"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_mesh_beside_a_running_one_says_so_instead_of_a_taken_port_alone() {
    let user = User::new();
    let _mesh = user.up("real/data");
    let port = user.edges().remove(0);
    let told = fails(&user.run(&["up", "--ops-port", "0", "--edge-port", &port]));
    for part in ["--edge-port", &port, "A mesh is running there", "real/data"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn a_data_folder_has_one_mesh_at_a_time() {
    let user = User::new();
    let mesh = user.up("real/data");
    let folder = user.path().join("real/data");
    let folder = folder.to_string_lossy();
    let again = |home: &str| {
        let ports = port_flags().flat_map(|flag| [flag, "0".to_owned()]);
        let mut command = user.command(&["up", "--data-dir", &folder]);
        let command = command.args(ports).env("HOME", user.path().join(home));
        command.output().expect("tradewind is built")
    };
    let pid = mesh.0.id().to_string();
    let address = format!("http://127.0.0.1:{}", user.edges().remove(0));
    let told = fails(&again("."));
    for part in [&*folder, &address, &pid, "Stop it first", "--data-dir"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Also where nothing says which meshes run.
    let told = fails(&again("another-home"));
    for part in [&*folder, &pid, "Stop it first"] {
        assert!(told.contains(part), "{part}: {told}");
    }

    // It was killed: nothing stands in the way of the next.
    drop(mesh);
    user.up("real/data");
}

/// What is sent to the proxy that the commands are told of, which answers nothing.
struct Proxy(TcpListener);

impl Proxy {
    fn new() -> Proxy {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("it is a socket");
        Proxy(listener)
    }

    fn url(&self) -> String {
        format!("http://{}", self.0.local_addr().expect("it is bound"))
    }

    fn was_called(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[test]
fn the_operators_proof_leaves_the_machine_only_for_a_data_folder_that_is_named() {
    let user = User::new();
    let folder = user.path().join("elsewhere/.tradewind");
    fs::create_dir(&folder).expect("it is ours");
    let secret = format!("{}=", "A".repeat(43));
    fs::write(folder.join("signing-key-secret"), secret).expect("it is ours");
    let sales = user.path().join("elsewhere/sales.csv");
    let header = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country";
    fs::write(
        &sales,
        format!("{header}\n1,A,LAMP,1,2009-12-01,6.95,1,France\n"),
    )
    .expect("it too");

    let proxy = Proxy::new();
    let run = |arguments: &[&str]| {
        let mut command = user.command(arguments);
        command.args(["--patience", "0"]);
        // Whatever is sent anywhere else is sent here.
        let command = command.env("http_proxy", proxy.url());
        fails(&command.output().expect("tradewind is built"))
    };
    let elsewhere = ["--edge", "http://shop.example.com"];
    for command in [&["token"][..], &["seed"], &["import", "sales.csv"]] {
        let told = run(&[command, &elsewhere].concat());
        for part in ["shop.example.com", "--data-dir", "--email", "--password"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
    for here in ["http://127.0.0.1:9", "http://localhost:9", "http://[::1]:9"] {
        let told = run(&["token", "--edge", here]);
        assert!(told.contains("no such mesh"), "{told}");
    }
    assert!(!proxy.was_called());

    let mut command = user.command(&["token", "--data-dir", ".tradewind"]);
    let command = command.args(elsewhere).env("http_proxy", proxy.url());
    let mut command = Mesh(command.spawn().expect("tradewind is built"));
    while !proxy.was_called() {
        let ended = command.0.try_wait().expect("it is ours");
        assert!(ended.is_none(), "it ended and sent nothing");
        std::thread::sleep(Duration::from_millis(5));
    }
}
