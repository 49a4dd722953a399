//! docs/GATEWAY.md as somebody follows it who has a server in Python and no Tradewind: its files, its
//! commands, what it says that they print, and its page in a browser. What a fenced block is stands behind
//! its language: the name of a file, or of a program that keeps running. An `example` is not for following.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Output,
    sync::LazyLock,
    time::Duration,
};

use e2e::{
    browser::Browser,
    condition::eventually,
    grpc::tool,
    ports::free_port,
    process::{Process, binary},
};
use regex::{Captures, Regex};
use serde_json::json;
use tempfile::TempDir;
use tokio::{net::TcpStream, process::Command, time::timeout};

const PAGE: &str = include_str!("../../../docs/GATEWAY.md");
const PATIENCE: Duration = Duration::from_secs(60);

/// The ports that the page names, and by which of its programs they are opened.
const PORTS: [(&str, &str); 4] = [
    ("50051", "server"),
    ("8080", "gateway"),
    ("9080", "ops"),
    ("8000", "page"),
];

struct Block<'a> {
    language: &'a str,
    /// What stands behind it.
    name: &'a str,
    text: &'a str,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    let fenced = page.split("\n```").skip(1).step_by(2);
    fenced.filter_map(Block::read).collect()
}

impl<'a> Block<'a> {
    fn read(fenced: &'a str) -> Option<Self> {
        let (words, text) = fenced.split_once('\n')?;
        let (language, name) = words.split_once(' ').unwrap_or((words, ""));
        Some(Block {
            language,
            name,
            text,
        })
    }
}

/// Somebody's folder and terminals.
struct Desk {
    folder: TempDir,
    path: String,
    /// Free ones, by the page's.
    ports: BTreeMap<&'static str, u16>,
    running: Vec<Process>,
}

impl Desk {
    /// With the tools that the page asks for.
    fn new() -> Desk {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let bin = folder.path().join("bin");
        let python = tool("grpcio-python");
        fs::create_dir(&bin).expect("the folder is ours");
        let script = format!("#!/bin/sh\nexec \"{}\" \"$@\"\n", python.display());
        fs::write(bin.join("python"), script).expect("the folder is ours");
        fs::set_permissions(bin.join("python"), Permissions::from_mode(0o755)).expect("it is ours");
        let beside = |file: PathBuf| file.parent().unwrap_or(Path::new("")).display().to_string();
        let folders = [
            bin.display().to_string(),
            beside(binary("tradewind")),
            beside(tool("grpcurl")),
            std::env::var("PATH").unwrap_or_default(),
        ];
        Desk {
            folder,
            path: folders.join(":"),
            ports: PORTS.map(|(port, _)| (port, free_port())).into(),
            running: Vec::new(),
        }
    }

    fn port(&self, program: &str) -> u16 {
        let named = PORTS.iter().find(|(_, name)| *name == program);
        let named = named.unwrap_or_else(|| panic!("{program} opens no port that is known"));
        self.ports[named.0]
    }

    /// The page as it is where its ports are taken.
    fn page(&self) -> String {
        let ports = PORTS.map(|(port, _)| port).join("|");
        let ports = Regex::new(&format!("\\b({ports})\\b")).expect("a pattern");
        let free = |found: &Captures<'_>| self.ports[&found[0]].to_string();
        ports.replace_all(PAGE, free).into_owned()
    }

    /// Starts a program in a terminal of its own, and waits until it listens.
    async fn start(&mut self, name: &str, command: &str) {
        let folder = self.folder.path();
        let script = format!("cd '{}' && exec {command}", folder.display());
        let log = folder.join(format!("{name}.log"));
        let [own, gateway, ops] =
            [name, "gateway", "ops"].map(|program| format!("127.0.0.1:{}", self.port(program)));
        // The command says neither of these two: they are the defaults, elsewhere.
        let variables = [
            ("PATH", self.path.clone()),
            ("LISTEN", gateway),
            ("OPS_LISTEN", ops),
        ];
        let bash = Path::new("bash");
        let program = Process::start(name, bash, ["-c", &script], variables, &log);
        self.running.push(program);
        let listening = format!("{name} on its port ({})", log.display());
        eventually(&listening, PATIENCE, async || {
            TcpStream::connect(&own).await.ok()
        })
        .await;
    }

