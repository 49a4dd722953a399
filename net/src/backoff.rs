//! Pauses between attempts, each twice as long as the one before.

use std::time::Duration;

/// From a first pause up to a longest one.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
}

impl Backoff {
    /// Nothing has failed yet.
    pub const fn new(first: Duration, longest: Duration) -> Backoff {
        Backoff {
            first,
            longest,
            failures: 0,
        }
    }

    /// The pause after one more failure.
    pub fn pause(&mut self) -> Duration {
        let pause = self.after(self.failures);
        self.failures = self.failures.saturating_add(1);
        pause
    }

    /// The pause that follows when so many went before.
    pub fn after(&self, pauses: u32) -> Duration {
        let doubled = self.first.saturating_mul(2_u32.saturating_pow(pauses));
        doubled.min(self.longest)
    }

    /// It succeeded: the next pause is the first again.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
        let pauses = [20, 40, 80, 100, 100].map(Duration::from_millis);
        assert_eq!([(); 5].map(|()| backoff.pause()), pauses);
        backoff.reset();
        assert_eq!(backoff.pause(), Duration::from_millis(20));
        assert_eq!(backoff.after(u32::MAX), Duration::from_millis(100));
    }
}
