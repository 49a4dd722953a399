//! The thread that writes, and what is handed to it.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
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

/// Takes records. When it is dropped, what it has taken is written.
pub(crate) struct Writer {
    /// Until it is dropped.
    records: Option<SyncSender<Record>>,
    /// Its other end is dropped with the thread.
    ended: Mutex<Receiver<()>>,
    lost: Counter<u64>,
}

impl Writer {
    /// None, if nothing is to be written.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(crate) fn start(
        settings: &AccessLog,
        telemetry: &Telemetry,
    ) -> Result<Option<Self>, StartError> {
        let AccessLog {
            access_log,
            access_log_file,
        } = settings;
        let path = access_log_file.as_deref();
        match (access_log, path) {
            (Format::Off, None) => return Ok(None),
            (Format::Off, Some(_)) => {
                return Err(StartError::config(
                    "--access-log-file: say in which form, --access-log combined or json",
                ));
            }
            _ => {}
        }
        let output = Output::open(path).map_err(|error| {
            let path = path.unwrap_or("standard output".as_ref()).display();
            StartError::config(format!("--access-log-file {path}: {error}"))
        })?;
        let lost = telemetry
            .meter()
            .u64_counter("edge.access_log_lost")
            .with_description("Lines of the access log that were not written")
            .build();
        let (records, waiting) = sync_channel(WAITING);
        let (end, ended) = sync_channel::<()>(0);
        let (format, failed) = (*access_log, lost.clone());
        let started = thread::Builder::new()
            .name("access-log".to_owned())
            .spawn(move || {
                write(&waiting, format, output, &failed);
                drop(end);
            });
        started.map_err(StartError::other)?;
        Ok(Some(Self {
            records: Some(records),
            ended: Mutex::new(ended),
            lost,
        }))
    }

    pub(super) fn write(&self, record: Record) {
        let records = self.records.as_ref();
        if records.is_none_or(|records| records.try_send(record).is_err()) {
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
fn write(waiting: &Receiver<Record>, format: Format, mut output: Output, lost: &Counter<u64>) {
    let mut has_failed = false;
    while let Ok(first) = waiting.recv() {
        let (mut lines, mut count) = (String::new(), 0);
        let mut next = Some(first);
        while let Some(record) = next {
            line(format, &record, &mut lines);
            count += 1;
            next = match lines.len() < BATCH {
                true => waiting.try_recv().ok(),
                false => None,
            };
        }
        match output.write(lines.as_bytes()) {
            Ok(()) => has_failed = false,
            Err(error) => {
                lost.add(count, &[]);
                if !has_failed {
                    tracing::error!(%error, "the access log cannot be written");
                }
                has_failed = true;
            }
        }
    }
}
