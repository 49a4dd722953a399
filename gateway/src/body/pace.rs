//! How fast a body, or a message in it, has to come once it has begun.
//!
//! Each byte buys some time, up to a pause that is always allowed. Only the time counts in which we
//! wait for the client: a body that we do not read, for its upstream is slow, is no fault of its.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use crate::config::Requests;
use crate::failure::Failure;

/// The progress of one body.
pub(crate) struct Pace {
    pause: Duration,
    /// Least bytes per second.
    least: u32,
    /// How long the client may yet be waited for.
    left: Duration,
    waiting_since: Option<Instant>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    pub(crate) fn of(settings: &Requests) -> Self {
        Self {
            pause: settings.body_pause,
            least: settings.body_speed.max(1),
            left: settings.body_pause,
            waiting_since: None,
            timer: None,
        }
    }

    /// So many bytes came.
    pub(crate) fn came(&mut self, bytes: usize) {
        self.waited();
        let bought = Duration::from_secs_f64(bytes as f64 / f64::from(self.least));
        self.left = self.pause.min(self.left + bought);
    }

    /// Nothing has begun: the client may be silent.
    pub(crate) fn rest(&mut self) {
        self.waiting_since = None;
        self.left = self.pause;
    }

    /// Nothing more has come yet. Completes when that has lasted for too long.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let until = since + self.left;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        let over = timer.as_mut().poll(context);
        over.map(|()| Failure::too_slow(self.least))
    }

    fn waited(&mut self) {
        if let Some(since) = self.waiting_since.take() {
            self.left = self.left.saturating_sub(since.elapsed());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn is_over_after(pace: &mut Pace, time: Duration) -> bool {
        let over = std::future::poll_fn(|context| pace.poll_over(context));
        tokio::time::timeout(time, over).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn each_byte_buys_time_up_to_a_pause() {
        let settings = Requests {
            body_pause: Duration::from_secs(10),
            body_speed: 100,
            ..Requests::default()
        };
        let mut pace = Pace::of(&settings);
        // As fast as it has to be, for ever.
        for _ in 0..100 {
            assert!(!is_over_after(&mut pace, Duration::from_millis(999)).await);
            pace.came(100);
        }
        assert!(!is_over_after(&mut pace, Duration::from_secs(9)).await);
        pace.came(100_000_000);
        assert!(is_over_after(&mut pace, Duration::from_secs(11)).await);
        // Half as fast.
        let mut pace = Pace::of(&settings);
        let mut pieces = 0;
        while !is_over_after(&mut pace, Duration::from_secs(1)).await {
            pace.came(50);
            pieces += 1;
            assert!(pieces < 30);
        }
        assert!(pieces > 10);
        // Silence between messages is nobody's fault.
        let mut pace = Pace::of(&settings);
        for _ in 0..100 {
            assert!(!is_over_after(&mut pace, Duration::from_secs(9)).await);
            pace.rest();
        }
    }
}
