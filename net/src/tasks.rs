//! Work beside the calls: background loops, relays, and calls that must finish.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::secrets::masked;
use crate::start::StartError;

/// Where a service starts its background work. At shutdown calls are drained first, then loops
/// end, then relays.
#[derive(Clone, Debug)]
pub struct Tasks {
    owner: &'static str,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    started: watch::Sender<bool>,
    calls: TaskTracker,
    loops: Stage,
    relays: Stage,
    died: mpsc::UnboundedSender<StartError>,
    #[cfg(feature = "testing")]
    running: std::sync::Mutex<Vec<tokio::task::AbortHandle>>,
}

#[derive(Debug, Default)]
struct Stage {
    shutdown: CancellationToken,
    tracker: TaskTracker,
}

impl Stage {
    async fn stop(&self) {
        self.shutdown.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}

/// When a task may end.
#[derive(Clone, Copy, Debug)]
enum MayEnd {
    AtShutdown,
    AnyTime,
}

/// What is looked at time and again.
pub trait Look: Send + 'static {
    /// Looks, and tells what there is to see.
    fn look(&mut self) -> impl Future<Output = ()> + Send;
}

impl Tasks {
    /// The tasks of one process, and the news of those that died.
    pub(crate) fn new() -> (Tasks, mpsc::UnboundedReceiver<StartError>) {
        let (died, news) = mpsc::unbounded_channel();
        let shared = Shared {
            started: watch::channel(false).0,
            calls: TaskTracker::new(),
            loops: Stage::default(),
            relays: Stage::default(),
            died,
            #[cfg(feature = "testing")]
            running: std::sync::Mutex::default(),
        };
        (
            Tasks {
                owner: "",
                shared: Arc::new(shared),
            },
            news,
        )
    }

    /// The same tasks, as a service starts them.
    pub fn of(&self, owner: &'static str) -> Tasks {
        Tasks {
            owner,
            shared: self.shared.clone(),
        }
    }

    /// Starts a loop that runs until its token is cancelled. If it ends before, or panics, the
    /// process goes down with it.
    pub fn spawn<F, Fut>(&self, name: &'static str, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.spawn_in(&self.shared.loops, name, task, MayEnd::AtShutdown);
    }

    /// Starts a loop that looks at once, and again each time that `pause` is over.
    pub fn every(&self, pause: Duration, name: &'static str, mut eye: impl Look) {
        self.spawn(name, move |shutdown| async move {
            let looks = async {
                loop {
                    eye.look().await;
                    tokio::time::sleep(pause).await;
                }
            };
            shutdown.run_until_cancelled(looks).await;
        });
    }

    /// As `spawn`, for work that is over by itself when nobody needs it any more. Only a panic takes the
    /// process down.
    pub fn spawn_finite<F, Fut>(&self, name: &'static str, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        self.spawn_in(&self.shared.loops, name, task, MayEnd::AnyTime);
    }

    /// As `spawn`, for what must outlive everything that writes events: it starts once all
    /// services are built, and is cancelled last.
    pub fn spawn_relay<F, Fut>(&self, name: &'static str, task: F)
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let mut started = self.shared.started.subscribe();
        let relay = |shutdown: CancellationToken| async move {
            let wait = async { started.wait_for(|started| *started).await.is_ok() };
            if shutdown.run_until_cancelled(wait).await == Some(true) {
                task(shutdown).await;
            }
        };
        self.spawn_in(&self.shared.relays, name, relay, MayEnd::AtShutdown);
    }

    /// Runs a handler's steps to their end, also if the caller hangs up or the deadline passes;
    /// shutdown waits for them. The context that they need they bring along.
    pub async fn complete<F>(&self, steps: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let steps = self.shared.calls.spawn(steps);
        self.note(&steps);
        match steps.await {
            Ok(output) => output,
            // The panic layer of the call answers for it.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Only a runtime that is shutting down cancels: nobody is left to tell.
            Err(_) => std::future::pending().await,
        }
    }

    fn spawn_in<F, Fut>(&self, stage: &Stage, name: &'static str, task: F, may_end: MayEnd)
    where
        F: FnOnce(CancellationToken) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let (owner, died, shutdown) =
            (self.owner, self.shared.died.clone(), stage.shutdown.clone());
        let work = async move {
            let task = task(shutdown.clone());
            let lived = match may_end {
                MayEnd::AtShutdown => lives(owner, name, &shutdown, task).await,
                MayEnd::AnyTime => survives(owner, name, task).await,
            };
            if let Err(death) = lived {
                // Nobody listens any more when the process is already going down.
                let _ = died.send(death);
            }
        };
        let span =
            tracing::info_span!(parent: None, "task", service.name = owner, task.name = name);
        self.note(&stage.tracker.spawn(work.instrument(span)));
    }

    /// Remembers what a crash ends.
    #[cfg(feature = "testing")]
    fn note<T>(&self, task: &tokio::task::JoinHandle<T>) {
        let mut running = self.running();
        running.retain(|task| !task.is_finished());
        running.push(task.abort_handle());
    }

    #[cfg(not(feature = "testing"))]
    fn note<T>(&self, _: &tokio::task::JoinHandle<T>) {}

    /// Ends everything where it stands, as the death of the process does.
    #[cfg(feature = "testing")]
    pub fn crash(&self) {
        for task in self.running().drain(..) {
            task.abort();
        }
    }

