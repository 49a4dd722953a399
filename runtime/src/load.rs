//! How busy a service is: by how long its work waits for its turn, rather than by how much of it there is.
//!
//! Work waits for a thread and for a connection to the database. While it waits for longer than a target
//! on average of a tenth of a second, and of the one before, a growing share of what begins is refused,
//! the least important first; while it does not, a shrinking one (Zhou et al., Overload Control for
//! Scaling WeChat Microservices, 2018; the interval, and that a burst is no overload, are of RFC 8289). A
//! queue that has built up empties with a delay: as long as it does, no more is refused than before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use tokio::time::Instant;

use crate::contract::Priority;

/// Per cent of one priority's calls by which more, or fewer, are refused with each interval.
const RISE: u32 = 20;
const FALL: u32 = 10;
/// All calls of all priorities.
const MOST: u32 = 300;

/// What work waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queue {
    /// A thread that looks at a request which has come.
    Threads,
    /// A connection to the database.
    Database,
}

impl Queue {
    const ALL: [(Queue, &str); 2] = [(Queue::Threads, "threads"), (Queue::Database, "database")];
}

/// How busy a service is. Clones are of the same service.
#[derive(Clone, Debug)]
pub struct Load(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    target: Duration,
    began: Instant,
    /// Which tenth of a second it is.
    interval: AtomicU64,
    waits: [Waits; Queue::ALL.len()],
    /// Whether there was much work in this interval.
    is_much: AtomicBool,
    /// Per cent of the calls that are refused: the first hundred of low priority, and so on.
    pressure: AtomicU32,
    /// Calls of each priority that were judged.
    judged: [AtomicU32; 3],
}

/// What was waited in one queue, in microseconds.
#[derive(Debug, Default)]
struct Waits {
    sum: AtomicU64,
    count: AtomicU64,
    /// On average of the last interval.
    last: AtomicU64,
}

impl Default for Load {
    /// Of what is never too busy.
    fn default() -> Load {
        Load::new(Duration::ZERO)
    }
}

impl Load {
    /// Of a service whose work is to wait for no longer than this on average; zero: for any time.
    pub fn new(target: Duration) -> Load {
        Load(Arc::new(Inner {
            target,
            began: Instant::now(),
            interval: AtomicU64::new(0),
            waits: Default::default(),
            is_much: AtomicBool::new(false),
            pressure: AtomicU32::new(0),
            judged: Default::default(),
        }))
    }

    /// Waits from now on until what it gives is dropped.
    pub fn wait(&self, queue: Queue) -> Waiting<'_> {
        Waiting {
            load: self,
            queue,
            since: Instant::now(),
        }
    }

    /// Work has waited.
    pub(crate) fn waited(&self, queue: Queue, time: Duration) {
        let Load(inner) = self;
        if inner.target.is_zero() {
            return;
        }
        inner.advance();
        let waits = &inner.waits[queue as usize];
        let time = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        waits.sum.fetch_add(time, Ordering::Relaxed);
        waits.count.fetch_add(1, Ordering::Relaxed);
    }

    /// There is so much work that it may be too much: otherwise it is the machine that is slow, and to
    /// refuse some of it would not make it faster.
    pub(crate) fn has_many(&self) {
        let Load(inner) = self;
        inner.is_much.store(true, Ordering::Relaxed);
    }

    /// Whether a call may begin.
    pub(crate) fn admits(&self, priority: Priority) -> bool {
        let Load(inner) = self;
        if inner.pressure.load(Ordering::Relaxed) == 0 {
            return true;
        }
        inner.advance();
        let pressure = inner.pressure.load(Ordering::Relaxed);
        let refused = pressure.saturating_sub(100 * priority as u32).min(100);
        // Spread evenly: 61 and 100 have no factor in common.
        let before = inner.judged[priority as usize].fetch_add(1, Ordering::Relaxed);
        before.wrapping_add(1).wrapping_mul(61) % 100 >= refused
    }

    /// Tells of it as a metric of this service.
    pub(crate) fn measure(&self, service: &'static str, telemetry: &net::telemetry::Telemetry) {
        let inner = Arc::downgrade(&self.0);
        telemetry
            .meter()
            .f64_observable_gauge("rpc.server.queue_time")
            .with_unit("s")
            .with_description(
                "How long work waited for its turn, on average of a tenth of a second",
            )
            .with_callback(move |gauge| {
                let Some(inner) = inner.upgrade() else { return };
                inner.advance();
                for (queue, name) in Queue::ALL {
                    let last = inner.waits[queue as usize].last.load(Ordering::Relaxed);
                    let labels = [
                        KeyValue::new("service.name", service),
                        KeyValue::new("queue", name),
                    ];
                    gauge.observe(Duration::from_micros(last).as_secs_f64(), &labels);
                }
            })
            .build();
    }
}

