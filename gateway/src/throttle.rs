//! Calls that their server would refuse, as it has no time, are refused here, where that costs least
//! (Beyer et al., Site Reliability Engineering, 2016, chapter 21, client-side throttling).
//!
//! A server that pushes back (`grpc-retry-pushback-ms`, gRFC A6) has more to do than it can. Of the calls
//! of each method no more are sent then than it took of late, and a quarter: by those it is found out
//! when there is time again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Meter};
use tokio::time::Instant;

/// Calls that are sent for each one that was taken.
const TIMES: f32 = 1.25;
/// How often conclusions are drawn.
const INTERVAL: Duration = Duration::from_millis(100);
/// What counts of the calls before with each interval: those of the last half second count most.
const KEPT: f32 = 0.8;
/// So few calls of late are sent also in vain.
const FEW: f32 = 10.0;
/// The part of the calls that is refused at most: the others find out whether there is time again.
const MOST: f32 = 0.98;

/// What one method's server takes of late.
pub(crate) struct Throttle {
    /// Whether any call was pushed back of late: mostly not, and then nobody counts.
    is_on: AtomicBool,
    counts: Mutex<Counts>,
    /// Of calls that were not sent.
    refused: Counter<u64>,
    labels: [KeyValue; 1],
}

/// That of a method of an upstream; none, if all calls are sent.
pub(crate) type ThrottleOf<'a> = dyn Fn(&str) -> Option<Throttle> + 'a;

/// Calls of late.
#[derive(Debug, Default)]
struct Counts {
    /// When conclusions were drawn; none before there is anything to count.
    drawn: Option<Instant>,
    all: f32,
    sent: f32,
    /// Those that were sent, and came back as their server has no time.
    pushed_back: f32,
    /// Whether any did since conclusions were drawn.
    has_news: bool,
    /// The part of the calls that is refused.
    share: f32,
    /// Of those that are to be refused, what is left of one.
    due: f32,
}

impl Throttle {
    pub(crate) fn new(upstream: &str, meter: &Meter) -> Self {
        let refused = meter
            .u64_counter("edge.throttled")
            .with_unit("{call}")
            .with_description("Calls that were not sent, as their server takes fewer")
            .build();
        let labels = [KeyValue::new("upstream", upstream.to_owned())];
        refused.add(0, &labels);
        Self {
            is_on: AtomicBool::default(),
            counts: Mutex::default(),
            refused,
            labels,
        }
    }

    /// Whether a call is sent.
    pub(crate) fn admits(&self) -> bool {
        if !self.is_on.load(Ordering::Relaxed) {
            return true;
        }
        let mut counts = self.counts();
        if !counts.draw(Instant::now()) {
            self.is_on.store(false, Ordering::Relaxed);
            return true;
        }
        let is_admitted = counts.admit();
        drop(counts);
        if !is_admitted {
            self.refused.add(1, &self.labels);
        }
        is_admitted
    }

    /// A call came back, as its server has no time.
    pub(crate) fn pushed_back(&self) {
        let mut counts = self.counts();
        if !self.is_on.swap(true, Ordering::Relaxed) {
            *counts = Counts {
                drawn: Some(Instant::now()),
                all: 1.0,
                sent: 1.0,
                ..Counts::default()
            };
        }
        counts.pushed_back += 1.0;
        counts.has_news = true;
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    fn admit(&mut self) -> bool {
        self.all += 1.0;
        self.due += self.share;
        if self.due >= 1.0 {
            self.due -= 1.0;
            return false;
        }
        self.sent += 1.0;
        true
    }

    /// Draws conclusions from the intervals that are over; whether there is still anything to count.
    fn draw(&mut self, now: Instant) -> bool {
        let Some(drawn) = self.drawn else {
            return false;
        };
        let over = (now - drawn).as_millis() / INTERVAL.as_millis();
        if over == 0 {
            return true;
        }
        self.drawn = Some(now);
        let kept = KEPT.powf(over as f32);
        for count in [&mut self.all, &mut self.sent, &mut self.pushed_back] {
            *count *= kept;
        }
        // Those that are under way count as taken: who refuses does so at once.
        let taken = self.sent - self.pushed_back;
        let share = match self.all > FEW {
            true => (1.0 - TIMES * taken / self.all).clamp(0.0, MOST),
            false => 0.0,
        };
        // Who takes all that is sent has time for more.
        self.share = match std::mem::take(&mut self.has_news) {
            true => share,
            false => share.min(self.share / 2.0 - 0.01).max(0.0),
        };
        self.share > 0.0 || self.pushed_back > 0.5
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn throttle() -> Throttle {
        Throttle::new("library", &opentelemetry::global::meter("nobody's"))
    }

    /// So many calls a tenth of a second, of which the server takes so many at most; how many of them
    /// were sent in the last second.
    async fn sent(throttle: &Throttle, tenths: u32, calls: u32, most: u32) -> u32 {
        let mut of_the_last = 0;
        for tenth in 0..tenths {
            let sent = (0..calls).filter(|_| throttle.admits()).count() as u32;
            for _ in most..sent {
                throttle.pushed_back();
            }
            if tenths - tenth <= 10 {
                of_the_last += sent;
            }
            advance(INTERVAL).await;
        }
        of_the_last
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_sent_than_are_taken_and_a_quarter() {
        let throttle = throttle();
        assert_eq!(sent(&throttle, 50, 100, 100).await, 1000);
        let few = sent(&throttle, 100, 100, 20).await;
        assert!((240..=260).contains(&few), "{few}");
        // There is time again.
        assert_eq!(sent(&throttle, 20, 100, 100).await, 1000);
        assert_eq!(sent(&throttle, 50, 100, 100).await, 1000);
        assert!(!throttle.is_on.load(Ordering::Relaxed));
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_takes_nothing_is_asked_now_and_then() {
        let throttle = throttle();
        let asked = sent(&throttle, 100, 100, 0).await;
        assert!((15..=25).contains(&asked), "{asked}");
        assert_eq!(sent(&throttle, 20, 100, 100).await, 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_pause_all_are_sent() {
        let throttle = throttle();
        sent(&throttle, 50, 100, 10).await;
        advance(Duration::from_secs(5)).await;
        assert_eq!(sent(&throttle, 10, 100, 100).await, 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn few_calls_are_all_sent() {
        let throttle = throttle();
        assert_eq!(sent(&throttle, 100, 1, 0).await, 10);
    }
}