    /// Runs commands to their end; what they print.
    async fn run(&self, commands: &str) -> String {
        let Output {
            status,
            stdout,
            stderr,
        } = self.output(commands).await;
        let [said, errors] =
            [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
        assert!(status.success(), "{commands}: {status}\n{said}{errors}");
        said
    }

    async fn output(&self, commands: &str) -> Output {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", commands])
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", &self.path)
            .kill_on_drop(true);
        let output = timeout(PATIENCE, bash.output()).await;
        let output = output.unwrap_or_else(|_| panic!("{commands}: not within {PATIENCE:?}"));
        output.expect("bash is everywhere")
    }

    /// The packages that are installed by hand are those that `scripts/tools` installs.
    async fn has_packages(&self, commands: &str) {
        let (_, packages) = commands
            .split_once("pip install")
            .expect("packages are named");
        let found =
            "import sys, importlib.metadata as of; [of.version(name) for name in sys.argv[1:]]";
        self.run(&format!("python -c '{found}' {packages}")).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_gets_from_a_python_server_to_a_page_in_a_browser() {
    let mut desk = Desk::new();
    let page = desk.page();
    let mut blocks = blocks(&page).into_iter().peekable();
    let mut compared = 0;
    while let Some(Block {
        language,
        name,
        text,
    }) = blocks.next()
    {
        match (language, name) {
            ("toml", _) | ("sh", "example") => {}
            ("sh", "install") => desk.has_packages(text).await,
            ("sh", "") => {
                let said = desk.run(text).await;
                if let Some(expected) = blocks.next_if(|block| block.language == "text") {
                    assert_eq!(said.trim_end(), expected.text.trim_end(), "{text}");
                    compared += 1;
                }
            }
            ("sh", program) => desk.start(program, text).await,
            (_, file) => {
                fs::write(desk.folder.path().join(file), text).expect("the folder is ours")
            }
        }
    }
    assert!(compared >= 3, "{compared} outputs were compared");

    let mut browser = Browser::start().await;
    browser
        .open(&format!("http://localhost:{}", desk.port("page")))
        .await;
    let shown = browser
        .eventually(
            "document.querySelectorAll('#stream li').length === 3 \
             && [...document.querySelectorAll('#reply, #stream li')].map((it) => it.textContent)",
        )
        .await;
    let greetings = ["Hello", "Hello", "Bonjour", "Hola"].map(|word| format!("{word}, Ada!"));
    assert_eq!(shown, json!(greetings));
    let docs = format!("http://localhost:{}/docs#greet", desk.port("gateway"));
    browser.open(&docs).await;
    browser.fill("#greet form.try input", "Grace").await;
    browser.click("#greet form.try button").await;
    let reply = "document.querySelector('#greet form.try pre')?.textContent";
    let reply = browser.eventually(reply).await;
    assert!(reply.to_string().contains("Hello, Grace!"), "{reply}");
    assert_eq!(browser.complaints, Vec::<String>::new());
    browser.close().await;
}

#[tokio::test]
async fn the_manifest_of_the_page_is_valid() {
    let desk = Desk::new();
    let blocks = blocks(PAGE);
    let manifest = blocks.iter().find(|block| block.name == "deployment.yaml");
    let manifest = manifest.expect("it is on the page").text;
    fs::write(desk.folder.path().join("it.yaml"), manifest).expect("the folder is ours");
    desk.run("kubernetes-validate --strict it.yaml").await;
}

#[tokio::test]
async fn every_flag_of_the_page_is_one_of_the_gateway() {
    static FLAG: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("(?:^|[^A-Za-z0-9_-])(--[a-z][a-z_-]*)").expect("a pattern"));
    let flags = |text: &str| -> BTreeSet<String> {
        let found = FLAG.captures_iter(text);
        found.map(|flag| flag[1].to_owned()).collect()
    };
    let known = flags(&Desk::new().run("tradewind edge --help").await);
    // Those of protoc have a `_`, and one is cargo's.
    let is_another = |flag: &str| flag.contains('_') || flag == "--path";
    let named = flags(PAGE);
    let mut unknown = named.difference(&known).filter(|flag| !is_another(flag));
    assert_eq!(unknown.next(), None, "{known:?}");
}
