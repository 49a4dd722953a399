//! How many calls may be tried again: a share of the calls there are, and some a second, so that retries
//! never become the load that keeps an upstream down (Finagle, `RetryBudget`; gRFC A6, throttling).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use net::telemetry::Telemetry;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Counter};
use tokio::time::Instant;

use crate::config::Retries;

/// For so many seconds counts what was saved up.
const WINDOW: usize = 10;
/// A call, in hundredths.
const CALL: i64 = 100;

/// The budgets of all threads.
pub(crate) struct Budgets {
    counted: Counter<u64>,
    open: Mutex<Vec<(String, Weak<Mutex<Budget>>)>>,
}

impl Budgets {
    pub(crate) fn new(telemetry: &Telemetry) -> Arc<Self> {
        let meter = telemetry.meter();
        let counted = meter.u64_counter("edge.retries");
        let counted = counted
            .with_description("Calls that were lost, or pushed back, and might be made again");
        let budgets = Arc::new(Self {
            counted: counted.build(),
            open: Mutex::default(),
        });
        let about = [
            "edge.retry_budget",
            "{call}",
            "Calls that may be made once more at this moment",
        ];
        telemetry.gauge_of(about, &budgets, |budgets, gauge| budgets.tell(gauge));
        budgets
    }

    /// One more for calls of this upstream.
    pub(crate) fn open(&self, retries: &Retries, upstream: &str) -> RetryBudget {
        let labels = |outcome| {
            let upstream = KeyValue::new("upstream", upstream.to_owned());
            [upstream, KeyValue::new("outcome", outcome)]
        };
        let (made, over) = (labels("made"), labels("over_budget"));
        for labels in [&made, &over] {
            self.counted.add(0, labels);
        }
        let budget = Arc::new(Mutex::new(Budget::new(retries)));
        let mut open = lock(&self.open);
        open.retain(|(_, budget)| budget.strong_count() > 0);
        open.push((upstream.to_owned(), Arc::downgrade(&budget)));
        RetryBudget {
            budget,
            counted: self.counted.clone(),
            made,
            over,
        }
    }

    fn tell(&self, gauge: &dyn AsyncInstrument<u64>) {
        let mut left = BTreeMap::<_, u64>::new();
        for (upstream, budget) in &*lock(&self.open) {
            if let Some(budget) = budget.upgrade() {
                *left.entry(upstream.clone()).or_default() += lock(&budget).left();
            }
        }
        for (upstream, calls) in left {
            gauge.observe(calls, &[KeyValue::new("upstream", upstream)]);
        }
    }
}

/// One thread's budget for one upstream.
pub(crate) struct RetryBudget {
    budget: Arc<Mutex<Budget>>,
    counted: Counter<u64>,
    made: [KeyValue; 2],
    over: [KeyValue; 2],
}

impl RetryBudget {
    /// A call is made for the first time.
    pub(crate) fn deposit(&self) {
        lock(&self.budget).deposit();
    }

    /// Whether a call may be made once more.
    pub(crate) fn withdraw(&self) -> bool {
        let may = lock(&self.budget).withdraw();
        self.counted
            .add(1, if may { &self.made } else { &self.over });
        may
    }
}

/// In hundredths of a call.
struct Budget {
    /// What each call adds.
    share: i64,
    /// What there is without any.
    reserve: i64,
    /// What each of the last seconds added, less what it took.
    saved: [i64; WINDOW],
    began: Instant,
    /// Which second since then is the last of them.
    second: usize,
}

impl Budget {
    fn new(retries: &Retries) -> Self {
        Self {
            share: retries.retry_percent.into(),
            reserve: i64::from(retries.retries_per_second) * CALL * WINDOW as i64,
            saved: [0; WINDOW],
            began: Instant::now(),
            second: 0,
        }
    }

    fn deposit(&mut self) {
        let share = self.share;
        *self.now() += share;
    }

    fn withdraw(&mut self) -> bool {
        let may = self.left() > 0;
        if may {
            *self.now() -= CALL;
        }
        may
    }

    /// How many calls it is enough for.
    fn left(&mut self) -> u64 {
        self.now();
        let saved = self.reserve + self.saved.iter().sum::<i64>();
        u64::try_from(saved / CALL).unwrap_or_default()
    }

    /// The second that it is; what lies before the window is forgotten.
    fn now(&mut self) -> &mut i64 {
        let second = self.began.elapsed().as_secs() as usize;
        for passed in (self.second + 1..=second).take(WINDOW) {
            self.saved[passed % WINDOW] = 0;
        }
        self.second = second;
        &mut self.saved[second % WINDOW]
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_saved_and_what_was_taken_count_for_ten_seconds() {
        let mut budget = Budget::new(&Retries {
            retry_percent: 20,
            retries_per_second: 1,
        });
        assert_eq!(budget.left(), 10);
        (0..20).for_each(|_| budget.deposit());
        assert_eq!(budget.left(), 14);
        advance(Duration::from_secs(9)).await;
        let taken = (0..20).filter(|_| budget.withdraw());
        assert_eq!((taken.count(), budget.left()), (14, 0));
        advance(Duration::from_secs(1)).await;
        assert_eq!(budget.left(), 0, "what was saved first is forgotten");
        advance(Duration::from_secs(9)).await;
        assert_eq!(budget.left(), 10);
    }
}