    #[cfg(feature = "testing")]
    fn running(&self) -> std::sync::MutexGuard<'_, Vec<tokio::task::AbortHandle>> {
        let running = self.shared.running.lock();
        running.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Where the death of a task is told.
    pub(crate) fn report_death(&self) -> mpsc::UnboundedSender<StartError> {
        self.shared.died.clone()
    }

    /// All services are built: relays may publish.
    pub(crate) fn start_relays(&self) {
        self.shared.started.send_replace(true);
    }

    /// Waits for the steps of `complete`.
    pub(crate) async fn drain_calls(&self) {
        self.shared.calls.close();
        self.shared.calls.wait().await;
    }

    /// Ends the loops, and waits for them.
    pub(crate) async fn stop_loops(&self) {
        self.shared.loops.stop().await;
    }

    /// Ends the relays, and waits for them.
    pub(crate) async fn stop_relays(&self) {
        self.shared.relays.stop().await;
    }
}

/// Runs the `task` of a service, which has to live until `shutdown`. An end before that is an error, and
/// so is a panic.
pub(crate) async fn lives(
    service: &str,
    task: &str,
    shutdown: &CancellationToken,
    work: impl Future<Output = ()>,
) -> Result<(), StartError> {
    survives(service, task, work).await?;
    match shutdown.is_cancelled() {
        true => Ok(()),
        false => Err(died(service, task, "it returned before the shutdown")),
    }
}

/// Runs the `task` of a service to its end. A panic is an error.
async fn survives(
    service: &str,
    task: &str,
    work: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let outcome = AssertUnwindSafe(work).catch_unwind().await;
    outcome.map_err(|panic| {
        let why = format!("panicked: {}", panic_message(&*panic));
        died(service, task, &why)
    })
}

fn died(service: &str, task: &str, why: &str) -> StartError {
    StartError::TaskDied {
        service: service.to_owned(),
        task: task.to_owned(),
        why: why.to_owned(),
    }
}

/// The words of a panic, which may repeat what somebody sent: without what looks like a secret.
pub fn panic_message(panic: &(dyn Any + Send)) -> Cow<'_, str> {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    masked(words.unwrap_or("without words"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_loop_that_panics_is_reported() {
        let (tasks, mut died) = Tasks::new();
        tasks
            .of("svc-orders")
            .spawn("recovery", |_| async { panic!("out of luck") });
        let error = died.recv().await.unwrap();
        assert_eq!(
            error.to_string(),
            "the task recovery of svc-orders ended: panicked: out of luck"
        );
    }

    #[tokio::test]
    async fn only_work_that_is_finite_may_end_by_itself() {
        let (tasks, mut died) = Tasks::new();
        let tasks = tasks.of("edge");
        tasks.spawn_finite("answer", |_| async {});
        tasks.spawn_finite("question", |_| async { panic!("out of luck") });
        tasks.spawn("loop", |_| async {});
        let mut told =
            [died.recv().await.unwrap(), died.recv().await.unwrap()].map(|error| error.to_string());
        told.sort();
        assert_eq!(
            told,
            [
                "the task loop of edge ended: it returned before the shutdown",
                "the task question of edge ended: panicked: out of luck"
            ]
        );
        assert!(died.try_recv().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_eye_looks_at_once_and_after_each_pause_until_the_loops_end() {
        struct Eye(mpsc::UnboundedSender<tokio::time::Instant>);
        impl Look for Eye {
            async fn look(&mut self) {
                self.0.send(tokio::time::Instant::now()).unwrap();
            }
        }
        let (tasks, _died) = Tasks::new();
        let (seen, mut looks) = mpsc::unbounded_channel();
        let (began, pause) = (tokio::time::Instant::now(), Duration::from_secs(5));
        tasks.every(pause, "look", Eye(seen));
        for passed in 0..3 {
            assert_eq!(looks.recv().await, Some(began + passed * pause));
        }
        tasks.stop_loops().await;
        assert_eq!(looks.recv().await, None);
    }

    #[tokio::test]
    async fn steps_finish_although_their_caller_hung_up() {
        let (tasks, _died) = Tasks::new();
        let (release, released) = tokio::sync::oneshot::channel::<()>();
        let (done, finished) = tokio::sync::oneshot::channel::<()>();
        let steps = async move {
            released.await.unwrap();
            done.send(()).unwrap();
        };
        assert!(tasks.complete(steps).now_or_never().is_none());
        release.send(()).unwrap();
        tasks.drain_calls().await;
        finished.await.unwrap();
    }

    #[tokio::test]
    async fn relays_wait_for_the_start_and_outlive_loops() {
        let (tasks, _died) = Tasks::new();
        let (ran, mut runs) = mpsc::unbounded_channel();
        for (name, relay) in [("loop", false), ("relay", true)] {
            let ran = ran.clone();
            let task = move |shutdown: CancellationToken| async move {
                ran.send(name).unwrap();
                shutdown.cancelled().await;
                ran.send(name).unwrap();
            };
            if relay {
                tasks.spawn_relay(name, task)
            } else {
                tasks.spawn(name, task)
            }
        }
        assert_eq!(runs.recv().await, Some("loop"));
        tasks.start_relays();
        assert_eq!(runs.recv().await, Some("relay"));
        tasks.stop_loops().await;
        tasks.stop_relays().await;
        assert_eq!(
            (runs.recv().await, runs.recv().await),
            (Some("loop"), Some("relay"))
        );
    }
}
