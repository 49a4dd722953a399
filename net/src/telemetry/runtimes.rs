//! How busy the runtimes of the process are.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use tokio::runtime::{Handle, RuntimeMetrics};

use super::Telemetry;
use super::observed::About;

/// A gauge, and what reads it.
type Gauge = (About, fn(&RuntimeMetrics) -> usize);

/// Those that are measured. The ones of one name are taken together.
#[derive(Default)]
pub(super) struct Runtimes(Mutex<Vec<(&'static str, RuntimeMetrics)>>);

impl Telemetry {
    /// Measures a runtime of the process.
    pub fn measure_runtime(&self, name: &'static str, runtime: &Handle) {
        self.0.runtimes.all().push((name, runtime.metrics()));
    }

    /// Tells of the runtimes, those to come included.
    pub(super) fn tell_runtimes(&self) {
        let gauges: [Gauge; 3] = [
            (
                ["tokio.workers", "{thread}", "Threads that run tasks"],
                RuntimeMetrics::num_workers,
            ),
            (
                [
                    "tokio.alive_tasks",
                    "{task}",
                    "Tasks that have begun and not ended",
                ],
                RuntimeMetrics::num_alive_tasks,
            ),
            (
                [
                    "tokio.global_queue_depth",
                    "{task}",
                    "Tasks that wait for any thread",
                ],
                RuntimeMetrics::global_queue_depth,
            ),
        ];
        for (about, read) in gauges {
            self.gauge_of(about, &self.0.runtimes, move |runtimes, gauge| {
                for (name, sum) in runtimes.sums(read) {
                    gauge.observe(sum as u64, &[KeyValue::new("tokio.runtime", name)]);
                }
            });
        }
        let runtimes = self.0.runtimes.clone();
        let meter = self.meter();
        let busy = meter.f64_observable_counter("tokio.busy_time");
        let busy = busy.with_unit("s");
        let busy = busy.with_description("Time that the threads spent on tasks, all together");
        let busy = busy.with_callback(move |busy| {
            for (name, sum) in runtimes.sums(busy_time) {
                busy.observe(sum.as_secs_f64(), &[KeyValue::new("tokio.runtime", name)]);
            }
        });
        busy.build();
    }
}

impl Runtimes {
    fn all(&self) -> MutexGuard<'_, Vec<(&'static str, RuntimeMetrics)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sums<T: Default + std::ops::AddAssign>(
        &self,
        read: impl Fn(&RuntimeMetrics) -> T,
    ) -> BTreeMap<&'static str, T> {
        let mut sums = BTreeMap::new();
        for (name, runtime) in &*self.all() {
            *sums.entry(*name).or_default() += read(runtime);
        }
        sums
    }
}

fn busy_time(runtime: &RuntimeMetrics) -> Duration {
    let workers = 0..runtime.num_workers();
    workers
        .map(|worker| runtime.worker_total_busy_duration(worker))
        .sum()
}
