//! How fast a method was at best of late: what has less time left than that cannot be done in time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::contract::{Contract, Method};

/// What was seen counts for one of these to two.
const WINDOW: Duration = Duration::from_secs(10);
const NONE: u64 = u64::MAX;

/// The fastest calls of each method.
pub(super) struct Paces {
    began: Instant,
    methods: HashMap<Arc<str>, Pace>,
}

/// Of one method, in microseconds.
struct Pace {
    window: AtomicU64,
    now: AtomicU64,
    before: AtomicU64,
}

impl Paces {
    pub(super) fn new(contract: &Contract) -> Paces {
        let unary = contract.methods().filter(|method| !method.is_streaming());
        let pace = || Pace {
            window: AtomicU64::new(0),
            now: AtomicU64::new(NONE),
            before: AtomicU64::new(NONE),
        };
        Paces {
            began: Instant::now(),
            methods: unary.map(|method| (method.name.clone(), pace())).collect(),
        }
    }

    /// The least time that a call of the method took; zero if there was none of late.
    pub(super) fn best(&self, method: &Method) -> Duration {
        let Some(pace) = self.current(method) else {
            return Duration::ZERO;
        };
        let (now, before) = (&pace.now, &pace.before);
        let best = now
            .load(Ordering::Relaxed)
            .min(before.load(Ordering::Relaxed));
        match best {
            NONE => Duration::ZERO,
            best => Duration::from_micros(best),
        }
    }

    /// A call of the method was done.
    pub(super) fn took(&self, method: &Method, time: Duration) {
        if let Some(pace) = self.current(method) {
            let time = u64::try_from(time.as_micros()).unwrap_or(NONE);
            pace.now.fetch_min(time, Ordering::Relaxed);
        }
    }

    fn current(&self, method: &Method) -> Option<&Pace> {
        let pace = self.methods.get(&method.name)?;
        let window = self.began.elapsed().as_secs() / WINDOW.as_secs();
        let order = Ordering::Relaxed;
        let known = pace.window.load(order);
        if window != known
            && pace
                .window
                .compare_exchange(known, window, order, order)
                .is_ok()
        {
            let last = pace.now.swap(NONE, order);
            let is_next = window == known + 1;
            pace.before.store(if is_next { last } else { NONE }, order);
        }
        Some(pace)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_best_of_late_counts_and_is_forgotten() {
        let contract = Contract::tradewind();
        let paces = Paces::new(&contract);
        let method = contract.methods().find(|one| !one.is_streaming()).unwrap();
        let best = || paces.best(method).as_millis();
        assert_eq!(best(), 0);
        paces.took(method, Duration::from_millis(40));
        paces.took(method, Duration::from_millis(70));
        assert_eq!(best(), 40);
        advance(WINDOW).await;
        paces.took(method, Duration::from_millis(70));
        assert_eq!(best(), 40);
        advance(WINDOW).await;
        assert_eq!(best(), 70);
        advance(2 * WINDOW).await;
        assert_eq!(best(), 0, "nobody knows");
    }
}
