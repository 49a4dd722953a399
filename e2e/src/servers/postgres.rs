//! A Postgres server of a test's own.

use std::{
    ffi::OsString,
    fs,
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::{MetadataExt as _, chown},
    path::{Path, PathBuf},
    process::Command,
};

use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Row as _};
use tempfile::TempDir;

use super::{PATIENCE, SmallDisk, variable};
use crate::{condition::eventually, ports::free_port, process::Process};

/// The account that it runs as where the tests are root, as which it refuses to.
const ACCOUNT: &str = "postgres";
/// Who may do everything. Whoever reaches the port may be anybody: nobody else knows it.
const OWNER: &str = "tradewind";

/// A Postgres server that writes durably, with its data in a folder of its own. Dropped, it is gone.
pub struct Postgres {
    /// `postgres://owner@host:port/postgres`
    pub url: String,
    port: u16,
    /// What its data are on, if that is not the folder's disk; unmounted before the folder goes.
    disk: Option<SmallDisk>,
    folder: TempDir,
    /// Further settings, as `name=value`.
    settings: Vec<String>,
    process: Option<Process>,
    /// Connections that are kept from others.
    taken: Vec<PgConnection>,
}

impl Postgres {
    /// Makes one and starts it.
    pub async fn new() -> Postgres {
        let mut server = Postgres::empty();
        let data = server.data().into_os_string();
        let words = ["--username", OWNER, "--auth", "trust", "--no-sync"];
        let words = words
            .into_iter()
            .chain(["--encoding", "UTF8", "--locale", "C.UTF-8"]);
        let mut arguments: Vec<OsString> = words.map(OsString::from).collect();
        arguments.extend(["--pgdata".into(), data]);
        run("initdb", arguments);
        server.start().await;
        server
    }

    /// Copies a server that runs, which then follows it as a standby of this name.
    pub async fn standby_of(primary: &Postgres, name: &str) -> Postgres {
        let mut server = Postgres::empty();
        let source = format!(
            "host=127.0.0.1 port={} user={OWNER} application_name={name}",
            primary.port
        );
        let data = server.data().into_os_string();
        let arguments: Vec<OsString> = vec![
            "--dbname".into(),
            source.into(),
            "--pgdata".into(),
            data,
            "--write-recovery-conf".into(),
            "--checkpoint".into(),
            "fast".into(),
            "--wal-method".into(),
            "stream".into(),
            "--no-sync".into(),
        ];
        run("pg_basebackup", arguments);
        server.start().await;
        server
    }

