//! A process under test: its output goes to a file, and it does not outlive the tests.

use std::{
    ffi::OsStr,
    fs::File,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, ExitStatus, Stdio},
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use crate::condition::eventually;

/// A running program.
pub struct Process {
    /// What it is called in messages.
    pub name: String,
    /// What it wrote.
    pub log: PathBuf,
    child: Child,
}

/// Ends what is left over when the tests end, however they end: a shell that learns the ids of
/// all processes and kills those that are still running once its input closes.
static WARDEN: LazyLock<Mutex<ChildStdin>> = LazyLock::new(|| {
    let script = r#"
        pids=" "
        while read -r sign pid; do
            case $sign in
                +) pids="$pids$pid " ;;
                -) case $pids in *" $pid "*) pids="${pids%% $pid *} ${pids#* $pid }" ;; esac ;;
            esac
        done
        for pid in $pids; do kill -KILL "$pid" 2>/dev/null; done
    "#;
    #[expect(
        clippy::zombie_processes,
        reason = "it outlives this process, to clean up after it"
    )]
    let mut warden = Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .spawn()
        .expect("sh is everywhere");
    Mutex::new(warden.stdin.take().expect("its input is a pipe"))
});

fn tell_warden(sign: char, pid: u32) {
    let mut warden = WARDEN.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(warden, "{sign} {pid}").expect("the warden lives as long as the tests");
}

impl Process {
    /// Starts a program with these variables alone, besides PATH and HOME.
    pub fn start<'a>(
        name: &str,
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        variables: impl IntoIterator<Item = (&'a str, String)>,
        log: &Path,
    ) -> Process {
        let output = File::options().create(true).append(true).open(log);
        let output =
            output.unwrap_or_else(|error| panic!("cannot write {}: {error}", log.display()));
        let errors = output.try_clone().expect("a file can be opened twice");
        let kept = ["PATH", "HOME"]
            .into_iter()
            .filter_map(|name| Some((name, std::env::var_os(name)?)));
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(kept)
            .envs(variables)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()));
        tell_warden('+', child.id());
        Process {
            name: name.to_owned(),
            log: log.to_owned(),
            child,
        }
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("it is our child")
    }

    /// SIGKILL: it is gone when this returns.
    pub fn kill(&mut self) {
        if self.ended().is_none() {
            self.child.kill().expect("it is our child and runs");
            self.child.wait().expect("it was killed");
        }
        tell_warden('-', self.child.id());
    }

    /// SIGTERM: asks it to stop.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal by its name, such as `STOP`.
    pub fn signal(&self, name: &str) {
        let id = self.id().to_string();
        let status = Command::new("kill").args(["-s", name, &id]).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{} does not run any more",
            self.name
        );
    }

    /// Waits for its end.
    pub async fn end(&mut self, patience: Duration) -> ExitStatus {
        let what = format!("the end of {} ({})", self.name, self.log.display());
        eventually(&what, patience, || std::future::ready(self.ended())).await
    }

    /// What it wrote so far.
    pub fn output(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A binary of the workspace, built beside the test that asks.
///
/// # Panics
/// When it is not there.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a running program has a path");
    let folder = test.ancestors().find(|folder| folder.join(name).is_file());
    folder.map(|folder| folder.join(name)).unwrap_or_else(|| {
        panic!(
            "{name} is not built: cargo build --workspace --bins, or run the tests by `make test`"
        )
    })
}
