//! How busy a service is: by how long its work waits for its turn, rather than by how much of it there is.
//!
//! Work waits for a thread and for a connection to the database. While it waits for longer than a target
//! on average of a tenth of a second, and of the one before, fewer calls may be under way at once than
//! there were, and while it does not, more, until there may be any number (additive increase and
//! multiplicative decrease, as of RFC 5681; the interval, and that a burst is no overload, are of RFC
//! 8289). Of those, the less important may have fewer, and so are refused first (Zhou et al., Overload
//! Control for Scaling WeChat Microservices, 2018). What is refused by how many there are keeps as many
//! under way as can be done; a share that is refused by chance would follow the queue with a delay, and
//! sometimes leave it empty. A queue that has built up empties with a delay, too: as long as it does, no
//! fewer calls may be under way than before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use opentelemetry::KeyValue;
use tokio::time::Instant;

use crate::contract::Priority;

/// By what part fewer calls may be under way after each interval in which work waited for too long.
const LESS: usize = 8;
/// And by what part more, and one, when it did not.
const MORE: usize = 16;
/// So many intervals without anything to do, and there may be any number.
const LONG: usize = 1024;

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
    /// Most calls under way in this interval.
    peak: AtomicUsize,
    /// How many there may be.
    limit: AtomicUsize,
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
            peak: AtomicUsize::new(0),
            limit: AtomicUsize::new(usize::MAX),
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

    /// Whether a call may begin that makes so many under way. So few may always be: otherwise it is the
    /// machine that is slow, and to refuse some would not make it faster.
    pub(crate) fn admits(&self, priority: Priority, number: usize, few: usize) -> bool {
        let Load(inner) = self;
        if inner.target.is_zero() || number <= part(few, Priority::Low) {
            return true;
        }
        inner.peak.fetch_max(number, Ordering::Relaxed);
        inner.advance();
        let limit = inner.limit.load(Ordering::Relaxed).max(few);
        number <= part(limit, priority)
    }

    /// Tells of it as a metric of this service.
    pub(crate) fn measure(&self, service: &'static str, telemetry: &net::telemetry::Telemetry) {
        let inner = Arc::downgrade(&self.0);
        let about = [
            "rpc.server.queue_time",
            "How long work waited for its turn, on average of a tenth of a second",
        ];
        telemetry.seconds(about, move |gauge| {
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
        });
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
        let (peak, limit) = (self.peak.swap(0, order), self.limit.load(order));
        let limit = match (is_long, is_growing) {
            (_, true) if peak > 0 => limit.min(peak) - limit.min(peak) / LESS,
            (true, _) => limit,
            // Also of intervals in which nothing happened since.
            (false, _) => (known..now)
                .take(LONG)
                .fold(limit, |limit, _| limit.saturating_add(limit / MORE + 1)),
        };
        self.limit.store(limit, order);
    }
}

/// Of so many calls, those that may be under way when one of this priority begins.
pub(crate) fn part(calls: usize, priority: Priority) -> usize {
    match priority {
        Priority::Low => (calls - calls / 4).max(1),
        Priority::Normal => calls,
        Priority::High => calls.saturating_add(calls / 4 + 1),
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
    const FEW: usize = 16;
    const LOW: Duration = Duration::from_millis(20);
    const TOO_LONG: Duration = Duration::from_millis(50);

    /// So many are under way, and wait for so long.
    async fn intervals(load: &Load, number: u32, calls: usize, wait: Duration) {
        for _ in 0..number {
            load.waited(Queue::Database, wait);
            load.admits(Priority::Low, calls, FEW);
            advance(INTERVAL).await;
        }
        load.0.advance();
    }

    /// How many of so many that begin one after the other may.
    fn admitted(load: &Load, calls: usize) -> [usize; 3] {
        let of = |priority| {
            let numbers = 1..=calls;
            numbers
                .filter(|number| load.admits(priority, *number, FEW))
                .count()
        };
        [Priority::Low, Priority::Normal, Priority::High].map(of)
    }

    #[tokio::test(start_paused = true)]
    async fn the_longer_work_waits_the_fewer_may_be_under_way_and_the_least_important_first() {
        let load = Load::new(LOW);
        assert_eq!(admitted(&load, 1000), [1000, 1000, 1000]);
        let mut seen = Vec::new();
        for _ in 0..3 {
            intervals(&load, 3, 400, TOO_LONG).await;
            seen.push(admitted(&load, 1000)[1]);
        }
        assert!(seen.is_sorted_by(|one, next| one > next), "{seen:?}");
        let [low, normal, high] = admitted(&load, 1000);
        assert_eq!((low, high), (normal - normal / 4, normal + normal / 4 + 1));
        intervals(&load, 100, 400, TOO_LONG).await;
        assert_eq!(admitted(&load, 1000), [12, 16, 21], "so few always");
        intervals(&load, 200, 10, LOW).await;
        assert_eq!(admitted(&load, 1000), [1000, 1000, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_is_emptied_and_one_that_is_short_refuse_nobody_else() {
        let load = Load::new(LOW);
        intervals(&load, 1, 900, Duration::from_secs(9)).await;
        assert_eq!(admitted(&load, 1000), [1000, 1000, 1000], "a burst");
        intervals(&load, 3, 900, Duration::from_secs(9)).await;
        let before = load.0.limit.load(Ordering::Relaxed);
        intervals(&load, 1, 900, Duration::from_millis(60)).await;
        intervals(&load, 1, 900, Duration::from_millis(30)).await;
        assert_eq!(load.0.limit.load(Ordering::Relaxed), before);
        intervals(&load, 100, 900, LOW).await;
        assert_eq!(admitted(&load, 1000), [1000, 1000, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_that_is_slow_with_little_to_do_refuses_nobody() {
        const LITTLE: usize = FEW - FEW / 4;
        let load = Load::new(LOW);
        for _ in 0..50 {
            load.waited(Queue::Threads, Duration::from_secs(1));
            assert_eq!(admitted(&load, LITTLE), [LITTLE; 3]);
            advance(INTERVAL).await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_rested_for_long_takes_any_number() {
        let load = Load::new(LOW);
        intervals(&load, 100, 400, TOO_LONG).await;
        advance(Duration::from_secs(60)).await;
        load.0.advance();
        assert_eq!(admitted(&load, 1000), [1000, 1000, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_target_nobody_is_refused() {
        let load = Load::default();
        intervals(&load, 50, 900, Duration::from_secs(9)).await;
        assert_eq!(admitted(&load, 1000), [1000, 1000, 1000]);
    }
}
