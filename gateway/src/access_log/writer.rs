//! The thread that writes, and what is handed to it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use net::StartError;
use net::telemetry::Telemetry;
use opentelemetry::metrics::Counter;

use super::format::line;
use super::output::Output;
use super::record::Record;
use super::settings::{AccessLog, Format};

/// Records that wait at most: some megabytes.
const WAITING: usize = 4096;
/// Lines are written together up to so many bytes.
const BATCH: usize = 64 << 10;
/// So long the last ones may take when a process ends.
const PATIENCE: Duration = Duration::from_secs(2);

/// How lines look, and where they go.
pub(crate) struct Sink {
    format: Format,
    output: Output,
}

/// Takes records. When it is dropped, what it has taken is written.
pub(crate) struct Writer {
    /// Until it is dropped. Nothing is sent for the thread to see that there is another sink.
    records: Option<SyncSender<Option<Record>>>,
    /// The sink that takes the place of the one before.
    next: Arc<Mutex<Option<Sink>>>,
    /// Its other end is dropped with the thread.
    ended: Mutex<Receiver<()>>,
    lost: Counter<u64>,
}

impl Sink {
    const NOWHERE: Self = Self {
        format: Format::Off,
        output: Output::Nowhere,
    };

    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn open(settings: &AccessLog) -> Result<Self, StartError> {
        let path = settings.access_log_file.as_deref();
        match (settings.is_on(), path) {
            (false, None) => return Ok(Self::NOWHERE),
            (false, Some(_)) => {
                return Err(StartError::config(
                    "--access-log-file: say in which form, --access-log combined or json",
                ));
            }
            (true, _) => {}
        }
        let output = Output::open(path).map_err(|error| {
            let path = path.unwrap_or("standard output".as_ref()).display();
            StartError::config(format!("--access-log-file {path}: {error}"))
        })?;
        let format = settings.access_log;
        Ok(Self { format, output })
    }
}

impl Writer {
    /// One that writes nowhere yet.
    ///
    /// # Errors
    /// When there can be no thread.
    pub(crate) fn start(telemetry: &Telemetry) -> Result<Self, StartError> {
        let lost = telemetry
            .meter()
            .u64_counter("edge.access_log_lost")
            .with_description("Lines of the access log that were not written")
            .build();
        lost.add(0, &[]);
        let (records, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel::<()>(0);
        let (next, failed) = (Arc::<Mutex<Option<Sink>>>::default(), lost.clone());
        let sinks = next.clone();
        let started = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || {
                write(&waiting, &sinks, &failed);
                drop(end);
            });
        started.map_err(StartError::other)?;
        Ok(Self {
            records: Some(records),
            next,
            ended: Mutex::new(ended),
            lost,
        })
    }

    /// What is written from now on goes there, also of requests that began before.
    pub(crate) fn turn_to(&self, sink: Sink) {
        *lock(&self.next) = Some(sink);
        if let Some(records) = &self.records {
            // If too many wait, the thread will look anyway.
            let _ = records.try_send(None);
        }
    }

    pub(super) fn write(&self, record: Record) {
        let records = self.records.as_ref();
        if records.is_none_or(|records| records.try_send(Some(record)).is_err()) {
            self.lost.add(1, &[]);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.records = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the last lines of the access log were not written in time");
        }
    }
}

/// Until nobody has anything more to write.
fn write(waiting: &Receiver<Option<Record>>, next: &Mutex<Option<Sink>>, lost: &Counter<u64>) {
    let mut has_failed = false;
    let mut sink = Sink::NOWHERE;
    while let Ok(mut record) = waiting.recv() {
        let (mut lines, mut count) = (String::new(), 0);
        while let Some(known) = record {
            line(sink.format, &known, &mut lines);
            count += 1;
            record = match lines.len() < BATCH {
                true => waiting.try_recv().ok().flatten(),
                false => None,
            };
        }
        match sink.output.write(lines.as_bytes()) {
            Ok(()) => has_failed = false,
            Err(error) => {
                lost.add(count, &[]);
                if !has_failed {
                    tracing::error!(%error, "the access log cannot be written");
                }
                has_failed = true;
            }
        }
        if let Some(next) = lock(next).take() {
            sink = next;
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
