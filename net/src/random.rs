//! Randomness, passed in, so that tests own it.

use std::sync::{Arc, Mutex};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use uuid::Uuid;

use crate::clock::Clock;

/// A source of random bytes that are fit for secrets, unless it was seeded.
#[derive(Clone, Debug)]
pub struct Random(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded(Arc<Mutex<StdRng>>),
}

impl Random {
    /// The thread's generator, seeded by the operating system.
    pub fn system() -> Random {
        Random(Source::System)
    }

    /// The same bytes for the same seed; clones share one sequence.
    pub fn seeded(seed: u64) -> Random {
        Random(Source::Seeded(Arc::new(Mutex::new(StdRng::seed_from_u64(
            seed,
        )))))
    }

    /// Fills `bytes`.
    pub fn fill(&self, bytes: &mut [u8]) {
        match &self.0 {
            Source::System => rand::rng().fill_bytes(bytes),
            Source::Seeded(generator) => generator
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .fill_bytes(bytes),
        }
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub fn below(&self, bound: usize) -> usize {
        // The bias of the modulus is below 2^-32 for any bound that fits a list.
        (u64::from_le_bytes(self.bytes()) % bound.max(1) as u64) as usize
    }

    /// A UUIDv7 of the clock's time (RFC 9562, section 5.7): ids sort by their creation.
    pub fn uuid7(&self, clock: &Clock) -> Uuid {
        let milliseconds = clock.now().timestamp_millis().max(0) as u64;
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        assert_eq!(one.bytes::<16>(), two.bytes::<16>());
        assert_ne!(one.bytes::<16>(), Random::seeded(8).bytes::<16>());
    }

    #[test]
    fn ids_of_a_later_millisecond_sort_later() {
        let (clock, hands) = Clock::manual(Default::default());
        let random = Random::system();
        let first = random.uuid7(&clock);
        hands.advance(std::time::Duration::from_millis(1));
        assert!(first < random.uuid7(&clock));
        assert_eq!(first.get_version_num(), 7);
    }
}
