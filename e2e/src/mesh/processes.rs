//! The processes of a mesh: started, stopped, killed, and started again.

use std::{path::Path, process::ExitStatus, time::Duration};

use super::Mesh;
use crate::{condition::eventually, process::Process};

/// How long a mesh may take to be ready: in a debug build, on a machine that compiles beside it.
const START: Duration = Duration::from_secs(90);
/// How long a process may take to stop.
const STOP: Duration = Duration::from_secs(40);

impl Mesh {
    /// Waits until every process that was started is ready.
    pub async fn ready(&mut self) {
        for name in self.processes() {
            self.ready_of(&name).await;
        }
    }

    async fn ready_of(&mut self, name: &str) {
        let ops = &self.ops[name];
        let what = format!(
            "{name} is ready ({ops}/readyz, logs in {})",
            self.folder.path().display()
        );
        let url = format!("{ops}/readyz");
        let Some(process) = self.processes.get_mut(name) else {
            return;
        };
        let http = reqwest::Client::new();
        eventually(&what, START, || {
            if let Some(status) = process.ended() {
                panic!("{name} ended with {status}:\n{}", tail(&process.output()));
            }
            let request = http.get(&url).timeout(Duration::from_secs(2)).send();
            async move {
                let reply = request.await.ok();
                reply.filter(|it| it.status().is_success()).map(|_| ())
            }
        })
        .await;
    }

    /// Names of the processes of a program: `svc-orders` has `svc-orders-0` and `svc-orders-1`.
    pub fn replicas(&self, program: &str) -> Vec<String> {
        let prefix = format!("{program}-");
        self.programs
            .keys()
            .filter(|name| *name == program || name.starts_with(&prefix))
            .cloned()
            .collect()
    }

    /// Names of all processes.
    pub fn processes(&self) -> Vec<String> {
        self.programs.keys().cloned().collect()
    }

    /// A process that runs.
    pub fn process(&mut self, name: &str) -> &mut Process {
        self.processes
            .get_mut(name)
            .unwrap_or_else(|| panic!("{name} does not run"))
    }

    /// The id of a process that runs.
    pub fn id(&self, name: &str) -> u32 {
        self.processes[name].id()
    }

    /// SIGKILL of a process.
    pub fn kill(&mut self, name: &str) {
        self.process(name).kill();
        self.processes.remove(name);
    }

    /// SIGKILL of everything but the servers.
    pub fn kill_all(&mut self) {
        for (_, mut process) in std::mem::take(&mut self.processes) {
            process.kill();
        }
    }

    /// Starts a process that does not run, and waits until it is ready.
    pub async fn start_again(&mut self, name: &str) {
        let process = self.programs[name].start(name);
        self.processes.insert(name.to_owned(), process);
        self.ready_of(name).await;
    }

    /// Whether a process runs.
    pub fn is_running(&self, name: &str) -> bool {
        self.processes.contains_key(name)
    }

    /// Starts what does not run, and waits until everything is ready.
    pub async fn restart(&mut self) {
        self.start_all();
        self.ready().await;
    }

    /// Starts what does not run.
    pub fn start_all(&mut self) {
        for (name, program) in &self.programs {
            if !self.processes.contains_key(name) {
                self.processes.insert(name.clone(), program.start(name));
            }
        }
    }

    /// Changes a variable of all processes from their next start on.
    pub fn set(&mut self, name: &'static str, value: &str) {
        for program in self.programs.values_mut() {
            program.variables.insert(name, value.to_owned());
        }
    }

    /// Changes a variable of one process from its next start on.
    pub fn set_of(&mut self, process: &str, name: &'static str, value: String) {
        let program = self.programs.get_mut(process);
        let program = program.unwrap_or_else(|| panic!("there is no {process}"));
        program.variables.insert(name, value);
    }

    /// Runs a process from the binaries of a folder from its next start on, if it has them.
    pub fn take_from(&mut self, folder: &Path, process: &str) {
        let program = self.programs.get_mut(process);
        let program = program.unwrap_or_else(|| panic!("there is no {process}"));
        let binary = folder.join(program.binary.file_name().unwrap_or_default());
        if binary.is_file() {
            program.binary = binary;
        }
    }

    /// SIGTERM of a process, and its end.
    pub async fn stop(&mut self, name: &str) -> ExitStatus {
        let process = self.process(name);
        process.terminate();
        let status = process.end(STOP).await;
        self.processes.remove(name);
        status
    }

    /// A variable of a process.
    pub fn variable(&self, process: &str, name: &str) -> Option<&str> {
        let variables = &self.programs[process].variables;
        variables.get(name).map(String::as_str)
    }

    /// The variables of a process.
    pub fn variables(&self, process: &str) -> Vec<(&'static str, String)> {
        let variables = self.programs[process].variables.iter();
        variables
            .map(|(name, value)| (*name, value.clone()))
            .collect()
    }

    /// What a process wrote.
    pub fn log(&self, name: &str) -> String {
        let log = &self.programs[name].log;
        std::fs::read(log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(30)..].join("\n")
}
