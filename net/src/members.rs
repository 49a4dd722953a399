//! What serves in a process: started together, stopped in order.

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::http::{Limits, serve};
use crate::ops::Ops;
use crate::readiness::{Gate, Readiness};
use crate::start::StartError;
use crate::tasks::{Tasks, lives};
use crate::telemetry::Telemetry;

/// Loops and relays that do not end within this time are left behind.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// The servers of one process, its background work and its ops port. Add callees before callers:
/// members are stopped in the reverse order.
pub struct Members {
    telemetry: Telemetry,
    limits: Limits,
    drain_delay: Duration,
    readiness: Readiness,
    tasks: Tasks,
    died: mpsc::UnboundedReceiver<StartError>,
    members: Vec<Member>,
    ops: Option<(CancellationToken, JoinHandle<()>)>,
    start: Gate,
}

struct Member {
    drain: CancellationToken,
    ended: JoinHandle<()>,
}

impl Members {
    /// None yet. Within a Tokio runtime. Each port bears `limits`; `drain_delay` is the
    /// pause between being not ready and the end of accepting, for load balancers to notice.
    pub fn new(telemetry: Telemetry, limits: Limits, drain_delay: Duration) -> Members {
        let (tasks, died) = Tasks::new();
        let readiness = Readiness::default();
        Members {
            telemetry,
            limits,
            drain_delay,
            start: readiness.waits_for("the start of all services"),
            readiness,
            tasks,
            died,
            members: Vec::new(),
            ops: None,
        }
    }

    /// What the process waits for.
    pub fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Background work.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Everything ends where it stands, as when the process dies.
    #[cfg(feature = "testing")]
    pub fn crash(self) {
        self.tasks.crash();
        for member in self.members {
            member.ended.abort();
        }
    }

    /// How long what is under way may go on when it stops.
    pub fn drain_timeout(&self) -> Duration {
        self.limits.drain_timeout
    }

    /// Adds something that serves: `run` gets a token that is cancelled when it should drain, and
    /// completes when it has drained.
    pub fn add<F, Fut>(&mut self, name: &'static str, run: F)
    where
        F: FnOnce(CancellationToken) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let drain = CancellationToken::new();
        let running = run(drain.clone());
        self.add_running(name, drain, running);
    }

    /// As `add`, of what is served already: it completes when it has drained, after `drain` was
    /// cancelled.
    pub fn add_running<Fut>(&mut self, name: &'static str, drain: CancellationToken, running: Fut)
    where
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (died, draining) = (self.tasks.report_death(), drain.clone());
        let ended = tokio::spawn(async move {
            if let Err(death) = lives(name, "server", &draining, running).await {
                // Nobody listens any more when the process is already going down.
                let _ = died.send(death);
            }
        });
        self.members.push(Member { drain, ended });
    }

    /// Serves the ops port from now on.
    pub fn serve_ops(&mut self, listener: TcpListener) {
        let stop = CancellationToken::new();
        let limits = Limits {
            drain_timeout: Duration::from_secs(1),
            ..self.limits.clone()
        };
        let ended = tokio::spawn(serve(listener, self.ops(), limits, stop.clone()));
        self.ops = Some((stop, ended));
    }

    /// The answers of the ops port, for a port that serves them among others.
    pub fn ops(&self) -> Ops {
        Ops::new(self.readiness.clone(), self.telemetry.clone())
    }

    /// All members are there: starts the relays, and is ready when nothing is awaited any more.
    pub fn start(&mut self) {
        self.tasks.start_relays();
        // Its place is taken by a gate that holds nothing back.
        self.start = Readiness::default().waits_for("");
    }

    /// Starts the relays, and waits until nothing more is awaited than that it is all started; `false` if
    /// `stop` comes first.
    pub async fn prepare(&mut self, stop: impl Future<Output = ()>) -> Result<bool, StartError> {
        self.tasks.start_relays();
        tokio::select! {
            () = stop => Ok(false),
            Some(error) = self.died.recv() => Err(error),
            () = self.readiness.waits_only_for(&self.start) => Ok(true),
        }
    }

    /// Runs until `stop` or until a task dies, then stops in order: not ready, pause, members in
    /// reverse, steps under way, loops, relays.
    pub async fn run(mut self, stop: impl Future<Output = ()>) -> Result<(), StartError> {
        self.start();
        let result = tokio::select! {
            () = stop => Ok(()),
            Some(error) = self.died.recv() => Err(error),
        };
        if let Err(error) = &result {
            tracing::error!(%error, "the process goes down");
        }
        self.stop(result.is_ok()).await;
        result
    }

    /// Stops in order. With `gently` the drain delay is kept.
    pub async fn stop(self, gently: bool) {
        tracing::info!("stopping");
        self.readiness.drain();
        if gently {
            tokio::time::sleep(self.drain_delay).await;
        }
        for member in self.members.into_iter().rev() {
            member.drain.cancel();
            // It cannot fail: its panics are caught.
            let _ = member.ended.await;
        }
        let stages = async {
            self.tasks.drain_calls().await;
            self.tasks.stop_loops().await;
            self.tasks.stop_relays().await;
        };
        if tokio::time::timeout(STOP_TIMEOUT, stages).await.is_err() {
            tracing::warn!("background work did not end in time and is left behind");
        }
        if let Some((stop, ended)) = self.ops {
            stop.cancel();
            // As above.
            let _ = ended.await;
        }
    }
}
