//! How many calls may be tried again: a share of the calls there are, and some a second, so that retries
//! never become the load that keeps an upstream down (Finagle, `RetryBudget`; gRFC A6, throttling).

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::config::Retries;

/// What was saved up counts for so long.
const WINDOW: Duration = Duration::from_secs(10);

/// One thread's budget for one upstream.
pub(crate) struct RetryBudget {
    budget: TpsBudget,
    counted: Counter<u64>,
    made: [KeyValue; 2],
    over: [KeyValue; 2],
}

impl RetryBudget {
    pub(crate) fn new(retries: &Retries, upstream: &str, meter: &Meter) -> Self {
        let share = f32::from(retries.retry_percent) / 100.0;
        let counted = meter.u64_counter("edge.retries");
        let counted = counted
            .with_description("Calls that were lost, or pushed back, and might be made again");
        let counted = counted.build();
        let labels = |outcome| {
            let upstream = KeyValue::new("upstream", upstream.to_owned());
            [upstream, KeyValue::new("outcome", outcome)]
        };
        let (made, over) = (labels("made"), labels("over_budget"));
        for labels in [&made, &over] {
            counted.add(0, labels);
        }
        Self {
            budget: TpsBudget::new(WINDOW, retries.retries_per_second.into(), share),
            counted,
            made,
            over,
        }
    }

    /// A call is made for the first time.
    pub(crate) fn deposit(&self) {
        self.budget.deposit();
    }

    /// Whether a call may be made once more.
    pub(crate) fn withdraw(&self) -> bool {
        let may = self.budget.withdraw();
        self.counted
            .add(1, if may { &self.made } else { &self.over });
        may
    }
}
