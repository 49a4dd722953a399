//! Load: many clients, and what they waited.

use std::{
    future::Future,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use futures::future::join_all;
use tokio::time::{Instant, sleep_until};

/// Latencies of the requests of one run.
pub(crate) struct Run {
    pub(crate) took: Duration,
    latencies: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Run {
    pub(crate) fn per_second(&self) -> f64 {
        self.latencies.len() as f64 / self.took.as_secs_f64()
    }

    /// The latency that a share of the requests (0.5, 0.99) did not exceed, in milliseconds.
    pub(crate) fn quantile(&self, share: f64) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
        sorted
            .get(index)
            .map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0)
    }

    pub(crate) fn count(&self) -> usize {
        self.latencies.len()
    }
}

/// As many requests as so many clients get done, each sending the next when the last is answered.
pub(crate) async fn closed<F>(clients: usize, time: Duration, request: impl Fn(usize) -> F) -> Run
where
    F: Future<Output = bool>,
{
    let start = Instant::now();
    let failed = AtomicUsize::new(0);
    let client = |number| {
        let (request, failed) = (&request, &failed);
        async move {
            let mut latencies = Vec::new();
            while start.elapsed() < time {
                let sent = Instant::now();
                if request(number).await {
                    latencies.push(sent.elapsed());
                } else {
                    failed.fetch_add(1, Ordering::Relaxed);
                }
            }
            latencies
        }
    };
    let latencies = join_all((0..clients).map(client)).await.concat();
    Run {
        took: start.elapsed(),
        latencies,
        failed: failed.into_inner(),
    }
}

/// So many requests a second, whether or not the last ones are answered. Latencies count from the
/// time at which a request was due.
pub(crate) async fn open<F>(per_second: f64, time: Duration, request: impl Fn(usize) -> F) -> Run
where
    F: Future<Output = bool>,
{
    let start = Instant::now();
    let failed = AtomicUsize::new(0);
    let count = (per_second * time.as_secs_f64()) as usize;
    let one = |number: usize| {
        let (request, failed) = (&request, &failed);
        async move {
            let due = start + Duration::from_secs_f64(number as f64 / per_second);
            sleep_until(due).await;
            let answered = request(number).await;
            if !answered {
                failed.fetch_add(1, Ordering::Relaxed);
            }
            answered.then(|| due.elapsed())
        }
    };
    let latencies = join_all((0..count).map(one))
        .await
        .into_iter()
        .flatten()
        .collect();
    Run {
        took: start.elapsed(),
        latencies,
        failed: failed.into_inner(),
    }
}

/// Processor time that a process has used so far.
pub(crate) fn processor_time(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |index: usize| {
        after_name
            .split_whitespace()
            .nth(index)
            .and_then(|text| text.parse::<u64>().ok())
    };
    // Fields 14 and 15 of proc(5), in hundredths of a second.
    let ticks = ticks(11).unwrap_or_default() + ticks(12).unwrap_or_default();
    Duration::from_millis(ticks * 10)
}

/// Resident memory of a process in MiB.
pub(crate) fn memory(process: u32) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.unwrap_or_default() / 1_024.0
}