    fn empty() -> Postgres {
        // The server's account cannot get into the tests' own folders.
        let folder = tempfile::Builder::new()
            .prefix("tradewind-postgres-")
            .tempdir_in("/var/tmp")
            .expect("a temporary folder can be made");
        if let Some((user, group)) = account() {
            chown(folder.path(), Some(user), Some(group)).expect("root may");
        }
        let port = free_port();
        Postgres {
            url: format!("postgres://{OWNER}@127.0.0.1:{port}/postgres"),
            port,
            disk: None,
            folder,
            settings: Vec::new(),
            process: None,
            taken: Vec::new(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Its log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Adds a setting, which holds from the next start on.
    pub fn set(&mut self, name: &str, value: &str) {
        self.settings.push(format!("{name}={value}"));
    }

    /// Starts it, at the same address as before.
    pub async fn start(&mut self) {
        let mut arguments: Vec<OsString> = vec!["-D".into(), self.data().into_os_string()];
        let own = [
            "listen_addresses=127.0.0.1".to_owned(),
            format!("port={}", self.port),
            "unix_socket_directories=".to_owned(),
            "max_connections=400".to_owned(),
            "shared_buffers=128MB".to_owned(),
        ];
        for setting in own.iter().chain(&self.settings) {
            arguments.extend(["-c".into(), setting.into()]);
        }
        let (program, arguments) = as_owner("postgres", arguments);
        let none = std::iter::empty::<(&str, String)>();
        let process = Process::start("postgres", &program, arguments, none, &self.log());
        self.process = Some(process);
        let what = format!("Postgres takes connections (log {})", self.log().display());
        eventually(&what, PATIENCE, || async {
            self.ask("SELECT 1").await.ok()
        })
        .await;
    }

    /// SIGQUIT: an immediate shutdown, as after a crash. It is gone when this returns.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn stop_at_once(&mut self) {
        let mut process = self.process.take().expect("it runs");
        process.signal("QUIT");
        process.end(PATIENCE).await;
    }

    /// Sends it a signal by its name.
    ///
    /// # Panics
    /// When it does not run.
    pub fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    /// Moves its data to a disk that can be filled, while it does not run.
    pub fn move_to_small_disk(&mut self) -> &SmallDisk {
        let data = self.data();
        let disk = SmallDisk::under(&data);
        if let Some((user, group)) = account() {
            chown(&data, Some(user), Some(group)).expect("root may");
        }
        self.disk.insert(disk)
    }

    /// The disk that it was moved to.
    ///
    /// # Panics
    /// When it was not.
    pub fn disk(&self) -> &SmallDisk {
        self.disk.as_ref().expect("it was moved to one")
    }

    /// Starts it if it has ended by itself.
    pub async fn revive(&mut self) {
        let process = self.process.as_mut();
        if process.is_none_or(|process| process.ended().is_some()) {
            self.start().await;
        }
    }

    /// `ALTER SYSTEM` by this, such as `RESET synchronous_standby_names`, in force at once.
    ///
    /// # Panics
    /// When it does not run, or refuses.
    pub async fn alter(&self, setting: &str) {
        let statement = format!("ALTER SYSTEM {setting}");
        for statement in [&*statement, "SELECT pg_reload_conf()::text"] {
            let done = self.ask(statement).await;
            done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// A standby hears no more of what its primary writes.
    ///
    /// # Panics
    /// When it does not run, or goes on.
    pub async fn follow_nobody(&self) {
        self.alter("SET primary_conninfo = ''").await;
        let question = "SELECT count(*)::text FROM pg_stat_wal_receiver";
        eventually("it follows nobody", PATIENCE, || async {
            let receivers = self.ask(question).await.ok()?;
            (receivers == "0").then_some(())
        })
        .await;
    }

    /// Takes every connection that anybody may have but its owner, and ends those of others. Their
    /// number.
    ///
    /// # Panics
    /// When it does not run.
    pub async fn take_connections(&mut self) -> usize {
        // It is there already the second time.
        let _ = self.ask("CREATE ROLE hog LOGIN").await;
        let url = self.url.replace(OWNER, "hog");
        let others = "SELECT count(pg_terminate_backend(pid))::text FROM pg_stat_activity \
             WHERE backend_type = 'client backend' AND usename NOT IN ('hog', current_user)";
        // Some come back while the last ones are being taken.
        for _ in 0..5 {
            while let Ok(connection) = PgConnection::connect(&url).await {
                self.taken.push(connection);
            }
            self.ask(others).await.expect("its owner always gets in");
        }
        self.taken.len()
    }

    /// Ends what [`Postgres::take_connections`] took.
    pub fn give_connections_back(&mut self) {
        self.taken.clear();
    }

    /// Runs a statement, as who may do everything; the first column of its first row, as text.
    ///
    /// # Errors
    /// When the server is away or refuses.
    pub async fn ask(&self, statement: &str) -> Result<String, sqlx::Error> {
        // Whoever only listens does not answer.
        let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        drop(socket);
        let mut connection = PgConnection::connect(&self.url).await?;
        let statement = AssertSqlSafe(statement.to_owned());
        let row = sqlx::query(statement)
            .fetch_optional(&mut connection)
            .await?;
        let text = row.and_then(|row| row.try_get_unchecked::<String, _>(0).ok());
        Ok(text.unwrap_or_default())
    }
}

/// The id and the group of the server's account, where the tests run as root.
fn account() -> Option<(u32, u32)> {
    let own = fs::metadata("/proc/self").expect("Linux has it").uid();
    if own != 0 {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").expect("Linux has it");
    let line = users
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{ACCOUNT}:")));
    let mut fields = line
        .expect("the package of Postgres brings its account")
        .split(':')
        .skip(1);
    let mut number = || fields.next()?.parse().ok();
    Some((number()?, number()?))
}

/// A program of the server, as its account.
fn as_owner(program: &str, arguments: Vec<OsString>) -> (PathBuf, Vec<OsString>) {
    let path = Path::new(&variable("TEST_POSTGRES_BIN")).join(program);
    let Some((user, group)) = account() else {
        return (path, arguments);
    };
    let mut words: Vec<OsString> = vec![
        format!("--reuid={user}").into(),
        format!("--regid={group}").into(),
        "--init-groups".into(),
        path.into_os_string(),
    ];
    words.extend(arguments);
    (PathBuf::from("setpriv"), words)
}

/// Runs one of its programs to its end.
fn run(program: &str, arguments: Vec<OsString>) {
    let (path, arguments) = as_owner(program, arguments);
    let output = Command::new(path)
        .args(arguments)
        .current_dir("/")
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {errors}");
}