impl Inner {
    /// Draws its conclusions from the intervals that are over.
    fn advance(&self) {
        let elapsed = self.began.elapsed();
        let now = elapsed.as_secs() * 10 + u64::from(elapsed.subsec_millis()) / 100;
        let known = self.interval.load(Ordering::Relaxed);
        let order = Ordering::Relaxed;
        if now == known
            || self
                .interval
                .compare_exchange(known, now, order, order)
                .is_err()
        {
            return;
        }
        let target = u64::try_from(self.target.as_micros()).unwrap_or(u64::MAX);
        let (mut is_long, mut is_growing) = (false, false);
        for waits in &self.waits {
            let (sum, count) = (waits.sum.swap(0, order), waits.count.swap(0, order));
            let average = sum / count.max(1);
            let before = waits.last.swap(average, order);
            is_long |= average > target;
            is_growing |= average >= before && before > target;
        }
        // Intervals in which nothing happened since.
        let idle = u32::try_from(now - known - 1).unwrap_or(u32::MAX);
        let pressure = self.pressure.load(order);
        is_growing &= self.is_much.swap(false, order);
        let pressure = match (is_long, is_growing) {
            (_, true) => (pressure + RISE).min(MOST),
            (true, false) => pressure,
            (false, false) => pressure.saturating_sub(FALL),
        };
        self.pressure
            .store(pressure.saturating_sub(idle.saturating_mul(FALL)), order);
    }
}

/// Work that waits for its turn until this is dropped.
#[derive(Debug)]
pub struct Waiting<'a> {
    load: &'a Load,
    queue: Queue,
    since: Instant,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.load.waited(self.queue, self.since.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const INTERVAL: Duration = Duration::from_millis(100);

    async fn intervals(load: &Load, number: u32, wait: Duration) {
        for _ in 0..number {
            load.waited(Queue::Database, wait);
            load.has_many();
            advance(INTERVAL).await;
        }
        load.0.advance();
    }

    fn admitted(load: &Load) -> [usize; 3] {
        let of = |priority| (0..100).filter(|_| load.admits(priority)).count();
        [Priority::Low, Priority::Normal, Priority::High].map(of)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_work_waits_the_more_is_refused_and_the_least_important_first() {
        let load = Load::new(Duration::from_millis(20));
        assert_eq!(admitted(&load), [100, 100, 100]);
        let mut seen = Vec::new();
        for _ in 0..4 {
            intervals(&load, 5, Duration::from_millis(50)).await;
            seen.push(admitted(&load));
        }
        assert_eq!(seen, [[20, 100, 100], [0, 20, 100], [0, 0, 20], [0, 0, 0]]);
        advance(15 * INTERVAL).await;
        assert_eq!(admitted(&load), [0, 50, 100], "it has recovered by half");
        advance(15 * INTERVAL).await;
        assert_eq!(admitted(&load), [100, 100, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_emptied_and_one_that_is_short_refuse_nobody_else() {
        let load = Load::new(Duration::from_millis(20));
        intervals(&load, 1, Duration::from_secs(9)).await;
        assert_eq!(admitted(&load), [100, 100, 100], "a burst");
        intervals(&load, 3, Duration::from_secs(9)).await;
        let before = load.0.pressure.load(Ordering::Relaxed);
        intervals(&load, 1, Duration::from_millis(60)).await;
        intervals(&load, 1, Duration::from_millis(30)).await;
        assert_eq!(load.0.pressure.load(Ordering::Relaxed), before);
        intervals(&load, 100, Duration::from_millis(20)).await;
        assert_eq!(admitted(&load), [100, 100, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_is_slow_with_little_to_do_refuses_nobody() {
        let load = Load::new(Duration::from_millis(20));
        for _ in 0..50 {
            load.waited(Queue::Threads, Duration::from_secs(1));
            advance(INTERVAL).await;
        }
        assert_eq!(admitted(&load), [100, 100, 100]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_target_nobody_is_refused() {
        let load = Load::default();
        intervals(&load, 50, Duration::from_secs(9)).await;
        assert_eq!(admitted(&load), [100, 100, 100]);
    }
}
