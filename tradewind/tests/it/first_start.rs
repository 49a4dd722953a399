//! The first administrator of `tradewind up`.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use super::port_flags;

const EMAIL: &str = "admin@tradewind.localhost";
const PASSWORD: &str = "seven green lamps";

/// A running `tradewind up`.
struct Up {
    process: Child,
    edge: String,
    /// What it printed until it was ready.
    text: String,
}

impl Drop for Up {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(data_dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tradewind"));
    command
        .current_dir(data_dir)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("DATA_DIR", data_dir.join("data"));
    command
}

/// Flags for ports that are free.
fn ports() -> Vec<String> {
    let free = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let sockets: Vec<_> = port_flags().map(|flag| (flag, free())).collect();
    let port = |socket: TcpListener| socket.local_addr().expect("it is bound").port();
    let flags = sockets.into_iter();
    let flags = flags.map(|(flag, socket)| [flag, port(socket).to_string()]);
    flags.flatten().collect()
}

impl Up {
    fn start(data_dir: &Path, more: &[(&str, &str)]) -> Up {
        // Somebody else may take a port between its choice and the start.
        let mut attempts = (0..5).map(|_| Self::attempt(data_dir, more));
        attempts.find_map(|up| up).expect("it starts")
    }

    fn attempt(data_dir: &Path, more: &[(&str, &str)]) -> Option<Up> {
        let ports = ports();
        let mut process = command(data_dir)
            .arg("up")
            .args(&ports)
            .envs(more.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("tradewind is built");
        let output = BufReader::new(process.stdout.take().expect("it is piped"));
        let mut up = Up {
            process,
            edge: format!("http://127.0.0.1:{}", ports[1]),
            text: String::new(),
        };
        for line in output.lines().map(|line| line.expect("it is text")) {
            up.text += &format!("{line}\n");
            // The last line of the welcome.
            if line.contains("grpcurl") {
                return Some(up);
            }
        }
        None
    }

    /// The token of the link.
    fn token(&self) -> Option<String> {
        let link = format!("{}/reset-password#token=", self.edge);
        let (_, rest) = self.text.split_once(&link)?;
        rest.split_whitespace().next().map(str::to_owned)
    }

    /// Status and JSON of a call.
    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let call = async {
            let client = reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("a client");
            let request = client.post(format!("{}{path}", self.edge)).json(body);
            let reply = request.send().await.expect("it answers");
            (reply.status().as_u16(), reply.json().await.expect("JSON"))
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.expect("a runtime").block_on(call)
    }

    fn login(&self, password: &str) -> u16 {
        let login = json!({"email": EMAIL, "password": password});
        self.post("/v1/auth/login", &login).0
    }

    fn reset(&self, token: &str, password: &str) -> (u16, Value) {
        let reset = json!({"token": token, "newPassword": password});
        self.post("/v1/auth/password:reset", &reset)
    }

    /// A command of the same folder: its standard output.
    fn run(&self, data_dir: &Path, command_name: &str) -> String {
        let arguments = [command_name, "--edge", &self.edge];
        let output = command(data_dir)
            .args(arguments)
            .output()
            .expect("tradewind is built");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{command_name}: {told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

/// Fails if a file of the folder has the text.
fn is_nowhere(text: &str, folder: &Path) {
    for entry in fs::read_dir(folder).expect("the folder is there").flatten() {
        let content = fs::read(entry.path()).expect("it is a file");
        let found = content
            .windows(text.len())
            .any(|window| window == text.as_bytes());
        assert!(!found, "{} has it", entry.path().display());
    }
}

#[test]
fn the_first_administrator_is_let_in_by_a_link_that_is_shown_once_and_kept_nowhere() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let data = folder.path().join("data");
    let first = Up::start(folder.path(), &[]);
    let old = first.token().expect("there is a link");
    is_nowhere(&old, &data);
    drop(first);

    // It was not used: there is another one.
    let second = Up::start(folder.path(), &[]);
    let token = second.token().expect("there is a link");
    assert_ne!(token, old);
    let (status, reply) = second.reset(&old, PASSWORD);
    assert_eq!(status, 401);
    assert!(reply.to_string().contains("RESET_TOKEN_INVALID"), "{reply}");
    assert_eq!(second.reset(&token, PASSWORD).0, 200);
    assert_eq!(second.login(PASSWORD), 200);
    assert_eq!(second.reset(&token, "another password").0, 401);
    is_nowhere(PASSWORD, &data);
    is_nowhere(&token, &data);
    drop(second);

    let third = Up::start(folder.path(), &[]);
    assert_eq!(third.token(), None);
    assert!(third.text.contains(EMAIL));
    assert_eq!(third.login(PASSWORD), 200);
}

#[test]
fn commands_of_the_same_folder_need_no_password() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let up = Up::start(folder.path(), &[]);
    let token = up.run(folder.path(), "token");
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    for expected in ["  0 were there", "  0 new"] {
        let told = up.run(folder.path(), "seed");
        let products = told.lines().find(|line| line.starts_with("products"));
        assert!(
            products.is_some_and(|line| line.contains(expected)),
            "{told}"
        );
    }
    assert!(
        up.token().is_some(),
        "the administrator has no password yet"
    );
}

#[test]
fn a_password_of_the_environment_needs_no_link() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let given = [("ADMIN_EMAIL", EMAIL), ("ADMIN_PASSWORD", PASSWORD)];
    let up = Up::start(folder.path(), &given);
    assert_eq!(up.token(), None);
    assert_eq!(up.login(PASSWORD), 200);
    is_nowhere(PASSWORD, &folder.path().join("data"));
}

#[test]
fn a_password_that_an_earlier_version_kept_is_removed_and_a_link_shown() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let kept = folder.path().join("data/administrator");
    let given = [("ADMIN_EMAIL", EMAIL), ("ADMIN_PASSWORD", "first password")];
    drop(Up::start(folder.path(), &given));
    fs::write(&kept, format!("{EMAIL}\nfirst password\n")).expect("it can be written");

    let up = Up::start(folder.path(), &[]);
    assert!(!kept.exists());
    assert_eq!(up.login("first password"), 200);
    let token = up
        .token()
        .expect("whoever knew it from the file alone has a link");
    assert_eq!(up.reset(&token, PASSWORD).0, 200);
    assert_eq!(up.login("first password"), 401);
}

#[test]
fn a_start_that_fails_on_a_busy_port_makes_no_administrator() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let mut ports = ports();
    let last = ports.len() - 1;
    ports[last] = port;
    let output = command(folder.path()).arg("up").args(&ports).output();
    let output = output.expect("tradewind is built");
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let mut kept: Vec<_> = fs::read_dir(folder.path().join("data"))
        .expect("the folder is there")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    kept.sort();
    let expected = [
        "audit-signing-key",
        "lock",
        "payment-token-secret",
        "signing-key-secret",
        "webhook-secret",
    ];
    assert_eq!(kept, expected, "no database, no account");
    assert!(Up::start(folder.path(), &[]).token().is_some());
}
